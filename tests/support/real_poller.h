// The poller of tests that meet the kernel: epoll's, or io_uring's if
// LEV_TEST_POLLER is "io_uring" in the environment. Some run a second time so.

#ifndef TESTS_SUPPORT_REAL_POLLER_H_
#define TESTS_SUPPORT_REAL_POLLER_H_

#include <stdlib.h>

#include <memory>
#include <string>

#include "lev/loop/epoll_poller.h"
#include "lev/loop/poller.h"
#include "lev/loop/uring_poller.h"

namespace lev {

inline std::unique_ptr<Poller> MakeRealPoller() {
  const char* const name = getenv("LEV_TEST_POLLER");
  if (name != nullptr && std::string(name) == "io_uring") {
    return UringPoller::Create().value();
  }
  return EpollPoller::Create().value();
}

}  // namespace lev

#endif  // TESTS_SUPPORT_REAL_POLLER_H_
