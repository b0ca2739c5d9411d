// A root scope in virtual time, whose tasks wait for a bell until they are
// ended by a test.

#ifndef TESTS_SUPPORT_TASK_WORLD_H_
#define TESTS_SUPPORT_TASK_WORLD_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lev/task/cancel_reason.h"
#include "lev/task/scope.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"
#include "tests/support/test_task.h"

namespace lev {

inline std::unique_ptr<CancelReason> Because(std::string text) {
  return std::make_unique<CancelReason>(std::move(text));
}

class TaskWorld : public ::testing::Test {
 protected:
  ~TaskWorld() override {
    root_.AbortAll();
    // Tasks may stand in scopes that other tasks opened.
    tasks_.clear();
  }

  // A new child of `scope`, which waits for ever.
  TestTask& Child(Scope& scope, std::string name = "") {
    return Start(scope, std::move(name),
                 [this](TestTask& self) { loop_.Park(self, bell_); });
  }
  TestTask& Start(Scope& scope, std::string name, TestTask::Body body) {
    tasks_.push_back(
        std::make_unique<TestTask>(scope, std::move(name), std::move(body)));
    Settle();
    return *tasks_.back();
  }

  // A scope opened by a new child of `scope`, which then waits.
  Scope& Open(Scope& scope, Scope::Policy policy = Scope::Policy::kCollect) {
    Scope* opened = nullptr;
    Start(scope, "owner", [&opened, this, policy](TestTask& self) {
      if (self.runs() == 1) opened = &OpenBy(self, policy);
      loop_.Park(self, bell_);
    });
    return *opened;
  }
  Scope& OpenBy(TestTask& owner,
                Scope::Policy policy = Scope::Policy::kCollect) {
    scopes_.push_back(std::make_unique<Scope>(owner, policy));
    return *scopes_.back();
  }

  TestTask& last() { return *tasks_.back(); }
  void Settle() { loop_.Run().IgnoreError(); }

  Bell bell_;
  std::string trace_;
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  Scope root_{loop_};
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<TestTask>> tasks_;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_TASK_WORLD_H_
