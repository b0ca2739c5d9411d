// What lev.test.run adds to a run: a network in memory, and which task is on
// which of its hosts.
//
// A task is on the host of the one that has spawned it, unless it moves; the
// main task begins on "main".

#ifndef LEV_LUA_LUA_TEST_BED_H_
#define LEV_LUA_LUA_TEST_BED_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/task/task.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/settling_poller.h"

namespace lev::lua {

class TestBed {
 public:
  TestBed(uint64_t seed, bool trace, Nanos limit);
  TestBed(const TestBed&) = delete;
  TestBed& operator=(const TestBed&) = delete;

  FakeClock& clock() { return clock_; }
  SettlingPoller& poller() { return poller_; }
  MemoryNetwork& network() { return network_; }
  Nanos limit() const { return limit_; }

  // The one that a task, or nobody, is on.
  MemoryHost& HostOf(const Task* task) const;
  // The task with this id has been spawned by `parent`, or by nobody.
  void Inherit(uint32_t id, const Task* parent);
  void Move(uint32_t id, MemoryHost& host) { hosts_[id] = &host; }

  // A line of the trace: this task runs now.
  void NoteRun(const Task& task);

 private:
  FakeClock clock_;
  FakePoller fake_{clock_};
  SettlingPoller poller_{clock_, fake_};
  MemoryNetwork network_;
  MemoryHost& main_;
  const Nanos limit_;
  absl::flat_hash_map<uint32_t, MemoryHost*> hosts_;  // By a task's id.
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TEST_BED_H_
