// Coroutines become tasks.
//
//   lev::JoinHandle<int> sum = lev::Spawn(scope, "sum", Sum, 1, 2);
//   ...
//   absl::StatusOr<int> result = co_await sum.Join();
//
// Spawn keeps the callable and its arguments (decayed copies: std::ref for a
// reference) until the coroutine has ended and its frame is gone. So lambdas
// with captures, and parameters that are references, are safe; but not a
// `const std::string&` for which a char* was given: that is a temporary. The
// task belongs to its scope, which waits for it and cancels it; its handle is
// for who wants to know how it ended.

#ifndef LEV_TASK_CO_SPAWN_H_
#define LEV_TASK_CO_SPAWN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "lev/task/co.h"
#include "lev/task/co_join.h"
#include "lev/task/co_outcome.h"
#include "lev/task/co_task.h"
#include "lev/task/scope.h"

namespace lev {

template <typename Call>
struct CoReturnOf;
template <typename T>
struct CoReturnOf<Co<T>> {
  using type = T;
};

// The T of the Co<T> that calling `F` with decayed copies of `Args` returns.
template <typename F, typename... Args>
using CoResult = typename CoReturnOf<
    std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>::type;

// A callable, its arguments, and the coroutine that it makes of them.
template <typename F, typename... Args>
class CoCallable {
 public:
  using Result = CoResult<F, Args...>;

  template <typename G, typename... Values>
  explicit CoCallable(G&& function, Values&&... values)
      : function_(std::forward<G>(function)),
        arguments_(std::forward<Values>(values)...),
        co_(std::apply(
            [this](auto&... values_now) {
              return std::invoke(function_, std::move(values_now)...);
            },
            arguments_)) {}
  CoCallable(const CoCallable&) = delete;
  CoCallable& operator=(const CoCallable&) = delete;

  void Begin(CoTask& task) { co_.Begin(task); }
  Settled<Result> TakeSettled() { return co_.promise().TakeSettled(); }

 private:
  F function_;
  std::tuple<Args...> arguments_;
  Co<Result> co_;  // Goes first: its frame may refer to the others.
};

// Made before the task joins its scope: to call the callable may throw.
template <typename F, typename... Args>
struct CoCallHolder {
  std::optional<CoCallable<F, Args...>> call;
};

template <typename F, typename... Args>
class SpawnedCo final : private CoCallHolder<F, Args...>,
                        public CoTaskOf<CoResult<F, Args...>> {
 public:
  template <typename... Values>
  SpawnedCo(Scope& scope, std::string name, Values&&... values)
      : CoCallHolder<F, Args...>{std::optional<CoCallable<F, Args...>>(
            std::in_place, std::forward<Values>(values)...)},
        CoTaskOf<CoResult<F, Args...>>(scope, std::move(name)) {
    this->call->Begin(*this);
  }

 private:
  void Conclude() override {
    auto settled = this->call->TakeSettled();
    this->call.reset();
    this->FinishWith(std::move(settled));
  }
  void Discard() override { this->call.reset(); }
};

// Makes a task of `function(args...)`, a Co, in `scope`; it runs with the
// loop's next turn. `name` is for humans.
template <typename F, typename... Args>
JoinHandle<CoResult<F, Args...>> Spawn(Scope& scope, std::string name,
                                       F&& function, Args&&... args) {
  using Record = SpawnedCo<std::decay_t<F>, std::decay_t<Args>...>;
  return JoinHandle<CoResult<F, Args...>>(std::make_unique<Record>(
      scope, std::move(name), std::forward<F>(function),
      std::forward<Args>(args)...));
}

// The same of a call that was made already.
template <typename T>
JoinHandle<T> Spawn(Scope& scope, std::string name, Co<T> co) {
  return Spawn(scope, std::move(name),
               [co = std::move(co)]() mutable { return std::move(co); });
}

}  // namespace lev

#endif  // LEV_TASK_CO_SPAWN_H_
