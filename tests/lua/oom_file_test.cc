// Memory that runs out while files are read and written.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, Files) {
  Try("files", kRequire, R"(
    assert(lev.run(function()
      local file <close> = assert(lev.open("/dev/zero", "r+"))
      assert(file:write("a", 1, {timeout = 30}))
      assert(#file:read(10) == 10)
      local none, why = lev.open("/none")
      assert(not none and why == "No such file or directory")
      local lines = assert(lev.open("/proc/self/limits"))
      for line in lines:lines() do assert(#line > 1) end
      assert(lines:seek("set") == 0 and lines:read(1) == "L")
      return lines:close()
    end))
  )");
}

TEST_F(OutOfMemory, WholeFiles) {
  Try("whole files", kRequire, R"(
    assert(lev.run(function()
      local path = "/tmp/lev_oom_file_test"
      assert(lev.write_file(path, "text", {sync = false, timeout = 30}))
      assert(lev.read_file(path) == "text")
      assert(lev.stat(path).size == 4)
      assert(lev.write_file_op("/none/such", "text"):perform() == nil)
      return os.remove(path)
    end))
  )");
}

TEST_F(OutOfMemory, StandardStreams) {
  Try("standard streams", kRequire, R"(
    assert(lev.run(function()
      return lev.stdin():close() and lev.stderr():close()
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
