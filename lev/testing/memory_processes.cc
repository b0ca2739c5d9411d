#include "lev/testing/memory_processes.h"

#include <signal.h>

#include <utility>

#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

MemoryProcesses::MemoryProcesses(MemoryHost& host)
    : host_(host), own_(std::make_unique<MemoryProcess>(host, 1, nullptr)) {}

MemoryProcesses::~MemoryProcesses() = default;

void MemoryProcesses::SetProgram(absl::string_view name,
                                 std::unique_ptr<MemoryProgram> program) {
  by_name_[std::string(name)] = program.get();
  if (program != nullptr) programs_.push_back(std::move(program));
}

MemoryProgram* MemoryProcesses::FindProgram(absl::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos) return nullptr;
  return FindProgram(name.substr(slash + 1));
}

MemoryProcess& MemoryProcesses::Add(MemoryProcess& parent) {
  children_.push_back(std::make_unique<MemoryProcess>(
      host_, host_.network().NextPid(), &parent));
  return *children_.back();
}

// Who is visited may start others.
void MemoryProcesses::ForEach(absl::FunctionRef<void(MemoryProcess&)> visit) {
  for (size_t i = 0; i < children_.size(); ++i) visit(*children_[i]);
}

size_t MemoryProcesses::unreaped() const {
  size_t count = 0;
  for (const auto& child : children_) count += child->reaped() ? 0 : 1;
  return count;
}

// Nobody is left to wait for them.
void MemoryProcesses::Crash() {
  own_->Forget();
  ForEach([](MemoryProcess& child) {
    child.reaped_ = true;
    child.Deliver(SIGKILL);
  });
}

}  // namespace lev
