#include "lev/testing/settling_poller.h"

#include <algorithm>

namespace lev {

absl::Status SettlingPoller::Wait(Nanos timeout,
                                  std::vector<PollEvent>& events) {
  reached_horizon_ = false;
  const size_t before = events.size();
  absl::Status polled = poller_.Wait(0, events);
  if (timeout == 0 || events.size() > before || !polled.ok()) return polled;
  if (!settled_.empty()) {
    settled_.FireAll();
    return absl::OkStatus();
  }
  const Instant now = clock_.Now();
  const Instant next = std::min(After(now, timeout), poller_.next_event());
  if (next == kNever) return poller_.Wait(kNever, events);
  if (next <= horizon_) return poller_.Wait(next - now, events);
  reached_horizon_ = true;
  if (horizon_ > now) polled = poller_.Wait(horizon_ - now, events);
  return absl::FailedPreconditionError("nothing happens before the horizon");
}

}  // namespace lev
