// Runs a child to its end: feeds its input and collects its outputs, all at
// the same time, so that neither side can wait for the other for ever.
//
// A Capture owns the child and this process' ends of its pipes. It works by
// waiters of its own, in the background: whoever wants the run to go on waits
// for it. It ends well when the outputs have ended and then the child has. It
// is cut short by a deadline, by Cancel, or by too much output: then the child
// (with its group) gets SIGTERM, after a grace period SIGKILL, and is reaped;
// what came until then is still told. Of the group nobody outlives the child
// then, even if they hold none of the pipes.

#ifndef LEV_PROC_CAPTURE_H_
#define LEV_PROC_CAPTURE_H_

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/step.h"
#include "lev/loop/waiter.h"
#include "lev/net/connection.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/child.h"
#include "lev/proc/spawn.h"

namespace lev {

struct CaptureOptions {
  std::string input = "";      // All that the child is fed.
  size_t max_size = 16 << 20;  // Of each output.
  Instant deadline = kNever;
  Nanos grace = kSecond;
  // If it fires before the end, that is a Cancel. Outlives the Capture, or
  // fires when it goes.
  WaitList* cancel = nullptr;
};

class Capture {
 public:
  // A pipe that is not valid is not fed, or not collected.
  struct Pipes {
    OwnedFd input;
    OwnedFd output;
    OwnedFd error;
  };

  // `scratch` as for Connection.
  Capture(EventLoop& loop, Spawned spawned, Pipes pipes,
          absl::Span<char> scratch, CaptureOptions options);
  // Kills and reaps a child that has not ended. Who waits is woken.
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Done when the child has ended, failed ("timeout", "cancelled", "output is
  // larger than N bytes") when it was cut short, and is gone.
  Step Wait();

  // Cuts it short, unless it has ended. Wait tells when it is over.
  void Cancel();

  pid_t pid() const { return child_.pid(); }

  // After Wait is done or failed.
  const ExitStatus& status() const { return status_; }
  std::string& output() { return output_.bytes; }
  std::string& errors() { return errors_.bytes; }
  const absl::Status& error() const { return error_; }

 private:
  // Repeats a step while it is done, waits while it is blocked, and ends when
  // it fails.
  class Worker final : public Waiter {
   public:
    Worker(Capture& capture, Step (Capture::*step)());

    void Start() { loop().Schedule(*this); }
    // It has failed, or never began.
    bool idle() const { return state() == State::kIdle; }

   private:
    void Run() override;

    Capture& capture_;
    Step (Capture::*const step_)();
  };

  // Waits for the deadline, for `cancel`, and for the end of the grace period.
  class Alarm final : public Waiter {
   public:
    explicit Alarm(Capture& capture);
    void Set(Instant deadline, WaitList* cancel);

   private:
    void Run() override;

    Capture& capture_;
  };

  class End final : public WaitList {
   public:
    std::string Describe() const override { return "a program to end"; }
    using WaitList::FireAll;
  };

  struct Collected {
    std::optional<Connection> pipe;
    std::string bytes;
  };

  Step Feed();
  Step CollectOutput() { return Collect(output_); }
  Step CollectErrors() { return Collect(errors_); }
  Step Collect(Collected& output);
  Step Reap();
  void WorkerEnded();
  void CutShort(absl::Status why);
  void Alarmed(Waiter::Wake why);
  void Finish();

  EventLoop& loop_;
  const CaptureOptions options_;
  Child child_;
  std::optional<Connection> input_;
  size_t fed_ = 0;
  Collected output_;
  Collected errors_;
  ExitStatus status_;
  absl::Status error_;  // Why it was cut short.
  bool cut_short_ = false;
  bool finished_ = false;
  End end_;
  Worker feeder_;
  Worker output_collector_;
  Worker errors_collector_;
  Worker reaper_;
  Alarm alarm_;
};

}  // namespace lev

#endif  // LEV_PROC_CAPTURE_H_
