// Several coroutines at once: WhenAll and WhenAny.
//
//   auto both = co_await lev::WhenAll(Fetch(a), Fetch(b));
//   if (both.ok()) Use(std::get<0>(*both), std::get<1>(*both));
//
// Each runs as a task in a scope of the call's own. Both return when all have
// ended: who has lost is cancelled, and unwinds, before that. A cancellation of
// the caller reaches them all, and shows in what they return.

#ifndef LEV_TASK_CO_WHEN_H_
#define LEV_TASK_CO_WHEN_H_

#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/check.h"
#include "lev/task/co.h"
#include "lev/task/co_await.h"
#include "lev/task/co_join.h"
#include "lev/task/co_outcome.h"
#include "lev/task/co_scope.h"
#include "lev/task/co_spawn.h"
#include "lev/task/co_task.h"
#include "lev/task/scope.h"

namespace lev {

// A task for one of several. What it spawns itself is a guest of the scope.
template <typename T>
JoinHandle<T> SpawnBranch(Scope& scope, Co<T>&& co) {
  scope.AdmitGuests();
  JoinHandle<T> branch = Spawn(scope, "", std::move(co));
  scope.Enlist(branch.task());
  return branch;
}

// The values of all, or the first error; an error cancels the others. Of a
// Co<void> or Co<Status> the value is a std::monostate.
template <typename... Ts>
Co<absl::StatusOr<std::tuple<OutcomeValue<Ts>...>>> WhenAll(Co<Ts>... cos) {
  CoTask& self = co_await CurrentTask();
  CoScope scope(self, {}, false);
  std::tuple<JoinHandle<Ts>...> branches{SpawnBranch(scope, std::move(cos))...};
  co_await AllEnded(scope);
  scope.RethrowException();
  absl::Status status = scope.error();
  std::apply(
      [&](const auto&... branch) {
        (status.Update(StatusOf(branch.outcome())), ...);
      },
      branches);
  if (!status.ok()) co_return status;
  co_return std::apply(
      [](auto&... branch) {
        return std::tuple<OutcomeValue<Ts>...>(
            TakeValue(branch.TakeOutcome())...);
      },
      branches);
}

template <typename T>
Co<absl::StatusOr<std::vector<OutcomeValue<T>>>> WhenAll(
    std::vector<Co<T>> cos) {
  CoTask& self = co_await CurrentTask();
  CoScope scope(self, {}, false);
  std::vector<JoinHandle<T>> branches;
  branches.reserve(cos.size());
  for (Co<T>& co : cos) branches.push_back(SpawnBranch(scope, std::move(co)));
  co_await AllEnded(scope);
  scope.RethrowException();
  absl::Status status = scope.error();
  std::vector<OutcomeValue<T>> values;
  values.reserve(branches.size());
  for (JoinHandle<T>& branch : branches) {
    status.Update(StatusOf(branch.outcome()));
    if (!status.ok()) co_return status;
    values.push_back(TakeValue(branch.TakeOutcome()));
  }
  co_return values;
}

// The outcome of the first that ends, well or not: index() says which it was.
// How the others end does not matter: what one of them had received by then (a
// message, a connection) goes with it.
template <typename... Ts>
Co<std::variant<Outcome<Ts>...>> WhenAny(Co<Ts>... cos) {
  CoTask& self = co_await CurrentTask();
  CoScope scope(self, {.policy = Scope::Policy::kCancelOnEnd}, false);
  std::tuple<JoinHandle<Ts>...> branches{SpawnBranch(scope, std::move(cos))...};
  co_await AllEnded(scope);
  std::optional<std::variant<Outcome<Ts>...>> first;
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    const auto take = [&]<size_t kI>(std::in_place_index_t<kI> place) {
      auto& branch = std::get<kI>(branches);
      if (&branch.task() == scope.first_ended()) {
        first.emplace(place, branch.TakeOutcome());
      }
    };
    (take(std::in_place_index<kIndex>), ...);
  }
  (std::index_sequence_for<Ts...>());
  co_return *std::move(first);
}

template <typename T>
struct FirstEnded {
  size_t index;
  Outcome<T> outcome;
};

// `cos` is not empty.
template <typename T>
Co<FirstEnded<T>> WhenAny(std::vector<Co<T>> cos) {
  LEV_CHECK(!cos.empty(), "WhenAny of nothing would never end");
  CoTask& self = co_await CurrentTask();
  CoScope scope(self, {.policy = Scope::Policy::kCancelOnEnd}, false);
  std::vector<JoinHandle<T>> branches;
  branches.reserve(cos.size());
  for (Co<T>& co : cos) branches.push_back(SpawnBranch(scope, std::move(co)));
  co_await AllEnded(scope);
  size_t i = 0;
  while (&branches[i].task() != scope.first_ended()) ++i;
  co_return FirstEnded<T>{i, branches[i].TakeOutcome()};
}

}  // namespace lev

#endif  // LEV_TASK_CO_WHEN_H_
