// How C++20 coroutines wait on the loop. One of the two places in lev that
// suspend; the other is the Lua task.
//
// A CoVerb is what is awaited in the end: a step, run by the task's driver
// (CoTask). A CoFrame is one call of a coroutine, a place in the task's stack
// of them. Calls and returns change that stack, and the task resumes what is
// on top of it: they never nest on the C++ stack, in debug builds neither.
// Coroutines are written with Co<T> (co.h).
//
// A frame belongs to the Co that its caller holds, or to its task; verbs live
// in the frame that awaits them. So nothing is allocated to wait, and whatever
// destroys a frame withdraws its wait.

#ifndef LEV_TASK_CO_AWAIT_H_
#define LEV_TASK_CO_AWAIT_H_

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/task/cancel_token.h"
#include "lev/task/co_task.h"

namespace lev {

template <typename T>
class Co;
template <typename T>
struct Settle;
template <typename T, bool kSettles>
class CoCall;

// How long a verb waits. What ends the wait first is its error: "timeout", or
// "cancelled".
struct WaitOptions {
  Nanos timeout = kNever;  // From the moment at which it blocks.
  Instant deadline = kNever;
  CancelToken* cancel = nullptr;  // Outlives the wait.
};

// A verb is awaited where it is made, once. Derived classes add Take(), which
// says what came of it, and undo in their destructor, too, what a call that was
// cut short has begun.
class CoVerb {
 public:
  virtual ~CoVerb() = default;
  CoVerb(const CoVerb&) = delete;
  CoVerb& operator=(const CoVerb&) = delete;

 protected:
  explicit CoVerb(WaitOptions options = {}) : options_(options) {}

  // One attempt. `retry`: the last one was blocked. A step that is blocked on
  // time alone has no list.
  virtual Step Try(bool retry) = 0;
  // The wait has ended, and the step is not done.
  virtual void Undo() {}

  // Once it is over: OK, or why the wait ended before the step did.
  const absl::Status& status() const { return status_; }
  // The step has failed.
  bool failed() const { return failed_; }
  // While it is blocked.
  Instant deadline() const { return options_.deadline; }
  CoTask& task() const { return *task_; }
  EventLoop& loop() const { return task_->loop(); }

  // Before the first attempt the others have their turn.
  void PauseFirst() { pauses_ = true; }
  // The step itself reacts to the task's cancellation, which is not reported.
  void BeUninterruptible() { uninterruptible_ = true; }

 private:
  friend class CoFrame;
  friend class CoTask;
  template <typename Verb>
  friend struct CoWait;

  bool End(const Step& step) {
    failed_ = step.failed();
    return true;
  }
  bool End(absl::Status status) {
    status_ = std::move(status);
    return true;
  }
  bool GiveUp(absl::Status status) {
    Undo();
    return End(std::move(status));
  }
  void SetDeadline() {
    if (options_.timeout == kNever) return;
    const Instant end = After(loop().FreshNow(), options_.timeout);
    options_.deadline = std::min(options_.deadline, end);
  }

  CoTask* task_ = nullptr;
  WaitOptions options_;
  absl::Status status_;
  bool tried_ = false;
  bool failed_ = false;
  bool pauses_ = false;
  bool uninterruptible_ = false;
};

// The awaiter of a verb: all that happens, happens before the coroutine has
// suspended; until it has, nobody else runs.
template <typename Verb>
struct CoWait {
  Verb& verb;

  bool await_ready() const { return verb.CoVerb::task_->Start(verb); }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  auto await_resume() const { return verb.Take(); }
};

// `co_await CurrentTask()` is the task that runs; it does not suspend.
struct CurrentTask {};

// The base of promises. What is public is for the compiler.
class CoFrame {
 public:
  struct Self : std::suspend_never {
    CoTask& await_resume() const noexcept { return *task; }
    CoTask* task;
  };

  CoFrame(const CoFrame&) = delete;
  CoFrame& operator=(const CoFrame&) = delete;

  std::suspend_always initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept {
    task_->frame_ = caller_;
    return {};
  }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  template <std::derived_from<CoVerb> Verb>
  CoWait<Verb> await_transform(Verb&& verb) const {
    verb.task_ = task_;
    return {verb};
  }
  template <typename T>
  CoCall<T, false> await_transform(Co<T>&& callee) {
    return CoCall<T, false>(*this, std::move(callee));
  }
  template <typename T>
  CoCall<T, true> await_transform(Settle<T>&& settle) {
    return CoCall<T, true>(*this, std::move(settle.co));
  }
  Self await_transform(CurrentTask) const { return {{}, task_}; }

 protected:
  // `self` is the promise that derives from this.
  template <typename Promise>
  explicit CoFrame(Promise& self)
      : self_(std::coroutine_handle<Promise>::from_promise(self)) {}
  ~CoFrame() = default;

  std::exception_ptr TakeException() { return std::move(exception_); }

 private:
  friend class CoOwner;
  friend class CoTask;

  void Resume() { self_.resume(); }

  // Returns its caller, or null.
  CoFrame* Destroy() {
    CoFrame* const caller = caller_;
    if (owner_ != nullptr) *owner_ = nullptr;
    self_.destroy();
    return caller;
  }

  const std::coroutine_handle<> self_;
  CoTask* task_ = nullptr;
  CoFrame* caller_ = nullptr;
  CoFrame** owner_ = nullptr;  // Forgets it. Set when it is called.
  std::exception_ptr exception_;
};

// The base of Co<T>: owns a frame, or nothing.
class CoOwner {
 public:
  CoOwner(CoOwner&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)) {}
  CoOwner& operator=(CoOwner&& other) noexcept {
    if (this == &other) return *this;
    if (frame_ != nullptr) frame_->Destroy();
    frame_ = std::exchange(other.frame_, nullptr);
    return *this;
  }
  ~CoOwner() {
    if (frame_ != nullptr) frame_->Destroy();
  }

 protected:
  explicit CoOwner(CoFrame& frame) : frame_(&frame) {}

  // Once `caller` has suspended, which is next, the frame is what runs.
  void Call(CoFrame& caller) {
    frame_->owner_ = &frame_;
    frame_->caller_ = &caller;
    frame_->task_ = caller.task_;
    caller.task_->frame_ = frame_;
  }
  // It is the first one of `task`.
  void Begin(CoTask& task) {
    frame_->owner_ = &frame_;
    frame_->task_ = &task;
    task.Begin(*frame_);
  }
  CoFrame* frame() const { return frame_; }

 private:
  CoFrame* frame_;
};

}  // namespace lev

#endif  // LEV_TASK_CO_AWAIT_H_
