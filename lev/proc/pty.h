// A pseudo-terminal: what a program takes for a terminal, and the side from
// which somebody types and reads the screen.
//
// A child is controlled by the terminal if it leads a new session and
// SpawnOptions::terminal names it: then what is typed as ^C interrupts it.
// When the last who has the terminal open is gone, reading the other side
// ends.

#ifndef LEV_PROC_PTY_H_
#define LEV_PROC_PTY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/net/owned_fd.h"

namespace lev {

struct WindowSize {
  uint16_t rows = 24;
  uint16_t columns = 80;
};

struct Pty {
  OwnedFd ours;      // Non-blocking.
  OwnedFd terminal;  // For the child; closed here once it has it.
};

absl::StatusOr<Pty> OpenPty(WindowSize size);

// Of the terminal whose either side is `fd`. Its programs get SIGWINCH.
absl::Status SetWindowSize(int fd, WindowSize size);

}  // namespace lev

#endif  // LEV_PROC_PTY_H_
