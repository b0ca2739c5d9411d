// What a program has left behind at its end, for a human.

#ifndef LEV_TESTING_LEFTOVERS_H_
#define LEV_TESTING_LEFTOVERS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

class Leftovers {
 public:
  // More are only counted.
  static constexpr size_t kShown = 20;

  void Add(std::string what) { lines_.push_back(std::move(what)); }
  // The tasks of `root`, and what each waits for.
  void AddTasks(const Scope& root);
  // Those that are no task's.
  void AddTimers(const EventLoop& loop);
  // Those that are open, less those with whose description a line begins, and
  // those of the kind `but`, of which the run takes care.
  void AddDescriptors(const MemoryNetwork& network, absl::string_view but = "");
  // Children that nobody has waited for, and signals that are still taken.
  void AddProcesses(const MemoryNetwork& network);

  bool empty() const { return lines_.empty(); }
  // "left at the end:", and each in a line of its own.
  std::string ToString() const;

 private:
  std::vector<std::string> lines_;
};

// "fd 5 on server: tcp 10.0.0.2:80 -> 10.0.0.1:49152", "fd 3 on main: unix
// /run/me, listening", "fd 4 on main: pipe, to read". "" if it is not open
// there.
std::string DescribeDescriptor(MemoryHost& host, int fd);

// The descriptors that are open, each in a line, indented; "" if none is.
std::string DescribeDescriptors(const MemoryNetwork& network);

}  // namespace lev

#endif  // LEV_TESTING_LEFTOVERS_H_
