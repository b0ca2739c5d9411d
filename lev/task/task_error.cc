#include "lev/task/task_error.h"

#include "absl/strings/cord.h"

namespace lev {
namespace {

constexpr char kReasonPayload[] = "lev.reason";

}  // namespace

absl::Status CancelledBecause(const CancelReason* reason) {
  static const absl::Status* const bare =
      new absl::Status(absl::StatusCode::kCancelled, "cancelled");
  if (reason == nullptr) return *bare;
  absl::Status status = *bare;
  status.SetPayload(kReasonPayload, absl::Cord(reason->text()));
  return status;
}

const absl::Status& TimedOutError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kDeadlineExceeded, "timeout");
  return *error;
}

const absl::Status& ChannelClosedError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kUnavailable, "closed");
  return *error;
}

const absl::Status& TaskAbortedError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kAborted, "aborted");
  return *error;
}

const absl::Status& ExceptionError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kUnknown, "exception");
  return *error;
}

std::string ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace lev
