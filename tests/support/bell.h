// The simplest thing that can be waited for: somebody rings it.

#ifndef TESTS_SUPPORT_BELL_H_
#define TESTS_SUPPORT_BELL_H_

#include <string>
#include <utility>

#include "lev/loop/waiter.h"

namespace lev {

class Bell final : public WaitList {
 public:
  explicit Bell(std::string name = "a bell") : name_(std::move(name)) {}

  std::string Describe() const override { return name_; }

  using WaitList::FireAll;

 private:
  const std::string name_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_BELL_H_
