#include "lev/net/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

using Kind = SocketOption::Kind;

int RawOption(const OwnedFd& fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd.get(), level, option, &value, &size), 0);
  return value;
}

// Every test leaves as many descriptors open as it found.
class SocketOptionsTest : public testing::Test {
 protected:
  void TearDown() override {
    for (OwnedFd* fd : {&tcp_, &udp_, &udp6_, &local_}) fd->Close();
    EXPECT_EQ(CountOpenFds(), open_before_);
  }

  static absl::Status Set(const OwnedFd& fd, absl::string_view name,
                          int64_t number) {
    const SocketOption* const option = FindSocketOption(name);
    if (option == nullptr) return InvalidError(name);
    return SetSocketOption(fd.get(), *option, {number, ""});
  }

  static absl::Status SetText(const OwnedFd& fd, absl::string_view name,
                              const std::string& text) {
    return SetSocketOption(fd.get(), *FindSocketOption(name), {0, text});
  }

  static absl::StatusOr<OptionValue> Get(const OwnedFd& fd,
                                         absl::string_view name) {
    return GetSocketOption(fd.get(), *FindSocketOption(name));
  }

  // What the option is after it was set.
  static int64_t RoundTrip(const OwnedFd& fd, absl::string_view name,
                           int64_t number) {
    EXPECT_EQ(Set(fd, name, number), absl::OkStatus()) << name;
    return Get(fd, name).value_or(OptionValue{-999, ""}).number;
  }

  const size_t open_before_ = CountOpenFds();
  OwnedFd tcp_{socket(AF_INET, SOCK_STREAM, 0)};
  OwnedFd udp_{socket(AF_INET, SOCK_DGRAM, 0)};
  OwnedFd udp6_{socket(AF_INET6, SOCK_DGRAM, 0)};
  OwnedFd local_{socket(AF_UNIX, SOCK_DGRAM, 0)};
};

TEST_F(SocketOptionsTest, SwitchesAreTurnedOnAndOff) {
  for (const char* name : {"reuseaddr", "reuseport", "keepalive", "nodelay",
                           "broadcast", "fastopen_connect"}) {
    EXPECT_EQ(FindSocketOption(name)->kind, Kind::kSwitch) << name;
    EXPECT_EQ(RoundTrip(tcp_, name, 1), 1) << name;
    EXPECT_EQ(RoundTrip(tcp_, name, 0), 0) << name;
  }
}

TEST_F(SocketOptionsTest, IntegersArePassedOn) {
  for (const char* name :
       {"rcvlowat", "priority", "keepalive_count", "ttl", "tos", "fastopen"}) {
    EXPECT_EQ(FindSocketOption(name)->kind, Kind::kInteger) << name;
    EXPECT_EQ(RoundTrip(tcp_, name, 4), 4) << name;
  }
}

TEST_F(SocketOptionsTest, BuffersAreTwiceAsLargeAsWasAskedFor) {
  EXPECT_EQ(RoundTrip(udp_, "rcvbuf", 20'000), 40'000);
  EXPECT_EQ(RoundTrip(udp_, "sndbuf", 20'000), 40'000);
}

TEST_F(SocketOptionsTest, DurationsAreRoundedUpToWhatTheKernelCounts) {
  EXPECT_EQ(RoundTrip(tcp_, "keepalive_idle", kSecond), kSecond);
  EXPECT_EQ(RoundTrip(tcp_, "keepalive_idle", kSecond + 1), 2 * kSecond);
  EXPECT_EQ(RoundTrip(tcp_, "keepalive_interval", 1), kSecond);
  EXPECT_EQ(RoundTrip(tcp_, "user_timeout", 1500 * kMillisecond),
            1500 * kMillisecond);
  EXPECT_EQ(RawOption(tcp_, IPPROTO_TCP, TCP_USER_TIMEOUT), 1500);
}

TEST_F(SocketOptionsTest, WhatTheKernelCannotCountIsAnError) {
  EXPECT_EQ(Set(tcp_, "user_timeout", kNever).message(), "Invalid argument");
  EXPECT_EQ(Set(tcp_, "priority", int64_t{1} << 31).message(),
            "Invalid argument");
  EXPECT_EQ(Set(tcp_, "priority", -1).message(), "Invalid argument");
}

TEST_F(SocketOptionsTest, LingerIsADurationOrOff) {
  EXPECT_EQ(Get(tcp_, "linger")->number, -1);
  EXPECT_EQ(RoundTrip(tcp_, "linger", 0), 0);
  EXPECT_EQ(RoundTrip(tcp_, "linger", kSecond / 2), kSecond);
  EXPECT_EQ(RoundTrip(tcp_, "linger", -1), -1);
  EXPECT_EQ(Set(tcp_, "linger", kNever).message(), "Invalid argument");
}

TEST_F(SocketOptionsTest, OneNameServesBothFamilies) {
  if (!udp6_.valid()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_EQ(RoundTrip(udp6_, "ttl", 7), 7);
  EXPECT_EQ(RawOption(udp6_, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 7);
  EXPECT_EQ(RoundTrip(udp6_, "multicast_ttl", 5), 5);
  EXPECT_EQ(RawOption(udp6_, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 5);
  EXPECT_EQ(RoundTrip(udp6_, "tos", 16), 16);
  EXPECT_EQ(RoundTrip(udp6_, "multicast_loop", 0), 0);
  EXPECT_EQ(RoundTrip(udp6_, "v6only", 1), 1);
  EXPECT_EQ(RoundTrip(udp_, "multicast_ttl", 5), 5);
  EXPECT_EQ(RoundTrip(udp_, "multicast_loop", 0), 0);
}

TEST_F(SocketOptionsTest, TheInterfaceOfMulticastIsText) {
  EXPECT_EQ(FindSocketOption("multicast_if")->kind, Kind::kInterface);
  EXPECT_EQ(SetText(udp_, "multicast_if", "127.0.0.1"), absl::OkStatus());
  EXPECT_EQ(Get(udp_, "multicast_if")->text, "127.0.0.1");
}

TEST_F(SocketOptionsTest, WhatASocketDoesNotHaveIsAnErrorInWords) {
  EXPECT_EQ(Set(udp_, "nodelay", 1).message(), "Protocol not available");
  EXPECT_FALSE(Get(udp_, "nodelay").ok());
  EXPECT_EQ(Set(local_, "ttl", 1).message(), "Operation not supported");
  EXPECT_EQ(Get(local_, "ttl").status().message(), "Operation not supported");
}

TEST_F(SocketOptionsTest, WithoutASocketThereIsAnError) {
  const OwnedFd none;
  EXPECT_EQ(ErrnoOf(Set(none, "reuseaddr", 1)), EBADF);
  EXPECT_EQ(ErrnoOf(Set(none, "linger", 1)), EBADF);
  EXPECT_EQ(ErrnoOf(Get(none, "ttl").status()), EBADF);
  EXPECT_EQ(ErrnoOf(Get(none, "linger").status()), EBADF);
  EXPECT_EQ(ErrnoOf(SetText(none, "multicast_if", "lo")), EBADF);
  EXPECT_EQ(ErrnoOf(Get(none, "multicast_if").status()), EBADF);
}

TEST_F(SocketOptionsTest, UnknownNamesAreNoOptions) {
  EXPECT_EQ(FindSocketOption("magic"), nullptr);
  EXPECT_EQ(FindSocketOption(""), nullptr);
  EXPECT_EQ(FindSocketOption(absl::string_view("ttl\0x", 5)), nullptr);
}

TEST_F(SocketOptionsTest, TheFamilyOfASocketIsKnown) {
  EXPECT_EQ(SocketFamily(tcp_.get()).value(), AF_INET);
  EXPECT_EQ(SocketFamily(local_.get()).value(), AF_UNIX);
}

}  // namespace
}  // namespace lev
