-- Tests that a result and the end of its wait that come in the same turn have a
-- defined winner, in whichever order they come. "Both" is for both orders;
-- where the order decides, there is a test for each. The rule is in
-- lev/lua/lua_drive.cc: the step first, then the token, then the task's own
-- cancellation, then the time.

local lev = require "lev"
local same_tick = require "same_tick_support"
local inside = require("support").inside
local waiting, cancels, aborts = same_tick.waiting, same_tick.cancels,
  same_tick.aborts
local outcome, returns = same_tick.outcome, table.pack

-- A test in both orders of its two events.
local function both(title, body) it(title, same_tick.both(body)) end

describe("In the same turn, both: a result beats a cancellation:", function()
  both("a message", function(together)
    local channel = lev.channel(1)
    local task = waiting(function() return channel:recv() end)
    together(function() channel:try_send("m") end, cancels(task))
    assert.same(returns("m"), outcome(task))
  end)

  both("the end of a channel", function(together)
    local channel = lev.channel()
    local task = waiting(function() return channel:recv() end)
    together(function() channel:close() end, cancels(task))
    assert.same(returns(nil, "closed"), outcome(task))
  end)

  both("room in a channel", function(together)
    local channel = lev.channel(1)
    channel:send(1)
    local task = waiting(function() return channel:send(2) end)
    together(function() channel:try_recv() end, cancels(task))
    assert.same(returns(true), outcome(task))
    assert.equal(2, channel:try_recv())
  end)

  both("a lock", function(together)
    local mutex = lev.mutex()
    mutex:lock()
    local task = waiting(function()
      local got = mutex:lock()
      mutex:unlock()
      return got
    end)
    together(function() mutex:unlock() end, cancels(task))
    assert.same(returns(true), outcome(task))
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end)

  both("permits", function(together)
    local semaphore = lev.semaphore(1)
    semaphore:acquire()
    local task = waiting(function() return semaphore:acquire() end)
    together(function() semaphore:release() end, cancels(task))
    assert.same(returns(true), outcome(task))
    assert.equal(0, semaphore:available())
  end)

  both("an event", function(together)
    local event = lev.event()
    local task = waiting(function() return event:wait() end)
    together(function() event:set() end, cancels(task))
    assert.same(returns(true), outcome(task))
  end)

  both("the end of a group", function(together)
    local group = lev.waitgroup()
    group:add()
    local task = waiting(function() return group:wait() end)
    together(function() group:done() end, cancels(task))
    assert.same(returns(true), outcome(task))
  end)

  both("a fired token that is waited for", function(together)
    local token = lev.cancel_token()
    local task = waiting(function() return token:wait() end)
    together(function() token:cancel("why") end, cancels(task))
    assert.same(returns(true, "why"), outcome(task))
  end)

  both("the end of a task", function(together)
    local ending = waiting(function() lev.sleep(9) end)
    local task = waiting(function() return ending:await() end)
    together(aborts(ending), cancels(task))
    assert.same(returns(nil, "aborted"), outcome(task))
  end)

  both("a ready operation", function(together)
    local channel = lev.channel(1)
    local task = waiting(function()
      return lev.select { data = channel, late = 60 }
    end)
    together(function() channel:try_send("m") end, cancels(task))
    assert.same(returns("data", "m"), outcome(task))
  end)

  it("time that is over", inside(function()
    local task = waiting(function() return lev.sleep(1) end)
    lev.sleep(1)
    task:cancel()
    assert.same(returns(true), outcome(task))
  end))

  it("but not the next suspension point", inside(function()
    local channel = lev.channel(1)
    local task = waiting(function()
      channel:recv()
      lev.yield()
    end)
    channel:try_send("m")
    task:cancel("late")
    assert.same(returns(nil, "cancelled", "late"), outcome(task))
  end))
end)

describe("In the same turn, both: a result beats a token:", function()
  both("a message", function(together)
    local channel, token = lev.channel(1), lev.cancel_token()
    local task = waiting(function()
      return channel:recv { cancel = token }
    end)
    together(function() channel:try_send("m") end,
             function() token:cancel() end)
    assert.same(returns("m"), outcome(task))
  end)

  both("a meeting of two", function(together)
    local barrier, token = lev.barrier(2), lev.cancel_token()
    local first = waiting(function()
      return barrier:wait { cancel = token }
    end)
    local place
    together(function() place = barrier:wait(1) end,
             function() token:cancel() end)
    -- Who came and was told to go before the other came, is not counted.
    local met = outcome(first)
    assert.equal(place == nil, met[1] == nil)
    if met[1] == nil then assert.equal("cancelled", met[2]) end
  end)

  both("a ready operation", function(together)
    local event, token = lev.event(), lev.cancel_token()
    local task = waiting(function()
      return lev.select({ event }, { cancel = token })
    end)
    together(function() event:set() end, function() token:cancel() end)
    assert.same(returns(1, true), outcome(task))
  end)
end)

-- Two timers of the same moment: the one that was set first fires first.
describe("In the same turn: a result and a timeout:", function()
  -- When `act` comes at a waiter's deadline, from a timer that was set before
  -- the waiter's or after; returns what the waiter got.
  local function at_the_deadline(before, act, wait)
    local function actor() lev.sleep(1) act() end
    if before then waiting(actor) end
    local task = waiting(wait)
    if not before then waiting(actor) end
    return outcome(task)
  end

  -- The result wins, if it is there when the waiter's turn comes.
  local function race_of(title, make, result)
    it(title .. " wins if it comes first", inside(function()
      assert.same(result, at_the_deadline(true, make()))
    end))

    it(title .. " is too late if it comes second", inside(function()
      assert.same(returns(nil, "timeout"), at_the_deadline(false, make()))
    end))
  end

  race_of("a message", function()
    local channel = lev.channel(1)
    return function() channel:try_send("m") end,
      function() return channel:recv(1) end
  end, returns("m"))

  race_of("permits", function()
    local semaphore = lev.semaphore(1)
    semaphore:acquire()
    return function() semaphore:release() end,
      function() return semaphore:acquire(1, 1) end
  end, returns(true))

  race_of("an event", function()
    local event = lev.event()
    return function() event:set() end, function() return event:wait(1) end
  end, returns(true))

  race_of("a notice", function()
    local mutex = lev.mutex()
    local condition = lev.condition(mutex)
    return function() condition:notify() end, function()
      mutex:lock()
      local got, err = condition:wait(1)
      mutex:unlock()
      if got then return got end
      return nil, err
    end
  end, returns(true))

  race_of("the end of a task", function()
    local ending = lev.spawn(function() lev.sleep(9) end)
    return function() ending:abort() end,
      function() return ending:await(1) end
  end, returns(nil, "aborted"))

  race_of("the end of a group", function()
    local group = lev.waitgroup()
    group:add()
    return function() group:done() end, function() return group:wait(1) end
  end, returns(true))

  race_of("a lock", function()
    local mutex = lev.mutex()
    local holder = waiting(function() mutex:lock() lev.sleep(9) end)
    lev.set_logger(function() end)  -- It is told that a lock was taken away.
    return function() holder:abort() end, function()
      local got, err = mutex:lock(1)
      if got then return mutex:unlock() end
      return nil, err
    end
  end, returns(true))

  both("of what has come already there is no timeout", function(together)
    local channel = lev.channel(1)
    local task = waiting(function() return channel:recv(1) end)
    together(function() lev.sleep(0.5) end,
             function() channel:try_send("m") end)
    assert.same(returns("m"), outcome(task))
  end)

  it("two that meet at their deadlines do not meet", inside(function()
    local channel = lev.channel()
    local task = waiting(function() return channel:send(1, 1) end)
    assert.same(returns(true), returns(channel:recv(1) == 1))
    assert.same(returns(true), outcome(task))
    local sender = waiting(function()
      lev.sleep(1)
      return channel:send(2, 0)
    end)
    assert.same(returns(nil, "timeout"), returns(channel:recv(0.5)))
    assert.same(returns(nil, "timeout"), outcome(sender))
  end))
end)
