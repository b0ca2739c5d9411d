#include "lev/lua/lua_test_bed.h"

#include "lev/lua/lua_runtime.h"
#include "lev/testing/memory_processes.h"

namespace lev::lua {

TestBed::TestBed(uint64_t seed, bool trace, Nanos limit)
    : network_(clock_, fake_, {.seed = seed, .trace = trace}),
      main_(network_.AddHost("main")),
      witness_(network_,
               [this](const Task& task) -> const MemoryHost& {
                 return HostOf(&task);
               }),
      limit_(limit) {
  poller_.SetHorizon(limit);
}

MemoryProcess& TestBed::ProcessOf(const Task* task) const {
  const auto found =
      task == nullptr ? processes_.end() : processes_.find(task->id());
  return found == processes_.end() ? main_.processes().own() : *found->second;
}

void TestBed::Inherit(uint32_t id, const Task* parent) {
  processes_[id] = &ProcessOf(parent);
}

ProcessCalls& ProcessOf(Runtime& runtime, const Task* task) {
  TestBed* const bed = runtime.test_bed();
  return bed == nullptr ? KernelProcesses() : bed->ProcessOf(task);
}

}  // namespace lev::lua
