// Memory that runs out while processes start, and signals come.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, Processes) {
  Try("processes", kRequire, R"(
    assert(lev.run(function()
      local proc <close> = assert(lev.exec("cat", {"-"}, {
        env = {"A=1", B = 2}, cwd = "/", stderr = {file = "/dev/null"},
        rlimits = {core = 0}}))
      assert(proc:send("text\n"))
      assert(proc:recv_until("\n", 5) == "text\n")
      assert(proc:close_stdin())
      assert(proc:read_all(5) == "")
      return proc:wait(5) == 0
    end))
  )");
}

TEST_F(OutOfMemory, Capturing) {
  Try("capturing", kRequire, R"(
    assert(lev.run(function()
      local token = lev.cancel_token()
      local done = assert(lev.exec_capture("cat", nil,
        {stdin = "text", cancel = token, timeout = 30}))
      local none, why = lev.exec_capture("/none")
      assert(not none and why == "No such file or directory")
      return done.stdout == "text" and done.code == 0
    end))
  )");
}

TEST_F(OutOfMemory, Signals) {
  Try("signals", kRequire, R"(
    lev.set_logger(function() end)
    assert(lev.run(function()
      local came = 0
      assert(lev.on_signal(lev.SIGURG, function() came = came + 1 end))
      assert(lev.on_signal(lev.SIGURG, function() came = came + 1 end))
      os.execute("kill -URG $PPID")
      for _ = 1, 100 do
        if came == 2 then return true end
        lev.sleep(0.001)
      end
      error("not enough memory")
    end))
  )");
}

TEST_F(OutOfMemory, ScriptedProcesses) {
  Try("scripted processes", kRequire, R"(
    local test = require "lev.test"
    assert(test.run(function(net)
      net:host("main"):program("cat", function(process)
        local text = process.stdin:recv(10)
        process.stdout:send(text .. process.args[1] .. process.env.A)
        return 3
      end)
      local done = assert(lev.exec_capture("cat", {"x"},
                                           {stdin = "text", env = {A = "1"}}))
      assert(done.code == 3 and done.stdout == "textx1")
      return true
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
