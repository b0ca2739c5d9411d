#include "lev/lua/lua_test_bed.h"

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

MemoryHost& TestBed::HostOf(const Task* task) const {
  if (task == nullptr) return main_;
  const auto found = hosts_.find(task->id());
  return found == hosts_.end() ? main_ : *found->second;
}

void TestBed::Inherit(uint32_t id, const Task* parent) {
  hosts_[id] = &HostOf(parent);
}

}  // namespace lev::lua
