// What the caller of lev.run may choose.

#ifndef LEV_LUA_LUA_RUN_OPTIONS_H_
#define LEV_LUA_LUA_RUN_OPTIONS_H_

#include <cstdint>

#include "lev/loop/clock.h"

namespace lev::lua {

struct RunOptions {
  // kFake: in memory, and in virtual time.
  enum class PollerKind : uint8_t { kEpoll, kUring, kFake };
  PollerKind poller = PollerKind::kEpoll;
  uint64_t seed = 0;  // EventLoop::Options::seed
  // Warn of a task that runs for longer without suspending; kNever: do not.
  Nanos slow = kNever;
  // Of lev.test.run: on a network in memory, which keeps a trace or not, and
  // at most so long.
  bool test = false;
  bool trace = false;
  Nanos limit = kNever;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_RUN_OPTIONS_H_
