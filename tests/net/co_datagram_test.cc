#include "lev/net/co_datagram.h"

#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lev/net/co_net.h"
#include "lev/task/co.h"
#include "lev/task/co_when.h"
#include "lev/task/task_error.h"
#include "tests/support/co_real_world.h"

namespace lev {
namespace {

class CoDatagramTest : public CoRealWorld {
 protected:
  std::unique_ptr<DatagramSocket> Open() {
    return *OpenDatagramSocket(net_, AF_INET, *Address::Parse("127.0.0.1", 0));
  }

  NetContext net_{loop_};
};

TEST_F(CoDatagramTest, ADatagramArrivesWithItsSender) {
  auto a = Open();
  auto b = Open();
  auto sender = [&]() -> Co<absl::Status> {
    absl::Status sent = co_await SendTo(*a, "hello", *LocalAddress(b->fd()));
    co_return sent;
  };
  auto receiver = [&]() -> Co<absl::StatusOr<ReceivedDatagram>> {
    absl::StatusOr<ReceivedDatagram> datagram = co_await RecvFrom(*b);
    co_return datagram;
  };
  const auto both = Result([&] { return WhenAll(receiver(), sender()); });
  ASSERT_TRUE(both.ok()) << both.status();
  const ReceivedDatagram& datagram = std::get<0>(*both);
  EXPECT_EQ(datagram.data, "hello");
  EXPECT_EQ(datagram.peer.port(), LocalAddress(a->fd())->port());
  EXPECT_FALSE(datagram.truncated);
}

TEST_F(CoDatagramTest, ALargerOneIsTruncated) {
  auto a = Open();
  auto main = [&]() -> Co<> {
    EXPECT_TRUE(a->Connect(*LocalAddress(a->fd())).ok());
    EXPECT_TRUE((co_await Send(*a, "hello")).ok());
    absl::StatusOr<ReceivedDatagram> datagram = co_await RecvFrom(*a, 2);
    EXPECT_EQ(datagram->data, "he");
    EXPECT_TRUE(datagram->truncated);
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoDatagramTest, WaitingHasATimeout) {
  auto a = Open();
  auto main = [&]() -> Co<absl::Status> {
    absl::StatusOr<ReceivedDatagram> datagram =
        co_await RecvFrom(*a, 10, {.timeout = kMillisecond});
    co_return datagram.status();
  };
  EXPECT_EQ(Result(main), TimedOutError());
}

}  // namespace
}  // namespace lev
