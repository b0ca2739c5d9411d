// What lev.test.run adds to a run: a network in memory, and which task is in
// which process of which of its hosts.
//
// A task is in the process of the one that has spawned it, unless it moves; the
// main task begins in that of "main".

#ifndef LEV_LUA_LUA_TEST_BED_H_
#define LEV_LUA_LUA_TEST_BED_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lev/loop/clock.h"
#include "lev/loop/fake_poller.h"
#include "lev/proc/process_calls.h"
#include "lev/task/task.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_process.h"
#include "lev/testing/settling_poller.h"
#include "lev/testing/test_witness.h"

namespace lev::lua {

class Runtime;

class TestBed {
 public:
  TestBed(uint64_t seed, bool trace, Nanos limit);
  TestBed(const TestBed&) = delete;
  TestBed& operator=(const TestBed&) = delete;

  FakeClock& clock() { return clock_; }
  SettlingPoller& poller() { return poller_; }
  MemoryNetwork& network() { return network_; }
  Nanos limit() const { return limit_; }

  TestWitness& witness() { return witness_; }

  MemoryHost& main() { return main_; }
  // The one that a task, or nobody, is in; its host.
  MemoryProcess& ProcessOf(const Task* task) const;
  MemoryHost& HostOf(const Task* task) const { return ProcessOf(task).host(); }
  // The task with this id has been spawned by `parent`, or by nobody.
  void Inherit(uint32_t id, const Task* parent);
  void Move(uint32_t id, MemoryProcess& process) { processes_[id] = &process; }
  // Whether the task was in a process that was killed, or on a host that has
  // crashed since.
  bool HasCrashed(const Task& task) const {
    return !HostOf(&task).up() || ProcessOf(&task).ended();
  }

  // Something was collected that its user had still to close.
  void Forget(std::string what) { forgotten_.push_back(std::move(what)); }
  const std::vector<std::string>& forgotten() const { return forgotten_; }

 private:
  FakeClock clock_;
  FakePoller fake_{clock_};
  SettlingPoller poller_{clock_, fake_};
  MemoryNetwork network_;
  MemoryHost& main_;
  TestWitness witness_;
  const Nanos limit_;
  std::vector<std::string> forgotten_;
  absl::flat_hash_map<uint32_t, MemoryProcess*> processes_;  // By task's id.
};

// Where `task` has its children and signals: in memory, or as this process.
ProcessCalls& ProcessOf(Runtime& runtime, const Task* task);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TEST_BED_H_
