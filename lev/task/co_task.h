// A task whose computation is a C++20 coroutine, and the driver of its verbs.
//
// The computation is a stack of frames: a coroutine, the one it awaits, and so
// on. Only the innermost runs, and it suspends only in a verb. The driver
// tries the verb's step, parks on what it wants, and tries again at every wake,
// so that a wake may be spurious, and a result that is there beats a timeout
// or a cancellation that came in the same turn.
//
// A task is made by Spawn (co_spawn.h). While it is pending it owns itself;
// afterwards those do who hold it: its handle, and who waits for its end. An
// abort destroys the frames where they stand, the innermost first: destructors
// run, and can no longer suspend.

#ifndef LEV_TASK_CO_TASK_H_
#define LEV_TASK_CO_TASK_H_

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace lev {

class CoFrame;
class CoVerb;

class CoTask : public Task {
 public:
  // Verbs that one resumption may complete before the task goes to the back
  // of the ready list.
  static constexpr int kBudget = 128;

  std::string name() const override { return name_; }

  // Why it failed, was cancelled, or is no more. OK while it is pending and
  // when it is done.
  virtual absl::Status error() const = 0;

  // What it ended with instead, or null.
  const std::exception_ptr& exception() const { return exception_; }
  void RethrowException() const {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
  }

 protected:
  CoTask(Scope& scope, std::string name);

  // The outermost frame has returned: takes what it came to, destroys it, and
  // calls Finish.
  virtual void Conclude() = 0;
  // An abort has destroyed the frames: destroys what they may have used.
  virtual void Discard() = 0;

  // Ends. `error` is OK if it is done.
  void Finish(const absl::Status& error, std::exception_ptr exception);

 private:
  friend class CoFrame;
  friend class CoOwner;
  friend class CoVerb;
  friend class JoinVerb;
  template <typename Verb>
  friend struct CoWait;
  template <typename T>
  friend class JoinHandle;

  // `frame`, which the derived class owns, is to run first.
  void Begin(CoFrame& frame);
  void Proceed() final;
  void DestroyComputation() final;
  void Ended(bool joined) final;
  void Forget();

  void Hold() { ++holders_; }
  void LetGo() {
    if (--holders_ == 0 && ended()) Forget();
  }

  bool Start(CoVerb& verb);
  bool GoOn();
  bool Attempt(CoVerb& verb);
  void Park(CoVerb& verb, const Step& step);

  const std::string name_;
  CoFrame* frame_ = nullptr;  // The innermost.
  CoVerb* verb_ = nullptr;    // In which it is suspended.
  int budget_ = 0;
  int holders_ = 1;  // Its handle, and who waits for its end.
  Arm arms_[2];
  std::exception_ptr exception_;
};

}  // namespace lev

#endif  // LEV_TASK_CO_TASK_H_
