// without_io_uring ERRNO COMMAND...: runs the command where io_uring_setup
// fails with that error.

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "tests/support/forbidden_calls.h"

int main(int argc, char** argv) {
  if (argc < 3 || !lev::ForbidCall(SYS_io_uring_setup, atoi(argv[1]))) {
    std::fputs("usage: without_io_uring ERRNO COMMAND...\n", stderr);
    return 2;
  }
  execvp(argv[2], argv + 2);
  std::perror(argv[2]);
  return 1;
}
