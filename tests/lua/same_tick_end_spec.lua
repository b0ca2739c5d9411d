-- Tests that of two ends of tasks, scopes, races and runs that come in the same
-- turn one is defined to win. "Both" is for both orders.

local lev = require "lev"
local same_tick = require "same_tick_support"
local support = require "support"
local inside = support.inside
local waiting, cancels, aborts = same_tick.waiting, same_tick.cancels,
  same_tick.aborts
local outcome, returns = same_tick.outcome, table.pack

-- A test in both orders of its two events.
local function both(title, body) it(title, same_tick.both(body)) end


describe("In the same turn: of the children of a scope", function()
  both("the first that fails counts", function(together, swapped)
    local a, b = lev.event(), lev.event()
    lev.set_logger(function() end)  -- It hears of the second.
    local _, err = lev.scope(function(scope)
      scope:spawn(function() a:wait() error("a", 0) end)
      scope:spawn(function() b:wait() error("b", 0) end)
      lev.yield()
      together(function() a:set() end, function() b:set() end)
    end)
    assert.equal(swapped and "b" or "a", err)
  end)

  both("a failed one comes before the cancellation of the scope",
    function(together)
      local event = lev.event()
      local _, err = lev.scope(function(scope)
        local child = scope:spawn(function() event:wait() error("bad", 0) end)
        lev.yield()
        together(function() event:set() end,
                 function() scope:cancel("why") end)
        assert.same("bad", select(2, child:await()))
      end)
      assert.is_true(err == "bad" or err == nil)
    end)

  it("an error comes before the deadline, if it comes first", inside(function()
    local event = lev.event()
    waiting(function() lev.sleep(1) event:set() end)
    lev.yield()
    local _, err = lev.scope({ timeout = 1 }, function(scope)
      scope:spawn(function() event:wait() error("bad", 0) end)
    end)
    assert.equal("bad", err)
  end))

  it("the deadline comes before an error of the same moment",
    inside(function()
      local _, err = lev.scope({ timeout = 1 }, function(scope)
        scope:spawn(function() lev.sleep(1) lev.yield() error("bad", 0) end)
        lev.sleep(9)
      end)
      assert.equal("timeout", err)
    end))

  it("the outer of two deadlines of the same moment counts", inside(function()
    local inner
    local outer = returns(lev.scope({ timeout = 1 }, function()
      inner = returns(lev.scope({ timeout = 1 }, function() lev.sleep(9) end))
      lev.sleep(9)
    end))
    assert.same(returns(nil, "timeout"), outer)
    assert.is_true(inner == nil or inner[2] == "timeout")
  end))
end)

describe("In the same turn: with_timeout", function()
  it("returns a result of the moment of its deadline", inside(function()
    assert.same(returns("result"), returns(lev.with_timeout(1, function()
      lev.sleep(1)
      return "result"
    end)))
  end))

  both("is ended by the caller's cancellation, too", function(together)
    local event, inner = lev.event(), nil
    local task = waiting(function()
      inner = returns(lev.with_timeout(9, function()
        event:wait()
        return "result"
      end))
      lev.yield()
    end)
    together(function() event:set() end, cancels(task, "why"))
    assert.same(returns(nil, "cancelled", "why"), outcome(task))
    assert.is_true(inner == nil or inner[1] == "result")
  end)
end)

describe("In the same turn: of a race", function()
  both("the first that ends wins", function(together, swapped)
    local a, b = lev.event(), lev.event()
    local race = waiting(function()
      return lev.race { function() a:wait() return "a" end,
                        function() b:wait() return "b" end }
    end)
    lev.yield()
    together(function() a:set() end, function() b:set() end)
    assert.same(returns(swapped and "b" or "a"), outcome(race))
  end)

  both("the first that ends wins, by success or error",
    function(together, swapped)
      local a, b = lev.event(), lev.event()
      local race = waiting(function()
        local ok, err = lev.race { function() a:wait() error("bad", 0) end,
                                   function() b:wait() return "b" end }
        return ok, err
      end)
      lev.set_logger(function() end)  -- Who loses may fail, which is logged.
      lev.yield()
      together(function() a:set() end, function() b:set() end)
      assert.same(swapped and returns("b", nil) or returns(nil, "bad"),
                  outcome(race))
    end)

  both("of all, the first error counts", function(together, swapped)
    local a, b = lev.event(), lev.event()
    local all = waiting(function()
      local _, err = lev.all { function() a:wait() error("a", 0) end,
                               function() b:wait() error("b", 0) end }
      return err
    end)
    lev.set_logger(function() end)
    lev.yield()
    together(function() a:set() end, function() b:set() end)
    assert.same(returns(swapped and "b" or "a"), outcome(all))
  end)
end)

describe("In the same turn: of a task", function()
  both("that is joined and aborted, the joiner is told",
    function(together, swapped)
      local event = lev.event()
      local task = waiting(function() event:wait() return "end" end)
      local joiner = waiting(function() return task:await() end)
      together(function() event:set() end, aborts(task))
      assert.same(returns(nil, "aborted"), outcome(joiner))
    end)

  it("that has ended, an abort changes nothing", inside(function()
    local task = lev.spawn(function() return "end" end)
    lev.yield()
    task:abort()
    task:cancel()
    assert.same(returns("end"), outcome(task))
  end))

  both("that is shielded, both its result and its end count",
    function(together)
      local event, inner = lev.event(), nil
      local task = waiting(function()
        inner = lev.shield(function() event:wait() return "inside" end)
        lev.yield()
      end)
      together(function() event:set() end, cancels(task, "why"))
      assert.same(returns(nil, "cancelled", "why"), outcome(task))
      assert.equal("inside", inner)
    end)

  both("that ends with a lock and is waited for, the next has it",
    function(together)
      local mutex = lev.mutex()
      local messages = {}
      lev.set_logger(function(_, text) messages[#messages + 1] = text end)
      local holder = waiting(function() mutex:lock() lev.sleep(9) end)
      local first = waiting(function() return mutex:lock() end)
      local second = waiting(function()
        local got = mutex:lock(5)
        mutex:unlock()
        return got
      end)
      together(aborts(holder), aborts(first))
      assert.same(returns(true), outcome(second))
      assert.equal(1, #messages)
    end)
end)

describe("In the same turn: lev.stop", function()
  it("comes before what is ready", function()
    local reached = false
    local results = returns(support.run(function()
      local event = lev.event()
      lev.spawn(function() event:set() lev.stop() end)
      event:wait()
      reached = true
    end))
    assert.is_false(reached)
    assert.same(returns(nil, "stopped"), results)
  end)

  it("comes after a main task that has ended", function()
    assert.same(returns("result"), returns(support.run(function()
      lev.spawn(function() lev.sleep(1) lev.stop() end)
      return "result"
    end)))
  end)

  it("comes after its own caller's results", function()
    assert.same(returns("result"), returns(support.run(function()
      lev.stop()
      return "result"
    end)))
  end)
end)

-- The kernel tells of the pipe first, and of the arrival in the same turn: the
-- select, which was woken for that, takes the token.
describe("In the same turn: an arrival that a select leaves", function()
  it("goes to the next who accepts", function()
    assert.same(returns("token", "accepted"), returns(lev.run(function()
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local reader, writer = lev.pipe()
      local token = lev.cancel_token()
      local select = waiting(function()
        return (lev.select { token = token, z = listener })
      end)
      local other = waiting(function()
        local socket <close> = listener:accept(20)
        return socket and "accepted"
      end)
      waiting(function() reader:recv(1, 20) token:cancel() end)
      lev.sleep(0)
      writer:send("x")
      local client <close> = assert(lev.connect("127.0.0.1", port, 20))
      reader:close()
      writer:close()
      local began = lev.now()
      local key, accepted = select:await(), other:await()
      -- Not only when its time is over.
      return key, lev.now() < began + 15 and accepted
    end)))
  end)
end)

-- A kernel object: a child and its exit.
describe("In the same turn: a child that ends and is killed", function()
  it("has ended", function()
    assert.same(returns(3, nil, 3), returns(lev.run(function()
      local child <close> = assert(lev.exec("sh", { "-c", "exit 3" }))
      local _, err = child:read_all(20)
      assert(not err, err)
      -- It has closed its output, and is about to exit or has.
      local code, signal = child:wait(20)
      child:kill(lev.SIGKILL)
      return code, signal, (child:wait(20))
    end)))
  end)
end)
