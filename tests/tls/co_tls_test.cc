#include "lev/tls/co_tls.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lev/net/co_connection.h"
#include "lev/net/connection.h"
#include "lev/task/co.h"
#include "lev/task/co_when.h"
#include "lev/task/task_error.h"
#include "tests/support/co_real_world.h"
#include "tests/support/descriptors.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

class CoTlsTest : public CoRealWorld {
 protected:
  CoTlsTest() {
    FdPair pair = TcpPair();
    const absl::Span<char> scratch = absl::MakeSpan(scratch_);
    client_ = std::make_unique<Connection>(loop_, std::move(pair.a), scratch);
    server_ = std::make_unique<Connection>(loop_, std::move(pair.b), scratch);
  }

  Co<absl::Status> Server() {
    absl::Status status = co_await StartTls(*server_, *server_context_);
    co_return status;
  }
  Co<absl::Status> Client(std::string name) {
    absl::Status status = co_await StartTls(*client_, *client_context_, name);
    co_return status;
  }

  char scratch_[16 * 1024];
  TlsWorld tls_;
  const std::unique_ptr<TlsContext> client_context_ =
      TlsWorld::Make(tls_.ClientConfig());
  const std::unique_ptr<TlsContext> server_context_ =
      TlsWorld::Make(tls_.ServerConfig());
  std::unique_ptr<Connection> client_;
  std::unique_ptr<Connection> server_;
};

TEST_F(CoTlsTest, ConnectionsSpeakTls) {
  auto main = [this]() -> Co<> {
    auto both = co_await WhenAll(Client("localhost"), Server());
    EXPECT_TRUE(both.ok()) << both.status();
    EXPECT_EQ(TlsInfoOf(*client_).version, "TLSv1.3");
    EXPECT_TRUE((co_await Send(*client_, "hello")).ok());
    EXPECT_EQ((co_await RecvExactly(*server_, 5)).value(), "hello");
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoTlsTest, AConnectionMayBeginInTheClear) {
  auto main = [this]() -> Co<> {
    EXPECT_TRUE((co_await Send(*client_, "STARTTLS\r\n")).ok());
    EXPECT_EQ((co_await RecvUntil(*server_, "\r\n")).value(), "STARTTLS\r\n");
    auto both = co_await WhenAll(Client("localhost"), Server());
    EXPECT_TRUE(both.ok()) << both.status();
    EXPECT_TRUE((co_await Send(*server_, "hello")).ok());
    EXPECT_EQ((co_await RecvExactly(*client_, 5)).value(), "hello");
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoTlsTest, AnotherNameIsRefusedAndTheConnectionClosed) {
  auto main = [this]() -> Co<> {
    auto first = co_await WhenAny(Client("example.org"), Server());
    EXPECT_EQ(first.index(), 0u);
    EXPECT_FALSE(std::get<0>(first).ok());
    EXPECT_FALSE(client_->is_open());
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CoTlsTest, AHandshakeThatTakesTooLongClosesTheConnection) {
  auto main = [this]() -> Co<absl::Status> {
    absl::Status status = co_await StartTls(*client_, *client_context_, {},
                                            {.timeout = kMillisecond});
    co_return status;
  };
  EXPECT_EQ(Result(main), TimedOutError());
  EXPECT_FALSE(client_->is_open());
}

TEST_F(CoTlsTest, SoDoesOneWhoseTaskIsAborted) {
  auto main = [this]() -> Co<> {
    CoScope scope(co_await CurrentTask(), {}, false);
    auto handshake = Spawn(scope, "", [this] { return Client("localhost"); });
    (co_await Yield()).IgnoreError();
    handshake.Abort();
  };
  EXPECT_TRUE(Result(main).ok());
  EXPECT_FALSE(client_->is_open());
}

TEST_F(CoTlsTest, TlsCannotBeginTwice) {
  auto main = [this]() -> Co<> {
    auto both = co_await WhenAll(Client("localhost"), Server());
    EXPECT_TRUE(both.ok()) << both.status();
    absl::Status again = co_await StartTls(*client_, *client_context_);
    EXPECT_EQ(again.message(), "tls is already on");
    EXPECT_TRUE(client_->is_open());
  };
  EXPECT_TRUE(Result(main).ok());
}

}  // namespace
}  // namespace lev
