// Uses lev/net alone: reads lines from a stream in memory.

#include <cstdio>
#include <stdexcept>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/net/memory_stream.h"
#include "lev/net/stream_reader.h"
#include "lev/net/tcp_socket.h"

namespace {

// lev throws nothing, and lets its users do so.
absl::string_view Line(lev::StreamReader& reader) {
  absl::string_view line;
  if (!reader.Until("\n", 100, line).done())
    throw std::runtime_error("no line");
  return line;
}

}  // namespace

int main() {
  lev::MemoryStreamPair pair;
  pair.a().TryWrite({"one\ntwo\nthr", 11});
  char scratch[16];
  lev::StreamReader reader(pair.b(), absl::MakeSpan(scratch));
  bool ok = Line(reader) == "one\n" && Line(reader) == "two\n";
  try {
    Line(reader);
    ok = false;
  } catch (const std::runtime_error&) {
    ok = ok && reader.buffered() == "thr";
  }
  ok = ok && lev::OpenTcpSocket(AF_INET).ok();
  std::puts(ok ? "read" : "did not read");
  return ok ? 0 : 1;
}
