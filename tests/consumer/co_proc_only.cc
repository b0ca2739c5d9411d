// Uses lev/proc:co_proc alone: runs a program and hears what it says.

#include <cstdio>

#include "lev/loop/clock.h"
#include "lev/loop/epoll_poller.h"
#include "lev/net/co_net.h"
#include "lev/proc/co_proc.h"
#include "lev/task/co_spawn.h"

int main() {
  lev::MonotonicClock clock;
  const auto poller = lev::EpollPoller::Create();
  lev::EventLoop loop(clock, **poller);
  lev::NetContext net(loop);
  lev::Scope root(loop);
  lev::SpawnOptions echo;
  echo.program = "echo";
  echo.argv = {"echo", "heard"};
  auto task = lev::Spawn(root, "main", lev::RunAndCapture(net, echo));
  const bool ran = loop.Run().ok() && task.outcome().ok();
  const bool ok = ran && task.outcome()->output == "heard\n";
  std::puts(ok ? "heard" : "did not hear");
  return ok ? 0 : 1;
}
