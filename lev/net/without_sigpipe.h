// Makes write(2) or sendfile(2) say EPIPE without raising SIGPIPE, which only
// send(2) can be asked for. The signal is directed at this thread: kept back,
// and taken off the queue unless it was there before.

#ifndef LEV_NET_WITHOUT_SIGPIPE_H_
#define LEV_NET_WITHOUT_SIGPIPE_H_

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

namespace lev {

template <typename Call>
ssize_t WithoutSigpipe(Call call) {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  sigpending(&pending);
  const ssize_t count = call();
  const int code = errno;
  if (count < 0 && code == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
    const timespec at_once = {};
    sigtimedwait(&pipe_signal, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return count;
}

}  // namespace lev

#endif  // LEV_NET_WITHOUT_SIGPIPE_H_
