// What a child's standard input, output and error may be connected to.
//
// Everything is close-on-exec; of a pipe, only this process' end is
// non-blocking: programs do not expect that of theirs.

#ifndef LEV_PROC_STDIO_H_
#define LEV_PROC_STDIO_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "lev/net/owned_fd.h"
#include "lev/proc/process_calls.h"

namespace lev {

struct Pipe {
  OwnedFd ours;
  OwnedFd childs;
};

// One that the child reads, and one that it writes.
absl::StatusOr<Pipe> OpenPipeToChild(ProcessCalls& calls = KernelProcesses());
absl::StatusOr<Pipe> OpenPipeFromChild(ProcessCalls& calls = KernelProcesses());

enum class FileMode : uint8_t {
  kRead,
  kWrite,   // Begins empty; made if there is none.
  kAppend,  // Made if there is none.
};

// `path` counts from the directory of this process. What can block (a FIFO
// whose other side nobody has open) blocks.
absl::StatusOr<OwnedFd> OpenFile(const std::string& path, FileMode mode);

// Nothing to read, and everything written vanishes.
absl::StatusOr<OwnedFd> OpenNull();

}  // namespace lev

#endif  // LEV_PROC_STDIO_H_
