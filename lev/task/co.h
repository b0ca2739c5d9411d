// Coroutines of C++20 that wait on the loop.
//
//   lev::Co<absl::StatusOr<int>> Twice(lev::Channel<int>& numbers) {
//     absl::StatusOr<int> number = co_await lev::Receive(numbers);
//     if (!number.ok()) co_return number;
//     co_return 2 * *number;
//   }
//
// A Co<T> is a call that has not begun: it runs when it is awaited by another
// Co, or spawned as a task (co_spawn.h), once. It runs within a task, which it
// inherits from its caller. It owns its frame; destroying it destroys what the
// call has on its hands.
//
// Verbs return Status or StatusOr. When the task is cancelled, the verb it
// waits in and all later ones return "cancelled" with the reason (ReasonOf);
// a result that is there comes first. A coroutine that goes on all the same
// goes on, one turn of the loop a verb.
//
// Lifetimes. A parameter that is a reference, a string_view, a Span or a
// pointer refers to the caller's object, which must live until the call has
// ended. It does in `co_await F(x)`, temporaries included. It need not if the
// Co is kept and awaited later. A lambda's captures live in the lambda, not in
// the frame: await its call at once, or give the lambda to Spawn or WithScope,
// which keep it.
//
// Await in a statement of its own: gcc before 13 destroys temporaries twice, or
// too early, in conditional expressions with co_await. It does the same to a
// temporary `Options{.text = "..."}` among the arguments, if that has members
// with destructors: make it a variable. lev's own options have none.
//
// Exceptions are not needed, and lev throws none. One that escapes a consumer's
// coroutine is thrown again where its Co is awaited or its task joined.

#ifndef LEV_TASK_CO_H_
#define LEV_TASK_CO_H_

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "lev/loop/check.h"
#include "lev/task/co_await.h"
#include "lev/task/co_outcome.h"
#include "lev/task/task_error.h"

namespace lev {

template <typename T>
class CoPromise;
template <typename T>
class CoPromiseBase;

template <typename T = void>
class [[nodiscard]] Co : public CoOwner {
 public:
  using promise_type = CoPromise<T>;
  static_assert(!std::is_reference_v<T>, "a Co returns values");

 private:
  friend CoPromiseBase<T>;
  template <typename U, bool kSettles>
  friend class CoCall;
  template <typename F, typename... Args>
  friend class CoCallable;

  explicit Co(CoPromise<T>& promise) : CoOwner(promise) {}
  CoPromise<T>& promise() const { return *static_cast<CoPromise<T>*>(frame()); }
};

// `co_await Settle(co)` is a Settled<T>, and throws nothing.
template <typename T>
struct Settle {
  explicit Settle(Co<T> callee) : co(std::move(callee)) {}
  Co<T> co;
};

// What the promises of T and of void have in common.
template <typename T>
class CoPromiseBase : public CoFrame {
 public:
  Co<T> get_return_object() { return Co<T>(static_cast<CoPromise<T>&>(*this)); }

 protected:
  explicit CoPromiseBase(CoPromise<T>& self) : CoFrame(self) {}
};

template <typename T>
class CoPromise final : public CoPromiseBase<T> {
 public:
  CoPromise() : CoPromiseBase<T>(*this) {}

  template <std::convertible_to<T> U = T>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }

  T Take() {
    if (std::exception_ptr exception = this->TakeException()) {
      std::rethrow_exception(std::move(exception));
    }
    return *std::move(value_);
  }
  Settled<T> TakeSettled() {
    std::exception_ptr exception = this->TakeException();
    if (exception != nullptr) return {ExceptionError(), std::move(exception)};
    return {*std::move(value_), nullptr};
  }

 private:
  std::optional<T> value_;
};

template <>
class CoPromise<void> final : public CoPromiseBase<void> {
 public:
  CoPromise() : CoPromiseBase<void>(*this) {}

  void return_void() const noexcept {}

  void Take() {
    if (std::exception_ptr exception = TakeException()) {
      std::rethrow_exception(std::move(exception));
    }
  }
  Settled<void> TakeSettled() {
    std::exception_ptr exception = TakeException();
    if (exception != nullptr) return {ExceptionError(), std::move(exception)};
    return {absl::OkStatus(), nullptr};
  }
};

// What awaits a Co.
template <typename T, bool kSettles>
class CoCall : public std::suspend_always {
 public:
  CoCall(CoFrame& caller, Co<T>&& callee) : callee_(std::move(callee)) {
    LEV_CHECK(callee_.frame() != nullptr, "a Co is awaited twice");
    callee_.Call(caller);
  }
  CoCall(const CoCall&) = delete;
  CoCall& operator=(const CoCall&) = delete;

  auto await_resume() {
    if constexpr (kSettles) {
      return callee_.promise().TakeSettled();
    } else {
      return callee_.promise().Take();
    }
  }

 private:
  Co<T> callee_;
};

}  // namespace lev

#endif  // LEV_TASK_CO_H_
