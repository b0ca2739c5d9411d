#include "lev/observe/task_info.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "tests/support/bell.h"
#include "tests/support/fake_world.h"
#include "tests/support/test_task.h"

namespace lev {
namespace {

class TaskInfoTest : public ::testing::Test {
 protected:
  Bell bell_{"the bell"};
  FakeWorld world_;
  EventLoop& loop_ = world_.loop;
  Scope root_{loop_};
};

TEST_F(TaskInfoTest, SaysWhoTheTaskIs) {
  TestTask task(root_, "worker",
                [this](TestTask& self) { loop_.Park(self, {}); });
  const TaskInfo info = Describe(task);
  EXPECT_EQ(info.id, task.id());
  EXPECT_EQ(info.name, "worker");
  EXPECT_EQ(info.status, "pending");
  EXPECT_EQ(info.parent_id, task.parent_id());
}

TEST_F(TaskInfoTest, ANewTaskWaitsForItsTurn) {
  TestTask task(root_, "", [this](TestTask& self) { loop_.Park(self, {}); });
  EXPECT_EQ(Describe(task).wait->on, "its turn");
}

TEST_F(TaskInfoTest, AParkedTaskWaitsForItsLists) {
  TestTask task(root_, "", [this](TestTask& self) { loop_.Park(self, bell_); });
  EXPECT_FALSE(loop_.Run().ok());
  const TaskInfo info = Describe(task);
  EXPECT_EQ(info.wait->on, "the bell");
  EXPECT_EQ(info.wait->deadline, std::nullopt);
}

TEST_F(TaskInfoTest, ADeadlineIsToldInSecondsFromNow) {
  std::optional<TaskInfo> info;
  TestTask task(root_, "", [&](TestTask& self) {
    loop_.Park(self, bell_, After(loop_.now(), 90 * kSecond));
  });
  TestTask watcher(root_, "", [&](TestTask& self) {
    if (self.runs() == 2) {
      info = Describe(task);
      task.Abort();
      return self.Finish();
    }
    loop_.Park(self, {}, After(loop_.now(), 60 * kSecond));
  });
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(info->wait->on, "the bell");
  EXPECT_EQ(info->wait->deadline, 30.0);
}

TEST_F(TaskInfoTest, ASleeperWaitsForATimer) {
  std::string on;
  TestTask task(root_, "", [&](TestTask& self) {
    loop_.Park(self, {}, After(loop_.now(), kSecond));
  });
  TestTask watcher(root_, "", [&](TestTask& self) {
    on = Describe(task).wait->on;
    task.Abort();
    self.Finish();
  });
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_EQ(on, "a timer");
}

TEST_F(TaskInfoTest, TheTaskThatRunsWaitsForNothing) {
  bool waits = true;
  TestTask task(root_, "", [&](TestTask& self) {
    waits = Describe(self).wait.has_value();
    self.Finish();
  });
  EXPECT_TRUE(loop_.Run().ok());
  EXPECT_FALSE(waits);
}

}  // namespace
}  // namespace lev
