#include "lev/proc/capture.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "lev/net/error.h"
#include "lev/net/fd_stream.h"

namespace lev {
namespace {

constexpr size_t kPiece = 256 * 1024;

void Open(std::optional<Connection>& pipe, EventLoop& loop, OwnedFd fd,
          absl::Span<char> scratch) {
  if (!fd.valid()) return;
  pipe.emplace(loop, std::move(fd), scratch, FdStream::Kind::kPipe);
}

}  // namespace

Capture::Worker::Worker(Capture& capture, Step (Capture::*step)())
    : Waiter(capture.loop_), capture_(capture), step_(step) {
  ServeInBackground();
}

void Capture::Worker::Run() {
  const Step step = (capture_.*step_)();
  if (step.done()) return Start();
  if (step.failed()) return capture_.WorkerEnded();
  loop().Park(*this, *step.list);
  if (step.ready) loop().FireArm(*this, 0);
}

Capture::Alarm::Alarm(Capture& capture)
    : Waiter(capture.loop_), capture_(capture) {
  ServeInBackground();
}

void Capture::Alarm::Set(Instant deadline, WaitList* cancel) {
  loop().Withdraw(*this);
  if (cancel != nullptr) {
    loop().Park(*this, *cancel, deadline);
  } else if (deadline != kNever) {
    loop().Park(*this, {}, deadline);
  }
}

void Capture::Alarm::Run() { capture_.Alarmed(wake()); }

Capture::Capture(EventLoop& loop, Spawned spawned, Pipes pipes,
                 absl::Span<char> scratch, CaptureOptions options)
    : loop_(loop),
      options_(std::move(options)),
      child_(loop, std::move(spawned)),
      feeder_(*this, &Capture::Feed),
      output_collector_(*this, &Capture::CollectOutput),
      errors_collector_(*this, &Capture::CollectErrors),
      reaper_(*this, &Capture::Reap),
      alarm_(*this) {
  Open(input_, loop, std::move(pipes.input), scratch);
  Open(output_.pipe, loop, std::move(pipes.output), scratch);
  Open(errors_.pipe, loop, std::move(pipes.error), scratch);
  if (input_.has_value()) feeder_.Start();
  if (output_.pipe.has_value()) output_collector_.Start();
  if (errors_.pipe.has_value()) errors_collector_.Start();
  alarm_.Set(options_.deadline, options_.cancel);
  WorkerEnded();
}

Capture::~Capture() { Finish(); }

Step Capture::Wait() {
  if (!finished_) return Step::Blocked(end_);
  return error_.ok() ? Step::Done() : Step::Failed();
}

void Capture::Cancel() { CutShort(CancelledError()); }

// A child that has closed its input does not want more: that is no failure.
Step Capture::Feed() {
  const Step step = input_->Send(this, true, options_.input, fed_);
  if (step.blocked()) return step;
  input_->Close();
  return Step::Failed();
}

Step Capture::Collect(Collected& output) {
  absl::string_view data;
  const Step step = output.pipe->RecvSome(kPiece, data);
  if (!step.done()) return step;
  const size_t room = options_.max_size - output.bytes.size();
  const absl::string_view kept = data.substr(0, std::min(room, data.size()));
  output.bytes.append(kept.data(), kept.size());
  if (data.size() > room) CutShort(TooMuchError(options_.max_size));
  return step;
}

// Once a child that was cut short has ended, who is left of its group holds no
// pipe, and would never be heard of again.
Step Capture::Reap() {
  if (cut_short_ && child_.HasEnded()) child_.Kill(SIGKILL).IgnoreError();
  const Step step = child_.Wait(status_);
  if (step.blocked()) return step;
  if (step.failed() && error_.ok()) error_ = child_.error();
  Finish();
  return Step::Failed();
}

// The child is reaped last: its group can be signalled until then.
void Capture::WorkerEnded() {
  if (finished_ || !output_collector_.idle() || !errors_collector_.idle()) {
    return;
  }
  if (reaper_.idle()) reaper_.Start();
}

void Capture::CutShort(absl::Status why) {
  if (cut_short_ || finished_) return;
  cut_short_ = true;
  error_ = std::move(why);
  loop_.Withdraw(feeder_);
  if (input_.has_value()) input_->Close();
  child_.Kill(SIGTERM).IgnoreError();
  alarm_.Set(After(loop_.FreshNow(), options_.grace), nullptr);
}

void Capture::Alarmed(Waiter::Wake why) {
  if (cut_short_) return Finish();
  CutShort(why == Waiter::Wake::kDeadline ? TimeoutError() : CancelledError());
}

// Whatever is still alive is killed.
void Capture::Finish() {
  if (std::exchange(finished_, true)) return;
  child_.Close();
  child_.Wait(status_);
  for (Waiter* const waiter :
       {static_cast<Waiter*>(&feeder_),
        static_cast<Waiter*>(&output_collector_),
        static_cast<Waiter*>(&errors_collector_),
        static_cast<Waiter*>(&reaper_), static_cast<Waiter*>(&alarm_)}) {
    loop_.Withdraw(*waiter);
  }
  for (auto* const pipe : {&input_, &output_.pipe, &errors_.pipe}) {
    if (pipe->has_value()) (*pipe)->Close();
  }
  end_.FireAll();
}

}  // namespace lev
