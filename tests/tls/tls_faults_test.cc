// TLS over streams that break: in small pieces, refusing, and failing at
// every byte there is.

#include <string>

#include "gtest/gtest.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

class TlsFaultsTest : public testing::Test {
 protected:
  const TlsPeer kPeer = {.name = "localhost"};

  // How many bytes the server answers a hello with.
  size_t FirstFlight() {
    MemoryStreamPair memory;
    TlsStream client(*client_, memory.a(), kPeer);
    TlsStream server(*server_, memory.b());
    client.TryHandshake();
    server.TryHandshake();
    char flight[8192];
    return memory.a().TryRead(absl::MakeSpan(flight)).bytes;
  }

  TlsWorld world_;
  const std::unique_ptr<TlsContext> client_ =
      TlsWorld::Make(world_.ClientConfig());
  const std::unique_ptr<TlsContext> server_ =
      TlsWorld::Make(world_.ServerConfig());
};

TEST_F(TlsFaultsTest, OneByteAtATimeAfterARefusalEach) {
  const FaultPlan plan{.max_read = 1, .max_write = 1, .block_first = true};
  TlsPair pair(*client_, *server_, kPeer, plan);
  ASSERT_TRUE(pair.Handshake()) << pair.client_error << pair.server_error;
  EXPECT_EQ(TlsPair::Pass(pair.client, pair.server, "there"), "there");
  EXPECT_EQ(TlsPair::Pass(pair.server, pair.client, "back"), "back");
}

TEST_F(TlsFaultsTest, WithRoomForOneByte) {
  TlsPair pair(*client_, *server_, kPeer, {}, 1);
  ASSERT_TRUE(pair.Handshake()) << pair.client_error << pair.server_error;
  const std::string text(40'000, 't');
  EXPECT_EQ(TlsPair::Pass(pair.client, pair.server, text), text);
}

// Up to where nothing fails: k bytes in either direction.
TEST_F(TlsFaultsTest, AFailureAtAnyByteEndsBothSidesWithAnError) {
  int handshakes = 0;
  for (size_t k = 0; handshakes < 3; k += 7) {
    const FaultPlan plan{.fail_read_at = k};
    TlsPair pair(*client_, *server_, kPeer, plan);
    if (pair.Handshake()) {
      ++handshakes;
      continue;
    }
    const bool told = !pair.client_error.ok() || !pair.server_error.ok();
    EXPECT_TRUE(told) << k;
    for (const absl::Status& error : {pair.client_error, pair.server_error}) {
      if (error.ok()) continue;
      EXPECT_TRUE(error.message() == "Connection reset by peer" ||
                  error.message() == "closed")
          << error;
    }
  }
}

TEST_F(TlsFaultsTest, AFailureToWriteAtAnyByteIsReported) {
  int handshakes = 0;
  for (size_t k = 0; handshakes < 3; k += 7) {
    const FaultPlan plan{.fail_write_at = k};
    TlsPair pair(*client_, *server_, kPeer, plan);
    if (pair.Handshake()) {
      ++handshakes;
      continue;
    }
    EXPECT_TRUE(!pair.client_error.ok() || !pair.server_error.ok()) << k;
  }
}

// The peer vanishes when k bytes of its have come.
TEST_F(TlsFaultsTest, APeerThatVanishesAtAnyByteIsNoticed) {
  TlsPair whole(*client_, *server_);
  ASSERT_TRUE(whole.Handshake());
  for (size_t k = 0;; k += 5) {
    MemoryStreamPair there;
    MemoryStreamPair back;
    TlsStream client(*client_, there.a(), kPeer);
    TlsStream server(*server_, back.a());
    client.TryHandshake();
    char hello[4096];
    const IoResult size = there.b().TryRead(absl::MakeSpan(hello));
    back.b().TryWrite({hello, size.bytes});
    server.TryHandshake();
    char answer[8192];
    const IoResult flight = back.b().TryRead(absl::MakeSpan(answer));
    if (k >= flight.bytes) break;
    there.b().TryWrite({answer, k});
    there.b().TryShutdownWrite();
    EXPECT_TRUE(client.TryHandshake().failed()) << k;
    EXPECT_EQ(client.error().message(), "closed") << k;
  }
}

TEST_F(TlsFaultsTest, AServerHearsAClientWhoHasGoneAlready) {
  MemoryStreamPair memory;
  // Enough for its first flight, and not for its ticket.
  FaultyStream beneath(memory.b(), {.fail_write_at = FirstFlight() + 10});
  TlsStream client(*client_, memory.a(), kPeer);
  TlsStream server(*server_, beneath);
  client.TryHandshake();
  server.TryHandshake();
  ASSERT_TRUE(client.TryHandshake().done()) << client.error();
  EXPECT_TRUE(client.TryWrite({"bye", 3}).done());
  client.TryShutdownWrite();
  std::string got;
  EXPECT_TRUE(server.TryHandshake().done()) << server.error();
  EXPECT_TRUE(TlsPair::Drain(server, got).end_of_file());
  EXPECT_EQ(got, "bye");
}

TEST_F(TlsFaultsTest, AWriteErrorLeavesWhatThePeerHasSaid) {
  TlsPair pair(*client_, *server_);
  ASSERT_TRUE(pair.Handshake());
  EXPECT_TRUE(pair.server.TryWrite({"bye", 3}).done());
  pair.memory().a().TryShutdownWrite();  // Nothing more can be written.
  EXPECT_TRUE(pair.client.TryWrite({"x", 1}).failed());
  EXPECT_EQ(pair.client.error().message(), "closed");
  std::string got;
  TlsPair::Drain(pair.client, got);
  EXPECT_EQ(got, "bye");
}

}  // namespace
}  // namespace lev
