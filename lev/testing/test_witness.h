// Who looks on in a test: writes the tasks' turns into the network's trace, and
// remembers failures that nobody has heard of, and who has taken permits.

#ifndef LEV_TESTING_TEST_WITNESS_H_
#define LEV_TESTING_TEST_WITNESS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "lev/task/semaphore.h"
#include "lev/task/task.h"
#include "lev/task/witness.h"
#include "lev/testing/leftovers.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"

namespace lev {

class TestWitness final : public Witness {
 public:
  // The host a task is on.
  using HostOf = absl::AnyInvocable<const MemoryHost&(const Task&) const>;

  // The network outlives it. `host_of` may be null: then nobody knows.
  explicit TestWitness(MemoryNetwork& network, HostOf host_of = nullptr);
  ~TestWitness();

  void Runs(const Task& task) override;
  void FailedUnheard(const std::string& who, absl::string_view error) override;
  void Took(Permits& permits, size_t count, const Task* task) override;
  void Goes(Permits& permits) override;

  // All that is held of them at the end is left behind.
  void Watch(Permits& permits);

  // The host has crashed: what its tasks have taken is no fault of theirs.
  void Forgive(const MemoryHost& host);

  // Failures of which nobody has heard, a line each.
  const std::vector<std::string>& failures() const { return failures_; }
  // These, and what has not been given back.
  void Report(Leftovers& leftovers) const;

 private:
  struct Entry {
    Permits* permits;
    size_t before = 0;  // Held, when the test began with them.
    std::string taker = {};
    const MemoryHost* host = nullptr;  // The taker's, if known.
  };

  Entry& EntryOf(Permits& permits, size_t before);
  static std::string Describe(const Entry& entry);

  MemoryNetwork& network_;
  const HostOf host_of_;
  std::vector<Entry> entries_;
  std::vector<std::string> failures_;
  std::vector<std::string> gone_;  // What was held of those that are gone.
};

}  // namespace lev

#endif  // LEV_TESTING_TEST_WITNESS_H_
