// The one place where net's errors are made.
//
// The message of each is exactly the text that users see and compare with;
// the errno, where there was one, rides along as a payload.

#ifndef LEV_NET_ERROR_H_
#define LEV_NET_ERROR_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lev {

// "closed": the peer has ended the connection.
const absl::Status& PeerClosedError();

// "closed", with the detail "truncated": the connection ended in the middle of
// what the peer had to say.
const absl::Status& TruncatedError();

// "socket is closed": this side has closed it.
const absl::Status& SocketClosedError();

// "busy": somebody else is in the middle of what was asked for.
const absl::Status& BusyError();

// "timeout" and "cancelled", of what has a deadline of its own.
const absl::Status& TimeoutError();
const absl::Status& CancelledError();

// strerror's text. EPIPE means that the peer has closed, and says so.
absl::Status ErrnoError(int error);

// "pattern not found within N bytes".
absl::Status TooLongError(size_t max);

// "output is larger than N bytes".
absl::Status TooMuchError(size_t max);

// A wrong argument, in words: names it and what was expected.
absl::Status InvalidError(absl::string_view message);

// `name not found: "x"`, and `no address for "x"`: the name exists.
absl::Status NameNotFoundError(absl::string_view name);
absl::Status NoAddressError(absl::string_view name);

// Why a name could be neither found nor not found, in words.
absl::Status LookupError(absl::string_view message);

// The same error, which says more: a DetailOf. Empty: nothing more.
absl::Status WithDetail(absl::Status status, absl::string_view detail);

// The errno an error carries; 0 if none.
int ErrnoOf(const absl::Status& status);

// What an error says beyond its message ("truncated"); empty if nothing.
std::string DetailOf(const absl::Status& status);

}  // namespace lev

#endif  // LEV_NET_ERROR_H_
