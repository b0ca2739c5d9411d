#include "lev/proc/co_proc.h"

#include <string>
#include <utility>

#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/stdio.h"
#include "lev/task/co_verbs.h"
#include "lev/task/task_error.h"

namespace lev {
namespace {

// The program is to be gone before a cancellation is reported.
class CaptureVerb final : public CoVerb {
 public:
  explicit CaptureVerb(Capture& capture) : capture_(capture) {
    BeUninterruptible();
  }

  absl::Status Take() {
    if (!failed()) return absl::OkStatus();
    if (!absl::IsCancelled(capture_.error())) return capture_.error();
    return CancelledBecause(task().cancel_reason());
  }

 private:
  Step Try(bool) override {
    if (task().cancel_pending()) capture_.Cancel();
    return capture_.Wait();
  }

  Capture& capture_;
};

struct Ends {
  Pipe input;
  Pipe output;
  Pipe errors;
};

absl::StatusOr<Ends> OpenPipes(ProcessCalls& calls) {
  absl::StatusOr<Pipe> input = OpenPipeToChild(calls);
  if (!input.ok()) return input.status();
  absl::StatusOr<Pipe> output = OpenPipeFromChild(calls);
  if (!output.ok()) return output.status();
  absl::StatusOr<Pipe> errors = OpenPipeFromChild(calls);
  if (!errors.ok()) return errors.status();
  return Ends{*std::move(input), *std::move(output), *std::move(errors)};
}

}  // namespace

Co<absl::StatusOr<Captured>> RunAndCapture(NetContext& net,
                                           SpawnOptions program,
                                           RunOptions options,
                                           ProcessCalls& calls) {
  const CoTask& self = co_await CurrentTask();
  if (self.cancel_pending()) {
    absl::Status cancelled = co_await Yield();
    if (!cancelled.ok()) co_return cancelled;
  }
  absl::StatusOr<Ends> ends = OpenPipes(calls);
  if (!ends.ok()) co_return ends.status();
  program.stdio = {ends->input.childs.get(), ends->output.childs.get(),
                   ends->errors.childs.get()};
  absl::StatusOr<Spawned> spawned = Spawn(program, calls);
  if (!spawned.ok()) co_return spawned.status();
  ends->input.childs.Close();
  ends->output.childs.Close();
  ends->errors.childs.Close();
  CaptureOptions capturing;
  capturing.input = std::string(options.input);
  capturing.max_size = options.max_size;
  capturing.deadline = After(net.loop().FreshNow(), options.timeout);
  capturing.grace = options.grace;
  Capture capture(net.loop(), *std::move(spawned),
                  {std::move(ends->input.ours), std::move(ends->output.ours),
                   std::move(ends->errors.ours)},
                  net.scratch(), std::move(capturing));
  absl::Status captured = co_await CaptureVerb(capture);
  if (!captured.ok()) co_return captured;
  co_return Captured{capture.status(), std::move(capture.output()),
                     std::move(capture.errors())};
}

}  // namespace lev
