#include "lev/proc/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>

#include "lev/net/error.h"

namespace lev {

absl::StatusOr<Pty> OpenPty(WindowSize size) {
  constexpr int kFlags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  Pty pty;
  pty.ours = OwnedFd(posix_openpt(kFlags | O_NONBLOCK));
  if (!pty.ours.valid()) return ErrnoError(errno);
  const int fd = pty.ours.get();
  if (grantpt(fd) != 0 || unlockpt(fd) != 0) return ErrnoError(errno);
  // By descriptor: its name in /dev/pts may mean another one here.
  pty.terminal = OwnedFd(ioctl(fd, TIOCGPTPEER, kFlags));
  if (!pty.terminal.valid()) return ErrnoError(errno);
  const absl::Status sized = SetWindowSize(fd, size);
  if (!sized.ok()) return sized;
  return pty;
}

absl::Status SetWindowSize(int fd, WindowSize size) {
  const winsize kernel_size = {.ws_row = size.rows,
                               .ws_col = size.columns,
                               .ws_xpixel = 0,
                               .ws_ypixel = 0};
  if (ioctl(fd, TIOCSWINSZ, &kernel_size) != 0) return ErrnoError(errno);
  return absl::OkStatus();
}

}  // namespace lev
