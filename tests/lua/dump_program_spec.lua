-- The dump signal in programs of their own: standard error, and what the signal
-- does when the run is over.

local net = require "net_support"
local support = require "support"

describe("A program that enables the dump signal", function()
  local KILL = [[
    local file = io.open("/proc/self/stat")
    local pid = file:read("n")
    file:close()
    local function signal() os.execute("kill -USR1 " .. pid) end
  ]]

  it("gets the dump as one text on standard error", function()
    local text = support.program(KILL .. [[
      lev.run(function()
        lev.enable_dump_signal()
        signal()
        print("after")
      end)]])
    assert.matches('^=== LEV task dump ===\n  task #1 "main"  .*\n' ..
      "=== end dump ===\nafter\n$", text)
  end)

  it("dies of the signal again when the run is over", function()
    local text, code = support.program(KILL .. [[
      lev.run(function() lev.enable_dump_signal() end)
      signal()
      print("alive")]])
    assert.equal(128 + 10, code)
    assert.not_matches("alive", text)
  end)

  it("ignores it again if it did before", function()
    assert.equal("alive\nexit 0\n", net.subprocess(KILL .. [[
      local lev = require "lev"
      lev.run(function() lev.enable_dump_signal() end)
      signal()
      print("alive")]], "trap '' USR1;"))
  end)

  it("dies of the first signal when it has chosen another", function()
    local _, code = support.program(KILL .. [[
      lev.run(function()
        lev.enable_dump_signal()
        lev.enable_dump_signal("text", 12)
        signal()
      end)]])
    assert.equal(128 + 10, code)
  end)

  it("is told when a second signal finds the task in C", function()
    local text = support.program(KILL .. [[
      lev.run(function()
        lev.enable_dump_signal()
        coroutine.wrap(function()
          signal()
          signal()
        end)()
      end)]])
    assert.matches("^lev: task #1 is in a call of C, or in a coroutine of " ..
      "its own; the dump follows when it comes back\n" ..
      "=== LEV task dump ===\n", text)
  end)

  it("may leave from within the dump", function()
    local text, code = support.program(KILL .. [[
      lev.set_logger(function() os.exit(7, true) end)
      lev.run(function()
        lev.enable_dump_signal()
        signal()
      end)]])
    assert.same({ "", 7 }, { text, code })
  end)
end)
