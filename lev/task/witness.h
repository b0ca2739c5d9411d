// Who looks on, in a test: is told what cannot be seen from outside.
//
// A loop has one (EventLoop::Options::witness), or in production none: what
// nobody sees costs one comparison. It changes nothing, and outlives its loop.

#ifndef LEV_TASK_WITNESS_H_
#define LEV_TASK_WITNESS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace lev {

class Permits;
class Task;

class Witness {
 public:
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // It is the task's turn.
  virtual void Runs(const Task& task) = 0;

  // A task (`who`: as it describes itself) has failed, and nobody can ask it
  // for its error any more.
  virtual void FailedUnheard(const std::string& who,
                             absl::string_view error) = 0;

  // So many of these were taken, by `task` if that is known.
  virtual void Took(Permits& permits, size_t count, const Task* task) = 0;
  // It has been told of these, and they are destroyed.
  virtual void Goes(Permits& permits) = 0;

 protected:
  Witness() = default;
  ~Witness() = default;  // Nobody owns one through this.
};

}  // namespace lev

#endif  // LEV_TASK_WITNESS_H_
