// What belongs to one run: clock, poller, loop, and the scope of its tasks; in
// lev.test.run also the network that it is on.
//
// The run has them of its own, or borrows a host's loop with all that is below
// it (embed.h).

#ifndef LEV_LUA_LUA_WORLD_H_
#define LEV_LUA_LUA_WORLD_H_

#include <memory>
#include <optional>
#include <utility>

#include "lev/loop/clock.h"
#include "lev/loop/event_loop.h"
#include "lev/loop/poller.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/net/foreign_fds.h"
#include "lev/net/resolver.h"
#include "lev/task/scope.h"

namespace lev::lua {

struct World {
  World(std::unique_ptr<Clock> clock_in, std::unique_ptr<Poller> poller_in,
        EventLoop::Options options)
      : clock(std::move(clock_in)),
        poller(std::move(poller_in)),
        own_loop(std::in_place, *clock, *poller, options),
        loop(*own_loop),
        foreign_fds(loop),
        root(loop) {}
  World(std::unique_ptr<TestBed> bed_in, EventLoop::Options options)
      : bed(std::move(bed_in)),
        own_loop(std::in_place, bed->clock(), bed->poller(), options),
        loop(*own_loop),
        foreign_fds(loop),
        root(loop) {}
  explicit World(Scope& hosts_root_in)
      : loop(hosts_root_in.loop()),
        foreign_fds(loop),
        root(loop),
        hosts_root(&hosts_root_in) {}

  const std::unique_ptr<TestBed> bed;  // Of a test; otherwise
  const std::unique_ptr<Clock> clock;  // these two.
  const std::unique_ptr<Poller> poller;
  std::optional<EventLoop> own_loop;
  EventLoop& loop;
  ForeignFds foreign_fds;
  std::unique_ptr<Resolver> resolver;
  Scope root;
  Scope* const hosts_root = nullptr;  // Above the tasks that the host calls.
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_WORLD_H_
