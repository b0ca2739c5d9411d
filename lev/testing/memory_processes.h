// All that runs on a host in memory: its own program, and the children.
//
// A process is kept after its end, as long as the host.

#ifndef LEV_TESTING_MEMORY_PROCESSES_H_
#define LEV_TESTING_MEMORY_PROCESSES_H_

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "lev/testing/memory_process.h"

namespace lev {

class MemoryHost;

class MemoryProcesses {
 public:
  explicit MemoryProcesses(MemoryHost& host);
  ~MemoryProcesses();
  MemoryProcesses(const MemoryProcesses&) = delete;
  MemoryProcesses& operator=(const MemoryProcesses&) = delete;

  // What runs on the host by itself, as number 1. A signal that ends it is a
  // crash of the host.
  MemoryProcess& own() { return *own_; }

  // From now on `name` is this program; null: none.
  void SetProgram(absl::string_view name,
                  std::unique_ptr<MemoryProgram> program);
  // By this name, or by what stands behind its last slash; or null.
  MemoryProgram* FindProgram(absl::string_view name) const;

  // A new one, which does not run yet.
  MemoryProcess& Add(MemoryProcess& parent);
  void ForEach(absl::FunctionRef<void(MemoryProcess&)> visit);
  // Children that nobody has waited for.
  size_t unreaped() const;

  // The power goes.
  void Crash();

  // What was written to the inherited output and errors of children.
  std::string& screen() { return screen_; }

 private:
  MemoryHost& host_;
  std::string screen_;
  std::unique_ptr<MemoryProcess> own_;
  std::vector<std::unique_ptr<MemoryProcess>> children_;
  std::map<std::string, MemoryProgram*, std::less<>> by_name_;
  // All there have been: processes may still run them.
  std::vector<std::unique_ptr<MemoryProgram>> programs_;
};

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_PROCESSES_H_
