// TLS over a stream in memory, with lev/tls alone.

#include <cstdio>

#include "lev/net/memory_stream.h"
#include "lev/tls/tls_context.h"
#include "lev/tls/tls_stream.h"

int main() {
  lev::TlsConfig config;
  config.verify = false;
  auto context = lev::TlsContext::Create(config);
  if (!context.ok()) return 1;
  lev::MemoryStreamPair pair;
  lev::TlsStream client(**context, pair.a(), {.name = "example.org"});
  const bool waits =
      client.TryHandshake().kind == lev::IoResult::Kind::kWantRead;
  char hello[2048];
  const lev::IoResult sent = pair.b().TryRead(absl::MakeSpan(hello));
  pair.b().TryWrite({"no TLS here\r\n", 13});
  const bool refuses =
      client.TryHandshake().failed() &&
      client.error().message() == "tls handshake: wrong version number";
  const bool ok = waits && sent.bytes > 100 && hello[0] == 22 && refuses;
  std::puts(ok ? "said hello" : "did not say hello");
  return ok ? 0 : 1;
}
