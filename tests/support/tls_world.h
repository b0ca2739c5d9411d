// A client and a server of TLS over streams in memory, and who drives them.

#ifndef TESTS_SUPPORT_TLS_WORLD_H_
#define TESTS_SUPPORT_TLS_WORLD_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "lev/net/memory_stream.h"
#include "lev/tls/tls_context.h"
#include "lev/tls/tls_identity.h"
#include "lev/tls/tls_stream.h"
#include "tests/support/certificates.h"
#include "tests/support/faulty_stream.h"

namespace lev {

// An authority, the files it has issued, and contexts made of them.
class TlsWorld {
 public:
  TestFiles files;
  TestAuthority authority;
  const std::string ca_file = files.Write("ca.pem", authority.Pem());

  TlsIdentity Issue(const CertificateSpec& spec = {}) {
    const PemPair pair = authority.Issue(spec);
    auto loaded = TlsIdentity::Load(files.Write("some.pem", pair.certificate),
                                    files.Write("some.key", pair.key));
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return *std::move(loaded);
  }

  TlsConfig ClientConfig() { return {.ca_file = ca_file}; }
  TlsConfig ServerConfig() {
    return {.role = TlsRole::kServer, .verify = false, .identity = &identity};
  }

  static std::unique_ptr<TlsContext> Make(const TlsConfig& config) {
    auto context = TlsContext::Create(config);
    EXPECT_TRUE(context.ok()) << context.status();
    return *std::move(context);
  }

  const TlsIdentity identity = Issue();
};

// One connection.
class TlsPair {
 public:
  TlsPair(TlsContext& client_context, TlsContext& server_context,
          const TlsPeer& peer = {.name = "localhost"},
          const FaultPlan& plan = {}, size_t capacity = 64 * 1024)
      : memory_(capacity),
        client_beneath_(memory_.a(), plan),
        server_beneath_(memory_.b(), plan),
        client(client_context, client_beneath_, peer),
        server(server_context, server_beneath_) {}

  // Both sides take turns until each is done or has failed. True if both are
  // done.
  bool Handshake() {
    for (int i = 0; i < kMostTurns; ++i) {
      client_done_ = Turn(client, memory_.a(), client_done_, client_error);
      server_done_ = Turn(server, memory_.b(), server_done_, server_error);
      if (client_done_ && server_done_) break;
    }
    return client_done_ && server_done_ && client_error.ok() &&
           server_error.ok();
  }

  // Sends `text`, while the other side reads what it can; returns that.
  static std::string Pass(Stream& from, Stream& to, absl::string_view text) {
    std::string got;
    const size_t all = text.size();
    for (int i = 0; i < kMostTurns; ++i) {
      const IoResult sent = from.TryWrite({text.data(), text.size()});
      EXPECT_FALSE(sent.failed()) << from.error();
      if (sent.failed()) break;
      text.remove_prefix(sent.bytes);
      if (Drain(to, got).failed()) break;
      if (got.size() >= all && from.TryWrite({}).done()) break;
    }
    return got;
  }

  // Reads what is there.
  static IoResult Drain(Stream& from, std::string& got) {
    char buffer[20'000];
    for (;;) {
      const IoResult read = from.TryRead(absl::MakeSpan(buffer));
      if (!read.done() || read.bytes == 0) return read;
      got.append(buffer, read.bytes);
    }
  }

  MemoryStreamPair& memory() { return memory_; }

 private:
  static constexpr int kMostTurns = 100'000;

  // Who fails hangs up.
  static bool Turn(TlsStream& stream, Stream& beneath, bool done,
                   absl::Status& error) {
    if (done) {
      // Makes room for what the other one still says.
      std::string nothing;
      Drain(stream, nothing);
      return true;
    }
    const IoResult result = stream.TryHandshake();
    if (result.failed()) {
      error = stream.error();
      beneath.TryShutdownWrite();
    }
    return result.done() || result.failed();
  }

  MemoryStreamPair memory_;
  FaultyStream client_beneath_;
  FaultyStream server_beneath_;
  bool client_done_ = false;
  bool server_done_ = false;

 public:
  TlsStream client;
  TlsStream server;
  absl::Status client_error;
  absl::Status server_error;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_TLS_WORLD_H_
