-- Tests lev/lua/lua_log.cc.

local lev = require "lev"
local support = require "support"
local run = support.run

local function detached_failure(text)
  return run(function()
    lev.spawn(function() error(text, 0) end, { detached = true })
    lev.sleep(1)
    return "done"
  end)
end

describe("lev.set_logger", function()
  after_each(function() lev.set_logger(nil) end)

  it("takes a function of level and message", function()
    local calls = {}
    lev.set_logger(function(...) calls[#calls + 1] = table.pack(...) end)
    detached_failure("broken")
    assert.equal(1, #calls)
    assert.equal(2, calls[1].n)
    assert.equal("error", calls[1][1])
    assert.matches("^task #2 failed: broken\n", calls[1][2])
  end)

  it("takes an object with a method for the level", function()
    local logger = { messages = {} }
    function logger:error(message) table.insert(self.messages, message) end
    lev.set_logger(logger)
    detached_failure("broken")
    assert.matches("failed: broken", logger.messages[1])
  end)

  it("takes an object with a method log", function()
    local logger = { calls = {} }
    function logger:log(...) table.insert(self.calls, table.pack(...)) end
    lev.set_logger(logger)
    detached_failure("broken")
    assert.equal(2, logger.calls[1].n)
    local words = table.concat(logger.calls[1], " ")
    assert.matches("failed: broken", words)
    assert.matches("error", words)
  end)

  it("finds methods that are inherited", function()
    local seen
    lev.set_logger(setmetatable({}, {
      __index = { error = function(_, message) seen = message end } }))
    detached_failure("broken")
    assert.matches("broken", seen)
  end)

  it("holds for later runs", function()
    local count = 0
    lev.set_logger(function() count = count + 1 end)
    detached_failure("one")
    detached_failure("two")
    assert.equal(2, count)
  end)

  it("keeps the logger alive", function()
    local count = 0
    lev.set_logger(function() count = count + 1 end)
    collectgarbage()
    collectgarbage()
    detached_failure("one")
    assert.equal(1, count)
  end)

  it("may be called by a logger", function()
    local order = {}
    lev.set_logger(function()
      order[#order + 1] = "first"
      lev.set_logger(function() order[#order + 1] = "second" end)
      collectgarbage()
    end)
    detached_failure("one")
    detached_failure("two")
    assert.same({ "first", "second" }, order)
  end)

  it("refuses what cannot log", function()
    for _, value in ipairs({ 42, "stderr", true }) do
      assert.error_matches(function() lev.set_logger(value) end,
                           "logger object, function or nil expected")
    end
  end)

  it("lets a failing logger harm nobody", function()
    lev.set_logger(function() error("the disk is full") end)
    local output, code = support.program([[
      lev.set_logger(function() error("the disk is full", 0) end)
      print(lev.run(function()
        lev.spawn(function() error("broken", 0) end, { detached = true })
        lev.sleep(0.001)
        return "done"
      end))]])
    assert.equal(0, code)
    assert.matches("lev: task #2 failed: broken\n", output, 1, true)
    assert.matches("lev: the disk is full\n", output, 1, true)
    assert.matches("done\n$", output)
  end)

  it("lets a logger without methods harm nobody", function()
    local output, code = support.program([[
      lev.set_logger({})
      lev.run(function() lev.spawn(function() error("broken", 0) end) end)]])
    assert.equal(0, code)
    assert.matches("failed: broken", output)
    assert.matches("the logger has no method 'error' or 'log'", output)
  end)

  it("with nil goes back to standard error", function()
    local output, code = support.program([[
      lev.set_logger(function() print("must not be called") end)
      lev.set_logger(nil)
      lev.run(function() lev.spawn(function() error("broken", 0) end) end)]])
    assert.equal(0, code)
    assert.matches("^lev: task #2 failed: broken\nstack traceback:", output)
    assert.not_matches("must not", output)
  end)

  it("is told of a failure whose error cannot be told", function()
    local seen
    lev.set_logger(function(_, message) seen = message end)
    run(function()
      lev.spawn(function()
        error(setmetatable({}, { __tostring = function() error("no") end }))
      end)
    end)
    assert.matches("^task #2 failed: ", seen)
  end)
end)
