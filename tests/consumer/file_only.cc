// Uses lev/file alone: writes a file and reads it back, in virtual time.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/types/span.h"
#include "lev/file/file.h"
#include "lev/file/file_backend.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/fake_poller.h"

int main() {
  lev::FakeClock clock;
  lev::FakePoller poller(clock);
  lev::EventLoop loop(clock, poller);
  const auto files =
      lev::MakeFileBackend(loop, lev::FileBackendKind::kSync).value();
  char scratch[1024];
  const std::string path = "/tmp/lev_file_only_" + std::to_string(getpid());
  bool ok = false;
  {
    lev::File file(loop, *files, absl::MakeSpan(scratch));
    size_t sent = 0;
    int64_t position = 0;
    absl::string_view line;
    ok = file.Open(path, O_RDWR | O_CREAT | O_EXCL, 0600).done() &&
         file.Write("one\ntwo\n", sent).done() &&
         file.Seek(SEEK_SET, 0, position).done() &&
         file.ReadLine(line).done() && line == "one\n";
  }
  unlink(path.c_str());
  std::puts(ok ? "read" : "did not read");
  return ok ? 0 : 1;
}
