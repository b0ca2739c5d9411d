-- Tests lev/lua/lua_choice.cc and lev/lua/lua_op.cc: of several operations
-- exactly one happens, and the others leave no trace.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.select", function()
  it("waits for tasks, channels, tokens, timers, and more", inside(function()
    local never = lev.channel()
    local function first(value)
      return table.pack(lev.select { never, value })
    end
    assert.same({ 2, true, n = 2 }, first(0.5))
    local task = lev.spawn(function() return "a", nil end)
    assert.same({ 2, "a", nil, n = 3 }, first(task))
    local token = lev.cancel_token()
    token:cancel("why")
    assert.same({ 2, true, "why", n = 3 }, first(token))
    assert.same({ 2, 1, n = 2 }, first(lev.interval(1)))
    local event = lev.event()
    event:set()
    assert.same({ 2, true, n = 2 }, first(event))
    assert.same({ 2, true, n = 2 }, first(lev.waitgroup()))
    assert.same({ 2, 1, n = 2 }, first(lev.barrier(1)))
  end))

  it("takes names, in the order of which it looks", inside(function()
    local a, b = lev.channel(1), lev.channel(1)
    a:send("from a")
    b:send("from b")
    assert.same({ "first", "from b" },
      { lev.select { second = a, first = b } })
    assert.same({ "second", "from a" },
      { lev.select { second = a, first = b } })
  end))

  it("stops by timeout and token", inside(function()
    local token = lev.cancel_token()
    local never = { lev.channel() }
    assert.same({ nil, "timeout" }, { lev.select(never, 1) })
    lev.spawn(function() token:cancel() end)
    assert.same({ nil, "cancelled" }, { lev.select(never, { cancel = token }) })
    assert.same({ nil, "cancelled" }, { lev.select(never, { cancel = token }) })
  end))

  it("ends when a token of one of its members is cancelled",
    inside(function()
      local token, other = lev.cancel_token(), lev.cancel_token()
      local channel = lev.channel()
      local members = { lev.sleep_op(60), channel:recv_op { cancel = token } }
      for _, wait in ipairs { 30, { timeout = 30, cancel = other } } do
        local task = lev.spawn(function() return lev.select(members, wait) end)
        lev.sleep(1)
        token:cancel()
        lev.yield()
        assert.same({ true, 2, nil, "cancelled", n = 4 },
          table.pack(task:result()))
        token = lev.cancel_token()
        members[2] = channel:recv_op { cancel = token }
      end
      local single = lev.spawn(function() return members[2]:perform() end)
      lev.sleep(1)
      token:cancel()
      lev.yield()
      assert.same({ true, nil, "cancelled", n = 3 },
        table.pack(single:result()))
    end))

  it("leaves a task that lost as it is", inside(function()
    local task = lev.spawn(function()
      lev.sleep(2)
      return "later"
    end)
    assert.equal(2, (lev.select { task, 1 }))
    assert.equal("later", task:await())
    assert.same({ 1, "later" }, { lev.select { task } })
  end))

  it("serves many at once", inside(function()
    local channels = {}
    for i = 1, 1000 do channels[i] = lev.channel() end
    lev.spawn(function() channels[777]:send("x") end)
    assert.same({ 777, "x" }, { lev.select(channels) })
    for i = 1, 1000 do assert.equal(0, channels[i]:stats().receivers) end
  end))

  it("raises the winner's error", inside(function()
    local mutex <close> = lev.mutex()
    mutex:lock()
    local ok, message = pcall(lev.select, { lev.channel(), mutex:lock_op() })
    assert.is_false(ok)
    assert.matches("the task holds it already", message)
  end))
end)

describe("exactly one", function()
  it("of two selects that meet at two points, at one", inside(function()
    for _ = 1, 2 do
      local a, b = lev.channel(), lev.channel()
      local one = lev.spawn(function()
        return lev.select { a:send_op(1), b:send_op(2) }
      end)
      local other = lev.spawn(function() return lev.select { b, a } end)
      local sent = one:await()
      local got, value = other:await()
      assert.same({ 3 - sent, sent }, { got, value })
      assert.equal(0, a:stats().senders + b:stats().senders)
    end
  end))

  it("message leaves, although two receivers come at once", inside(function()
    local a, b = lev.channel(), lev.channel()
    local sender = lev.spawn(function()
      return lev.select { a:send_op("a"), b:send_op("b") }
    end)
    lev.yield()
    assert.same({ "b" }, { b:try_recv() })
    assert.same({ nil, "empty" }, { a:try_recv() })
    assert.equal(2, (sender:await()))
  end))

  it("permit goes, although two semaphores have one", inside(function()
    local a, b = lev.semaphore(1), lev.semaphore(1)
    a:acquire()
    b:acquire()
    local task = lev.spawn(function()
      return lev.select { a:acquire_op(), b:acquire_op() }
    end)
    lev.yield()
    b:release()
    a:release()
    assert.equal(2, (task:await()))
    assert.same({ 1, 0 }, { a:available(), b:available() })
  end))

  it("asks once of a semaphore at which it waits twice", inside(function()
    local semaphore = lev.semaphore(3)
    semaphore:acquire(3)
    local task = lev.spawn(function()
      return lev.select { semaphore:acquire_op(3), semaphore:acquire_op(1) }
    end)
    lev.yield()
    semaphore:release(3)
    assert.equal(1, (task:await()))
    assert.equal(0, semaphore:available())
  end))

  it("sees what its own first tries have set free", inside(function()
    local semaphore, mutex = lev.semaphore(2), lev.mutex()
    local condition = lev.condition(mutex)
    semaphore:acquire(1)
    mutex:lock()
    -- It wants more than there is, and so holds up those behind it.
    local first = lev.spawn(function()
      local key = lev.select { semaphore:acquire_op(2), mutex:lock_op() }
      mutex:unlock()
      return key
    end)
    lev.yield()
    local before = lev.now()
    -- Its wait lets go of the mutex, the other leaves the semaphore for that.
    local key = lev.select({ semaphore:acquire_op(1), condition:wait_op() }, 30)
    mutex:unlock()
    assert.same({ 1, before }, { key, lev.now() })
    assert.equal(2, first:await())
  end))

  it("nobody meets oneself", inside(function()
    local channel = lev.channel()
    local both = { channel:send_op(1), channel:recv_op() }
    assert.same({ nil, "timeout" }, { lev.select(both, 1) })
    local task = lev.spawn(function() return lev.select(both) end)
    lev.yield()
    assert.equal(1, channel:recv())
    assert.equal(1, (task:await()))
  end))

  it("buffered message beats the sender of the same select", inside(function()
    local channel = lev.channel(1)
    channel:send("old")
    local one = { channel:send_op("new"), channel:recv_op() }
    assert.same({ 2, "old" }, { lev.select(one) })
    assert.equal(0, #channel)
  end))

  it("commits before a cancellation of the same turn is told",
    inside(function()
      local channel, got = lev.channel(), nil
      local task = lev.spawn(function()
        got = { lev.select { lev.channel(), channel } }
        lev.checkpoint()
      end)
      lev.yield()
      channel:try_send("message")
      task:cancel()
      assert.same({ nil, "cancelled" }, { task:await() })
      assert.same({ 2, "message" }, got)
    end))
end)

describe("the twin", function()
  it("of a connect opens its socket anew at each perform", function()
    assert(lev.run(function()
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local connect = lev.connect_op("127.0.0.1", port)
      local one <close> = assert(connect:perform())
      local two <close> = assert(connect:perform())
      assert.are_not.equal(one:fd(), two:fd())
      local byName <close> = assert(lev.connect_op("localhost", port):perform())
      assert.same({ nil, "Connection refused" },
        { lev.connect_op("127.0.0.1", 1):perform() })
      return true
    end))
  end)

  it("of a process' wait loses to a timer, and wins later", function()
    lev.run(function()
      local process <close> = assert(lev.exec("/bin/cat", {}))
      assert.equal(2, (lev.select { process, 0.01 }))
      process:send("text")
      process:close_stdin()
      assert.same({ "out", "text" },
        { lev.select { out = process:read_all_op(), late = 10 } })
      assert.same({ 1, 0, nil }, { lev.select { process, 10 } })
    end)
  end)

  it("of exec_capture starts nothing before, and kills what lost", function()
    lev.run(function()
      local echo = lev.exec_capture_op("/bin/echo", { "x" })
      assert.equal("x\n", echo:perform().stdout)
      assert.equal("x\n", echo:perform().stdout)
      local sleeping = lev.exec_capture_op("/bin/sleep", { "60" })
      assert.equal(2, (lev.select { sleeping, 0.01 }))
    end)
  end)

  it("of a condition's wait has the mutex again, won or lost",
    inside(function()
      local mutex = lev.mutex()
      local condition = lev.condition(mutex)
      mutex:lock()
      assert.equal(2, (lev.select { condition:wait_op(), 1 }))
      assert.error_matches(function() mutex:lock() end, "holds it already")
      lev.spawn(function()
        mutex:lock()
        condition:notify()
        mutex:unlock()
      end)
      assert.equal(1, (lev.select { condition:wait_op(), 1 }))
      mutex:unlock()
      assert.is_true(mutex:try_lock())
      mutex:unlock()
    end))

  it("of a condition's wait takes no mutex that the task did not have",
    inside(function()
      local mutex = lev.mutex()
      local wait = lev.condition(mutex):wait_op()
      assert.equal(1, (lev.select { lev.op.always(), wait }))
      assert.is_true(mutex:try_lock())
      mutex:unlock()
      assert.error_matches(function() wait:perform() end, "does not hold")
      assert.is_true(mutex:try_lock())
      mutex:unlock()
    end))

  it("of a file's sending begins at each perform", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("contents")
    file:close()
    lev.run(function()
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local client <close> = assert(lev.connect("127.0.0.1", port))
      local server <close> = assert(listener:accept())
      local sending = client:sendfile_op(path, { offset = 3 })
      assert.equal(5, sending:perform())
      assert.equal(5, sending:perform())
      assert.equal("tentstents", server:recv_exactly(10))
    end)
    os.remove(path)
  end)

  it("of a datagram's verbs", function()
    lev.run(function()
      local a, b = lev.udp(), lev.udp()
      b:bind("127.0.0.1", 0)
      local _, port = b:getsockname()
      assert.equal(2, (lev.select { b:recvfrom_op(100), 0.01 }))
      assert.equal(1, a:sendto_op("x", "127.0.0.1", port):perform())
      local key, data = lev.select { b:recvfrom_op(100), 10 }
      assert.same({ 1, "x" }, { key, data })
      a:close()
      b:close()
    end)
  end)
end)
