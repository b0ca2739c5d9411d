// What comes of a coroutine, as data: a value or an error.
//
// A coroutine that returns a Status or a StatusOr reports its errors by these;
// one that returns anything else has none of its own. Outcome<T> is the type
// in which both kinds, and the errors of what happened around them, fit.

#ifndef LEV_TASK_CO_OUTCOME_H_
#define LEV_TASK_CO_OUTCOME_H_

#include <exception>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lev {

template <typename T>
struct OutcomeTraits {
  using Outcome = absl::StatusOr<T>;
  using Value = T;
};

template <typename T>
struct OutcomeTraits<absl::StatusOr<T>> {
  using Outcome = absl::StatusOr<T>;
  using Value = T;
};

template <>
struct OutcomeTraits<absl::Status> {
  using Outcome = absl::Status;
  using Value = std::monostate;
};

template <>
struct OutcomeTraits<void> : OutcomeTraits<absl::Status> {};

// Of a coroutine Co<T>: Status for void and Status, else a StatusOr.
template <typename T>
using Outcome = typename OutcomeTraits<T>::Outcome;

// What such an outcome holds when it is no error; monostate for nothing.
template <typename T>
using OutcomeValue = typename OutcomeTraits<T>::Value;

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& outcome) {
  return outcome.status();
}

// The value of an outcome that is no error.
inline std::monostate TakeValue(absl::Status&&) { return {}; }
template <typename T>
T TakeValue(absl::StatusOr<T>&& outcome) {
  return *std::move(outcome);
}

// The same with the exception that a consumer's coroutine ended with, if any;
// the outcome is an error then. lev itself throws none.
template <typename T>
struct Settled {
  Outcome<T> outcome;
  std::exception_ptr exception;

  // Throws the exception, or returns the outcome.
  Outcome<T> Take() && {
    if (exception != nullptr) std::rethrow_exception(std::move(exception));
    return std::move(outcome);
  }
};

}  // namespace lev

#endif  // LEV_TASK_CO_OUTCOME_H_
