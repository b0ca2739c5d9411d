#include "lev/net/error.h"

#include <errno.h>
#include <string.h>

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lev {
namespace {

constexpr char kErrnoPayload[] = "lev.errno";
constexpr char kDetailPayload[] = "lev.detail";

}  // namespace

absl::Status WithDetail(absl::Status status, absl::string_view detail) {
  if (!detail.empty()) status.SetPayload(kDetailPayload, absl::Cord(detail));
  return status;
}

const absl::Status& PeerClosedError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kUnavailable, "closed");
  return *error;
}

const absl::Status& TruncatedError() {
  static const absl::Status* const error =
      new absl::Status(WithDetail(PeerClosedError(), "truncated"));
  return *error;
}

const absl::Status& SocketClosedError() {
  static const absl::Status* const error = new absl::Status(
      absl::StatusCode::kFailedPrecondition, "socket is closed");
  return *error;
}

const absl::Status& BusyError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kFailedPrecondition, "busy");
  return *error;
}

const absl::Status& TimeoutError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kDeadlineExceeded, "timeout");
  return *error;
}

const absl::Status& CancelledError() {
  static const absl::Status* const error =
      new absl::Status(absl::StatusCode::kCancelled, "cancelled");
  return *error;
}

absl::Status ErrnoError(int error) {
  if (error == EPIPE) return PeerClosedError();
  char buffer[128];
  // The GNU strerror_r: knows no failure and is thread-safe.
  absl::Status status(absl::ErrnoToStatusCode(error),
                      strerror_r(error, buffer, sizeof(buffer)));
  status.SetPayload(kErrnoPayload, absl::Cord(absl::StrCat(error)));
  return status;
}

absl::Status TooLongError(size_t max) {
  return absl::ResourceExhaustedError(
      absl::StrCat("pattern not found within ", max, " bytes"));
}

absl::Status TooMuchError(size_t max) {
  return absl::ResourceExhaustedError(
      absl::StrCat("output is larger than ", max, " bytes"));
}

absl::Status InvalidError(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

absl::Status NameNotFoundError(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("name not found: \"", name, "\""));
}

absl::Status NoAddressError(absl::string_view name) {
  return absl::FailedPreconditionError(
      absl::StrCat("no address for \"", name, "\""));
}

absl::Status LookupError(absl::string_view message) {
  return absl::UnavailableError(message);
}

int ErrnoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrnoPayload);
  int error = 0;
  if (!payload.has_value() ||
      !absl::SimpleAtoi(std::string(*payload), &error)) {
    return 0;
  }
  return error;
}

std::string DetailOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kDetailPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace lev
