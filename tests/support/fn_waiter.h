// A waiter that counts its runs and calls a function.

#ifndef TESTS_SUPPORT_FN_WAITER_H_
#define TESTS_SUPPORT_FN_WAITER_H_

#include <functional>
#include <string>
#include <utility>

#include "lev/loop/event_loop.h"
#include "lev/loop/waiter.h"

namespace lev {

class FnWaiter : public Waiter {
 public:
  explicit FnWaiter(EventLoop& loop, std::function<void()> body = nullptr)
      : Waiter(loop), body_(std::move(body)) {}

  int runs() const { return runs_; }
  void set_body(std::function<void()> body) { body_ = std::move(body); }

 private:
  void Run() override {
    ++runs_;
    // A copy: the body may destroy this waiter.
    const std::function<void()> body = body_;
    if (body) body();
  }

  std::function<void()> body_;
  int runs_ = 0;
};

// Appends its letter to `trace`, and is done.
class Letter final : public FnWaiter {
 public:
  Letter(EventLoop& loop, std::string& trace, char letter)
      : FnWaiter(loop, [&trace, letter] { trace += letter; }) {}
};

}  // namespace lev

#endif  // TESTS_SUPPORT_FN_WAITER_H_
