#include "lev/net/error.h"

#include <errno.h>
#include <string.h>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace lev {
namespace {

TEST(ErrorTest, ThePeersEndIsClosed) {
  EXPECT_EQ(PeerClosedError().message(), "closed");
  EXPECT_FALSE(PeerClosedError().ok());
}

TEST(ErrorTest, OurOwnEndIsSocketIsClosed) {
  EXPECT_EQ(SocketClosedError().message(), "socket is closed");
  EXPECT_FALSE(SocketClosedError().ok());
}

TEST(ErrorTest, AnErrnoSaysItsTextAndNothingMore) {
  for (const int error : {ECONNREFUSED, ECONNRESET, EMFILE, EADDRINUSE}) {
    EXPECT_EQ(ErrnoError(error).message(), strerror(error));
  }
}

TEST(ErrorTest, AnErrnoRidesAlong) {
  EXPECT_EQ(ErrnoOf(ErrnoError(ECONNREFUSED)), ECONNREFUSED);
  EXPECT_EQ(ErrnoOf(ErrnoError(EMFILE)), EMFILE);
}

TEST(ErrorTest, AnErrnoHasAbseilsCode) {
  EXPECT_EQ(ErrnoError(ECONNREFUSED).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrnoError(EEXIST).code(), absl::StatusCode::kAlreadyExists);
}

TEST(ErrorTest, ABrokenPipeIsThePeersEnd) {
  EXPECT_EQ(ErrnoError(EPIPE), PeerClosedError());
}

TEST(ErrorTest, AnUnknownErrnoIsStillAnError) {
  const absl::Status error = ErrnoError(99999);
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.message(), "Unknown error 99999");
  EXPECT_EQ(ErrnoOf(error), 99999);
}

TEST(ErrorTest, OthersCarryNoErrno) {
  EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0);
  EXPECT_EQ(ErrnoOf(PeerClosedError()), 0);
  EXPECT_EQ(ErrnoOf(InvalidError("no")), 0);
}

TEST(ErrorTest, TooLongNamesTheLimit) {
  EXPECT_EQ(TooLongError(1024).message(),
            "pattern not found within 1024 bytes");
}

TEST(ErrorTest, InvalidSaysWhatItWasTold) {
  EXPECT_EQ(InvalidError("port: a number is expected").message(),
            "port: a number is expected");
  EXPECT_EQ(InvalidError("x").code(), absl::StatusCode::kInvalidArgument);
}

TEST(ErrorTest, NamesAreQuoted) {
  EXPECT_EQ(NameNotFoundError("x.test").message(),
            "name not found: \"x.test\"");
  EXPECT_EQ(NoAddressError("x.test").message(), "no address for \"x.test\"");
  EXPECT_EQ(LookupError("name server failed").message(), "name server failed");
}

}  // namespace
}  // namespace lev
