// Tests lev/observe/task_dump_text.cc and lev/observe/task_dump_json.cc.

#include "lev/observe/task_dump.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace lev {
namespace {

TaskInfo Task1() {
  TaskInfo task;
  task.id = 1;
  task.name = "main";
  task.status = "pending";
  task.co_status = "suspended";
  return task;
}

TaskInfo Task2() {
  TaskInfo task = Task1();
  task.id = 2;
  task.name = "sleeper";
  task.parent_id = 1;
  return task;
}

TEST(FormatText, IsThatOfTheContract) {
  EXPECT_EQ(FormatText({Task1(), Task2()}),
            "=== LEV task dump ===\n"
            "  task #1 \"main\"  status=pending  co=suspended  "
            "detached=false  parent=none\n"
            "  task #2 \"sleeper\"  status=pending  co=suspended  "
            "detached=false  parent=1\n"
            "=== end dump ===");
}

TEST(FormatText, OfNobodyHasTwoLines) {
  EXPECT_EQ(FormatText({}), "=== LEV task dump ===\n=== end dump ===");
}

TEST(FormatText, LeavesOutTheNameOfATaskThatHasNone) {
  TaskInfo task = Task1();
  task.name.clear();
  task.detached = true;
  EXPECT_EQ(FormatText({task}),
            "=== LEV task dump ===\n"
            "  task #1  status=pending  co=suspended  detached=true  "
            "parent=none\n"
            "=== end dump ===");
}

TEST(FormatText, HasTheWaitAndTheTracebackIndentedBelow) {
  TaskInfo task = Task2();
  task.wait = {.on = "fd 7 to be readable",
               .verb = "socket:recv",
               .object = "lev.tcp: fd 7, 127.0.0.1:1 -> 127.0.0.1:2",
               .since = 1.2344,
               .deadline = 3.7656};
  task.spawned_at = "app.lua:3";
  task.traceback = "stack traceback:\n\t[C]: in method 'recv'\n\tapp.lua:9";
  EXPECT_EQ(FormatText({task}),
            "=== LEV task dump ===\n"
            "  task #2 \"sleeper\"  status=pending  co=suspended  "
            "detached=false  parent=1\n"
            "    waits for fd 7 to be readable in socket:recv on lev.tcp: "
            "fd 7, 127.0.0.1:1 -> 127.0.0.1:2, for 1.234 s, deadline in "
            "3.766 s\n"
            "    stack traceback:\n"
            "      [C]: in method 'recv'\n"
            "      app.lua:9\n"
            "    spawned at app.lua:3\n"
            "=== end dump ===");
}

TEST(FormatText, KeepsEachTaskOnItsLineWhateverItsName) {
  TaskInfo task = Task1();
  task.name = "a\n\"b\" \xc3\xa9";
  EXPECT_EQ(FormatText({task}),
            "=== LEV task dump ===\n"
            "  task #1 \"a\\n\\\"b\\\" \xc3\xa9\"  status=pending  "
            "co=suspended  detached=false  parent=none\n"
            "=== end dump ===");
}

TEST(FormatJson, IsAnArrayOfObjectsInOneLine) {
  TaskInfo task = Task2();
  task.wait = {.on = "its turn",
               .verb = "lev.yield",
               .object = "",
               .since = 0.5,
               .deadline = 2.5};
  task.traceback = "stack traceback:\n\t[C]";
  EXPECT_EQ(FormatJson({task}),
            R"([{"id":2,"name":"sleeper","status":"pending",)"
            R"("detached":false,"parent_id":1,"co_status":"suspended",)"
            R"("wait":{"on":"its turn","verb":"lev.yield","object":null,)"
            R"("since":0.5,"deadline":2.5},"spawned_at":null,)"
            R"("traceback":"stack traceback:\n\t[C]"}])");
}

TEST(FormatJson, SaysNullOfWhatThereIsNot) {
  TaskInfo task = Task1();
  task.name.clear();
  EXPECT_EQ(FormatJson({task}),
            R"([{"id":1,"name":null,"status":"pending","detached":false,)"
            R"("parent_id":null,"co_status":"suspended","wait":null,)"
            R"("spawned_at":null,"traceback":null}])");
}

TEST(FormatJson, OfNobodyIsAnEmptyArray) { EXPECT_EQ(FormatJson({}), "[]"); }

TEST(FormatJson, ReplacesWhatIsNotUtf8) {
  TaskInfo task = Task1();
  task.name = "a\xff\nb";
  EXPECT_NE(FormatJson({task}).find("\"a\xef\xbf\xbd\\nb\""),
            std::string::npos);
}

}  // namespace
}  // namespace lev
