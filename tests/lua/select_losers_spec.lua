-- Tests lev/lua/lua_choice.cc: what loses in a choice leaves no trace, and
-- takes nothing from others.

local lev = require "lev"
local net = require "net_support"
local support = require "support"
local inside = support.inside

describe("the losers", function()
  it("give back what was theirs: an aborted select", inside(function()
    local semaphore, channel = lev.semaphore(1), lev.channel()
    local mutex = lev.mutex()
    semaphore:acquire()
    mutex:lock()
    local task = lev.spawn(function()
      return lev.select { semaphore:acquire_op(), channel:send_op("m"),
        channel:recv_op(), lev.event(), mutex:lock_op({ timeout = 9 }) }
    end)
    lev.yield()
    task:abort()
    semaphore:release()
    mutex:unlock()
    assert.is_true(mutex:try_lock())
    mutex:unlock()
    assert.equal(1, semaphore:available())
    local stats = channel:stats()
    assert.same({ 0, 0 }, { stats.senders, stats.receivers })
  end))

  it("give back a grant that came with the abort", inside(function()
    local semaphore = lev.semaphore(1)
    semaphore:acquire()
    local task = lev.spawn(function()
      return lev.select { lev.channel(), semaphore:acquire_op() }
    end)
    lev.yield()
    semaphore:release()
    task:abort()
    assert.equal(1, semaphore:available())
  end))

  it("leave nothing behind when their coroutine is closed", inside(function()
    local semaphore, channel, thread = lev.semaphore(1), lev.channel(), nil
    semaphore:acquire()
    local task = lev.spawn(function()
      thread = coroutine.running()
      return lev.select { semaphore:acquire_op(), channel:recv_op() }
    end)
    lev.yield()
    coroutine.close(thread)
    task:cancel()
    task:await()
    semaphore:release()
    assert.equal(1, semaphore:available())
    assert.equal(0, channel:stats().receivers)
  end))

  it("keep their bytes: a receive that lost takes none", function()
    lev.run(function()
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local client <close> = assert(lev.connect("127.0.0.1", port))
      local server <close> = assert(listener:accept())
      client:send("part")
      assert.same({ 2, true },
        { lev.select { server:recv_exactly_op(8), lev.sleep_op(0.01) } })
      client:send("rest")
      assert.same({ 1, "partrest" },
        { lev.select { server:recv_exactly_op(8), lev.sleep_op(5) } })
    end)
  end)

  -- The send that ends makes the chooser's turn come, and then the event.
  it("pass on the turn to send that they were woken for", function()
    assert(lev.run(function()
      local a, b = net.pair()
      local event, big = lev.event(), ("x"):rep(8 << 20)
      lev.spawn(function()
        a:send(big)
        event:set()
      end)
      lev.yield()
      local chooser = lev.spawn(function()
        return lev.select { event, a:send_op("chosen") }
      end)
      lev.yield()
      local last = lev.spawn(function() return a:send("last", math.huge) end)
      lev.yield()
      assert.equal(#big, #b:recv_exactly(#big, 10))
      assert.equal(1, (chooser:await()))
      assert.equal(4, (last:await()))
      assert.equal("last", b:recv_exactly(4, 10))
      a:close()
      b:close()
      return true
    end))
  end)

  it("pass on the turn with a file that they were woken for", function()
    assert(lev.run(function()
      local path = os.tmpname()
      local file <close> = assert(lev.open(path, "w"))
      local event = lev.event()
      lev.spawn(function()
        file:sync()
        event:set()
      end)
      lev.yield()
      local chooser = lev.spawn(function()
        return lev.select { event, file:size_op() }
      end)
      lev.yield()
      local last = lev.spawn(function() return file:size() end)
      assert.equal(1, (chooser:await()))
      assert.equal(0, (last:await()))
      os.remove(path)
      return true
    end))
  end)

  -- Both arrivals are seen in one turn; that at `door` comes first, and makes
  -- the event ready before the chooser, woken by the other, has run.
  it("pass on the arrival that they were woken for", function()
    assert(lev.run(function()
      local door <close> = assert(lev.listen("127.0.0.1", 0))
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local event = lev.event()
      lev.spawn(function()
        door:accept()
        event:set()
      end)
      local chooser = lev.spawn(function()
        return lev.select { event, listener }
      end)
      local waiter = lev.spawn(function() return listener:accept(10) end)
      lev.sleep(0.01)
      local _, first = door:getsockname()
      local _, second = listener:getsockname()
      os.execute(("bash -c 'for port in %d %d; do exec {fd}<>/dev/tcp/"
        .. "127.0.0.1/$port; done'"):format(first, second))
      assert.equal(1, (chooser:await()))
      local socket <close> = assert(waiter:await())
      return true
    end))
  end)

  -- A pause is where others may run between the check of a choice's list and
  -- its use.
  it("are let go when a choice's list is changed meanwhile", inside(function()
    local event = lev.event()
    event:set()
    local choice = lev.op.choice(event:wait_op(), event:wait_op())
    local task = lev.spawn(function()
      local ok, message = true, nil
      while ok do ok, message = pcall(choice.perform, choice) end
      return message
    end)
    lev.yield()
    choice.list[1] = "no operation"
    assert.matches("its operations were changed meanwhile", (task:await()))
  end))
end)
