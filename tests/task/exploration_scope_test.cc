// Tests lev/task/task.h and lev/task/scope.h in every order that the loop
// allows: who ends how, who is told, and that nobody is left behind.

#include <deque>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "lev/loop/clock.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"
#include "tests/support/bell.h"
#include "tests/support/explore.h"
#include "tests/support/explorer.h"
#include "tests/support/small_program.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

using Policy = Scope::Policy;
using Status = Task::Status;

// Tasks that see a cancellation at once, as suspension points do.
class Tasks {
 public:
  explicit Tasks(Explorer& explorer)
      : program(explorer), root(program.loop()), explorer_(explorer) {}
  ~Tasks() { root.AbortAll(); }

  // Ends with `status` after 0 to `most` turns, or with its cancellation.
  TestTask& Ends(Scope& scope, Status status, size_t most) {
    const int turns = static_cast<int>(explorer_.Choose(most + 1));
    return Start(scope, [this, status, turns](TestTask& self) {
      if (self.runs() > turns) return self.Finish(status);
      program.loop().Schedule(self);
    });
  }

  // Waits for ever.
  TestTask& Waits(Scope& scope) {
    return Start(scope,
                 [this](TestTask& self) { program.loop().Park(self, bell_); });
  }

  // Waits for the end of another, and notes it.
  TestTask& Joins(Scope& scope, TestTask& other, int& joined) {
    return Start(scope, [this, &other, &joined](TestTask& self) {
      if (other.ended()) {
        ++joined;
        return self.Finish();
      }
      program.loop().Park(self, other);
    });
  }

  TestTask& Start(Scope& scope, TestTask::Body body) {
    return tasks_.emplace_back(scope, "t",
                               [body = std::move(body)](TestTask& self) {
                                 if (self.cancel_pending())
                                   return self.Finish(Status::kCancelled);
                                 body(self);
                               });
  }

  SmallProgram program;
  Scope root;

 private:
  Explorer& explorer_;
  Bell bell_;
  std::deque<TestTask> tasks_;
};

// An owner whose scope has two children that fail and one that waits.
struct FailFast {
  FailFast(Tasks& tasks, size_t most)
      : owner(tasks.Start(tasks.root, [this, &tasks, most](TestTask& self) {
          if (self.runs() == 1) Open(tasks, self, most);
          if (scope->live() > 0) {
            return tasks.program.loop().Park(self, *scope);
          }
          scope->Close();
          self.Finish();
        })) {}

  void Open(Tasks& tasks, TestTask& self, size_t most) {
    scope = std::make_unique<Scope>(self, Policy::kCancelOnError);
    for (TestTask*& child : failing) {
      child = &tasks.Ends(*scope, Status::kFailed, most);
      child->on_ended = [this, child] {
        if (first == nullptr && child->status() == Status::kFailed) {
          first = child;
        }
      };
    }
    waiting = &tasks.Waits(*scope);
  }

  std::unique_ptr<Scope> scope;
  TestTask* failing[2] = {};
  TestTask* waiting = nullptr;
  TestTask* first = nullptr;  // Of those who failed.
  TestTask& owner;
};

TEST(ScopeExploration, TheFirstFailureOfTwoCancelsTheOthers) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    FailFast it(tasks, 2);

    tasks.program.Run();

    EXPECT_EQ(it.owner.status(), Status::kDone);
    ASSERT_NE(it.first, nullptr);
    EXPECT_EQ(it.scope->first_failed(), it.first);
    EXPECT_EQ(it.waiting->status(), Status::kCancelled);
    for (const TestTask* child : it.failing) {
      EXPECT_TRUE(child->ended());
      EXPECT_TRUE(child->status() == Status::kFailed ||
                  child->status() == Status::kCancelled);
    }
  });
}

TEST(ScopeExploration, AFailureAndACancellationFromOutside) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    FailFast it(tasks, 1);
    tasks.program.Sometime(3, [&it] { it.owner.Cancel(nullptr); });

    tasks.program.Run();
    // The owner may have seen its cancellation first: its scope is aborted.
    if (it.scope != nullptr) it.scope->AbortAll();

    EXPECT_TRUE(it.owner.ended());
    if (it.scope == nullptr) return;
    EXPECT_EQ(it.scope->live(), 0);
    EXPECT_TRUE(it.waiting->ended());
    if (it.owner.status() == Status::kDone) {
      EXPECT_EQ(it.scope->first_failed(), it.first);
    }
  });
}

TEST(ScopeExploration, ACancellationAndAnEndAreOneOrTheOther) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    int joined = 0;
    TestTask& task = tasks.Ends(tasks.root, Status::kDone, 2);
    tasks.Joins(tasks.root, task, joined);
    bool ended_before = false;
    tasks.program.Sometime(3, [&] {
      ended_before = task.ended();
      task.Cancel(nullptr);
    });

    tasks.program.Run();

    EXPECT_EQ(task.status(), ended_before ? Status::kDone : Status::kCancelled);
    EXPECT_EQ(joined, 1);
    EXPECT_EQ(tasks.root.live(), 0);
  });
}

TEST(ScopeExploration, AJoinThatIsCancelledLeavesTheOtherJoinAlone) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    int joined = 0;
    TestTask& task = tasks.Ends(tasks.root, Status::kDone, 2);
    TestTask& cancelled = tasks.Joins(tasks.root, task, joined);
    TestTask& other = tasks.Joins(tasks.root, task, joined);
    tasks.program.Sometime(3, [&cancelled] { cancelled.Cancel(nullptr); });

    tasks.program.Run();

    EXPECT_EQ(task.status(), Status::kDone);
    EXPECT_EQ(other.status(), Status::kDone);
    EXPECT_TRUE(cancelled.ended());
    EXPECT_EQ(joined, cancelled.status() == Status::kDone ? 2 : 1);
  });
}

TEST(ScopeExploration, AnAbortIsTheEndWhereverItComes) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    int joined = 0;
    TestTask& task = tasks.Ends(tasks.root, Status::kFailed, 2);
    tasks.Joins(tasks.root, task, joined);
    int ends = 0;
    task.on_ended = [&ends] { ++ends; };
    tasks.program.Sometime(2, [&task] { task.Cancel(nullptr); });
    tasks.program.Sometime(3, [&task] { task.Abort(); });

    tasks.program.Run();

    EXPECT_EQ(ends, 1);
    EXPECT_EQ(joined, 1);
    EXPECT_EQ(task.destroyed(), task.status() == Status::kAborted);
  });
}

// As a race: the first end of all decides, and the losers are waited for.
TEST(ScopeExploration, TheFirstEndOfARaceCancelsTheOthers) {
  Explore([](Explorer& explorer) {
    Tasks tasks(explorer);
    std::unique_ptr<Scope> scope;
    TestTask* first = nullptr;
    TestTask& owner = tasks.Start(tasks.root, [&](TestTask& self) {
      if (self.runs() == 1) {
        scope = std::make_unique<Scope>(self, Policy::kCancelOnEnd);
        for (int i = 0; i < 3; ++i) {
          TestTask& child = tasks.Ends(*scope, Status::kDone, 1);
          child.on_ended = [&first, &child] {
            if (first == nullptr) first = &child;
          };
        }
      }
      if (scope->live() > 0) return tasks.program.loop().Park(self, *scope);
      scope->Close();
      self.Finish();
    });

    tasks.program.Run();

    EXPECT_EQ(owner.status(), Status::kDone);
    EXPECT_EQ(scope->first_ended(), first);
    EXPECT_EQ(first->status(), Status::kDone);
  });
}

}  // namespace
}  // namespace lev
