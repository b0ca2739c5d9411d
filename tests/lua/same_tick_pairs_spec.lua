-- Tests that of two ends of a wait, of two who wait, and of two things that are
-- selected one is defined to win, when they come in the same turn. "Both" is
-- for both orders.

local lev = require "lev"
local same_tick = require "same_tick_support"
local inside = require("support").inside
local waiting, cancels, aborts = same_tick.waiting, same_tick.cancels,
  same_tick.aborts
local outcome, returns = same_tick.outcome, table.pack

-- A test in both orders of its two events.
local function both(title, body) it(title, same_tick.both(body)) end

describe("In the same turn, both: of two ends of a wait", function()
  both("the token comes before the task's cancellation", function(together)
    local token, told = lev.cancel_token(), nil
    local task = waiting(function()
      told = returns(lev.sleep(9, token))
      lev.sleep(9)
    end)
    together(function() token:cancel() end, cancels(task, "why"))
    assert.same(returns(nil, "cancelled", "why"), outcome(task))
    assert.same(returns(nil, "cancelled"), told)
  end)

  it("the token comes before the timeout", inside(function()
    for _, before in ipairs { true, false } do
      local token = lev.cancel_token()
      local function fire() lev.sleep(1) token:cancel() end
      if before then waiting(fire) end
      local task = waiting(function()
        return lev.channel():recv { timeout = 1, cancel = token }
      end)
      if not before then waiting(fire) end
      assert.same(returns(nil, before and "cancelled" or "timeout"),
                  outcome(task))
    end
  end))

  it("the task's cancellation comes before the timeout", inside(function()
    local victim
    waiting(function() lev.sleep(1) victim:cancel("why") end)
    victim = waiting(function() return lev.channel():recv(1) end)
    assert.same(returns(nil, "cancelled", "why"), outcome(victim))
  end))

  both("an abort comes before a cancellation", function(together)
    local task = waiting(function() lev.sleep(9) end)
    together(aborts(task), cancels(task))
    assert.same(returns(nil, "aborted"), outcome(task))
  end)

  both("an abort comes before a result", function(together)
    local channel = lev.channel(1)
    local task = waiting(function() return channel:recv() end)
    together(aborts(task), function() channel:try_send("m") end)
    assert.same(returns(nil, "aborted"), outcome(task))
    assert.equal("m", channel:try_recv())
  end)

  both("the first cancellation gives the reason", function(together, swapped)
    local task = waiting(function() lev.sleep(9) end)
    together(cancels(task, "one"), cancels(task, "other"))
    assert.same(returns(nil, "cancelled", swapped and "other" or "one"),
                outcome(task))
  end)

  both("the first firing of a token counts", function(together, swapped)
    local token = lev.cancel_token()
    local child = token:child()
    together(function() token:cancel("parent") end,
             function() child:cancel("child") end)
    assert.equal(swapped and "child" or "parent", child.reason)
    assert.equal("parent", token.reason)
  end)

  both("the task's or its scope's, the first gives the reason",
    function(together, swapped)
      local task
      lev.scope(function(scope)
        task = waiting(function() lev.sleep(9) end)
        together(cancels(task, "own"), function() scope:cancel("scope") end)
      end)
      assert.same(returns(nil, "cancelled", swapped and "scope" or "own"),
                  outcome(task))
    end)
end)

describe("In the same turn: who is served", function()
  both("of two senders is the first", function(together, swapped)
    local channel, senders = lev.channel(), {}
    local function send(i)
      return function()
        senders[#senders + 1] = lev.spawn(function() channel:send(i) end)
      end
    end
    together(send(1), send(2))
    local got = { channel:recv(), channel:recv() }
    assert.same(swapped and { 2, 1 } or { 1, 2 }, got)
  end)

  it("of two receivers is the first, though it is cancelled", inside(function()
    local channel = lev.channel(1)
    local first = waiting(function() return channel:recv() end)
    local second = waiting(function() return channel:recv(5) end)
    channel:try_send("m")
    first:cancel()
    assert.same(returns("m"), outcome(first))
    assert.same(returns(nil, "timeout"), outcome(second))
  end))

  both("of two receivers is the second, if the first is aborted",
    function(together)
      local channel = lev.channel(1)
      local first = waiting(function() return channel:recv() end)
      local second = waiting(function() return channel:recv(5) end)
      together(function() channel:try_send("m") end, aborts(first))
      assert.same(returns("m"), outcome(second))
    end)

  both("of two who lock is the second, if the first is aborted",
    function(together)
      local mutex = lev.mutex()
      mutex:lock()
      local function lock()
        local got = mutex:lock(5)
        mutex:unlock()
        return got
      end
      local first, second = waiting(lock), waiting(lock)
      together(function() mutex:unlock() end, aborts(first))
      assert.same(returns(true), outcome(second))
    end)

  both("of two who want permits is the second, if the first is aborted",
    function(together)
      local semaphore = lev.semaphore(2)
      semaphore:acquire(2)
      local first = waiting(function() return semaphore:acquire(2) end)
      local second = waiting(function() return semaphore:acquire(1, 5) end)
      together(function() semaphore:release(2) end, aborts(first))
      assert.same(returns(true), outcome(second))
      assert.equal(1, semaphore:available())
    end)

  both("of two who wait for a notice is the second, if the first is aborted",
    function(together)
      local mutex = lev.mutex()
      local condition = lev.condition(mutex)
      local function wait()
        mutex:lock()
        local locked <close> = mutex
        return condition:wait(5)
      end
      local first, second = waiting(wait), waiting(wait)
      together(function() condition:notify() end, aborts(first))
      assert.same(returns(true), outcome(second))
    end)

  it("is who waited, not who asks now", inside(function()
    local mutex, channel = lev.mutex(), lev.channel(1)
    mutex:lock()
    channel:send(1)
    local locker = waiting(function() mutex:lock() mutex:unlock() end)
    local sender = waiting(function() channel:send(2) end)
    mutex:unlock()
    assert.same(returns(nil, "busy"), returns(mutex:try_lock()))
    assert.equal(1, channel:try_recv())
    assert.same(returns(nil, "full"), returns(channel:try_send(3)))
    locker:await()
    sender:await()
    assert.equal(2, channel:recv())
  end))
end)

describe("In the same turn: of a channel", function()
  both("that is closed, what was sent before is received",
    function(together, swapped)
      local channel = lev.channel(1)
      local task = waiting(function() return channel:recv() end)
      local sent
      together(function() sent = returns(channel:try_send("m")) end,
               function() channel:close() end)
      assert.same(swapped and returns(nil, "closed") or returns(true), sent)
      assert.same(swapped and returns(nil, "closed") or returns("m"),
                  outcome(task))
    end)

  it("that is closed, blocked sends are received", inside(function()
    local channel = lev.channel()
    local sender = waiting(function() return channel:send("m") end)
    channel:close()
    assert.same({ "m" }, { channel:recv() })
    assert.same(returns(true), outcome(sender))
  end))

  both("that is closed, a cancelled sender has not sent", function(together)
    local channel = lev.channel()
    local sender = waiting(function() channel:send("m") end)
    together(function() channel:close() end, cancels(sender))
    assert.same({ nil, "cancelled" }, { sender:await() })
    assert.same(returns(nil, "closed"), returns(channel:recv()))
  end)
end)

describe("In the same turn: of a select", function()
  both("what is handed over first wins", function(together, swapped)
    local a, b = lev.channel(1), lev.channel(1)
    local task = waiting(function() return lev.select { a, b } end)
    together(function() a:try_send("a") end, function() b:try_send("b") end)
    assert.same(swapped and returns(2, "b") or returns(1, "a"), outcome(task))
    assert.equal(swapped and "a" or "b", (swapped and a or b):try_recv())
  end)

  both("what is there when it is called is taken in the order of the list",
    function(together)
      local a, b = lev.channel(1), lev.channel(1)
      together(function() a:try_send("a") end, function() b:try_send("b") end)
      assert.same(returns(1, "a"), returns(lev.select { a, b }))
      assert.same(returns(2, "b"), returns(lev.select { a, b }))
    end)

  both("of what is true for all, the first in the list wins",
    function(together)
      local a, b = lev.cancel_token(), lev.cancel_token()
      local task = waiting(function() return (lev.select { a, b }) end)
      together(function() a:cancel() end, function() b:cancel() end)
      assert.same(returns(1), outcome(task))
    end)

  both("the names come after the list, in their order", function(together)
    local a, b = lev.cancel_token(), lev.cancel_token()
    local task = waiting(function()
      return (lev.select { lev.sleep_op(9), z = a, y = b })
    end)
    together(function() a:cancel() end, function() b:cancel() end)
    assert.same(returns("y"), outcome(task))
  end)

  both("a token in the list is one of it", function(together)
    local token, channel = lev.cancel_token(), lev.channel(1)
    local task = waiting(function() return lev.select { channel, token } end)
    together(function() token:cancel("why") end,
             function() channel:try_send("m") end)
    assert.same(returns(1, "m"), outcome(task))
  end)

  both("an abort wins, and nothing is taken", function(together)
    local a, semaphore = lev.channel(1), lev.semaphore(1)
    semaphore:acquire()
    local task = waiting(function()
      return lev.select { a, semaphore:acquire_op() }
    end)
    together(function()
      a:try_send("a")
      semaphore:release()
    end, aborts(task))
    assert.same(returns(nil, "aborted"), outcome(task))
    assert.equal("a", a:try_recv())
    assert.equal(1, semaphore:available())
  end)

  it("a member wins over its own timeout", inside(function()
    local channel = lev.channel(1)
    waiting(function() lev.sleep(1) channel:try_send("m") end)
    assert.same(returns(1, "m"), returns(lev.select({ channel }, 1)))
  end))

  both("two who select from each other meet once", function(together)
    local a, b = lev.channel(), lev.channel()
    local tasks = {}
    local function player(out, into, i)
      return function()
        tasks[i] = lev.spawn(function()
          return (lev.select({ sent = out:send_op(i), got = into }, 1))
        end)
      end
    end
    together(player(a, b, 1), player(b, a, 2))
    local one, two = tasks[1]:await(), tasks[2]:await()
    assert.same({ got = true, sent = true }, { [one] = true, [two] = true })
  end)
end)
