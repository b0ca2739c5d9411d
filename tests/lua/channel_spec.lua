-- Tests lev/lua/lua_channel.cc and lev/lua/lua_sync.h.
-- Channels: what is sent is received once, in order, whoever gives up.

local lev = require "lev"
local support = require "support"
local inside = support.inside

local function receiver(channel, wait)
  return lev.spawn(function() return channel:recv(wait) end)
end

describe("lev.channel", function()
  it("without a capacity is where a sender and a receiver meet",
    inside(function()
      local channel, trace = lev.channel(), {}
      lev.spawn(function()
        channel:send("a")
        trace[#trace + 1] = "sent"
      end)
      lev.yield()
      assert.same({}, trace)
      assert.equal("a", channel:recv())
      lev.yield()
      assert.same({ "sent" }, trace)
    end))

  it("takes its capacity as a number or in a table", function()
    assert.equal(0, lev.channel():stats().capacity)
    assert.equal(3, lev.channel(3):stats().capacity)
    assert.equal(3, lev.channel(3.0):stats().capacity)
    assert.equal(2, lev.channel({ capacity = 2 }):stats().capacity)
    assert.equal(math.huge, lev.channel(math.huge):stats().capacity)
  end)

  it("raises for a capacity that is none", function()
    for _, capacity in ipairs { -1, 1.5, 0 / 0, -math.huge, "1", true } do
      assert.error_matches(function() lev.channel(capacity) end, "capacity")
    end
    assert.error_matches(function() lev.channel({ size = 1 }) end,
      "unknown option 'size'")
  end)

  it("hands on any value, nil included, as one result", inside(function()
    local channel = lev.channel(math.huge)
    local object = {}
    for _, value in ipairs { 1, "two", false, object, print } do
      assert.is_true(channel:send(value))
      assert.equal(value, channel:recv())
    end
    channel:send(nil)
    assert.same({ n = 1 }, table.pack(channel:recv()))
    assert.error_matches(function() channel:send() end, "value expected")
  end))

  it("keeps up to its capacity without blocking", inside(function()
    local channel = lev.channel(2)
    channel:send(1)
    channel:send(2)
    assert.same({ nil, "full" }, { channel:try_send(3) })
    assert.same({ nil, "timeout" }, { channel:send(3, 1) })
    assert.equal(2, #channel)
    assert.equal(1, channel:recv())
    assert.is_true(channel:try_send(4))
    assert.equal(2, channel:try_recv())
    assert.equal(4, channel:try_recv())
    assert.same({ nil, "empty" }, { channel:try_recv() })
  end))

  it("serves both sides in the order in which they came", function()
    for seed = 0, 5 do
      support.run(function()
        local channel, trace = lev.channel(), {}
        for i = 1, 4 do
          lev.spawn(function() channel:send(i) end)
          lev.yield()
        end
        for _ = 1, 4 do trace[#trace + 1] = channel:recv() end
        assert.same({ 1, 2, 3, 4 }, trace)
      end, seed)
    end
  end)

  it("tells how many wait", inside(function()
    local channel = lev.channel(1)
    lev.spawn(function() channel:send(1) channel:send(2) end)
    lev.yield()
    assert.same({ capacity = 1, size = 1, senders = 1, receivers = 0,
                  closed = false }, channel:stats())
    channel:recv()
    channel:recv()
    receiver(channel, 1)
    lev.yield()
    assert.equal(1, channel:stats().receivers)
  end))

  it("can be used without waiting outside a run", function()
    local channel = lev.channel(1)
    assert.is_true(channel:try_send("x"))
    assert.equal("x", channel:try_recv())
    assert.error_matches(function() channel:recv() end,
      "must be called within lev.run")
  end)

  it("is closed at the end of the run, and keeps what is in it", function()
    local channel = lev.channel(1)
    support.run(function() channel:send("x") end)
    assert.is_true(channel:stats().closed)
    assert.equal("x", channel:try_recv())
    assert.same({ nil, "closed" }, { channel:try_recv() })
  end)

  it("can carry itself, and is garbage all the same", function()
    local seen = setmetatable({}, { __mode = "k" })
    do
      local channel = lev.channel(1)
      channel:try_send(channel)
      seen[channel] = true
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
  end)

  it("is named when all wait for it", function()
    local _, err = support.run(function() lev.channel():recv() end)
    assert.matches("waits for a message from a channel", err)
    _, err = support.run(function() lev.channel():send(1) end)
    assert.matches("waits for a channel to take a message", err)
  end)
end)

describe("a closed channel", function()
  it("takes nothing, and gives what it has", inside(function()
    local channel = lev.channel(2)
    channel:send(1)
    assert.is_true(channel:close())
    assert.is_true(channel:close())
    assert.same({ nil, "closed" }, { channel:send(2) })
    assert.same({ nil, "closed" }, { channel:try_send(2) })
    assert.equal(1, channel:recv())
    assert.same({ nil, "closed", n = 2 }, table.pack(channel:recv()))
    assert.same({ nil, "closed" }, { channel:try_recv() })
  end))

  it("wakes those who receive", inside(function()
    local channel = lev.channel()
    local one, two = receiver(channel), receiver(channel)
    lev.yield()
    channel:close()
    assert.same({ nil, "closed" }, { lev.await(one) })
    assert.same({ nil, "closed" }, { lev.await(two) })
  end))

  it("still gets what was being sent", inside(function()
    local channel = lev.channel()
    local sender = lev.spawn(function() return channel:send("late") end)
    lev.yield()
    channel:close()
    assert.equal("late", channel:recv())
    assert.is_true(lev.await(sender))
    assert.same({ nil, "closed" }, { channel:recv() })
  end))

  it("ends a loop over its messages", inside(function()
    for _, iterator in ipairs { function(c) return c end,
                                function(c) return c:iter() end } do
      local channel, got = lev.channel(), {}
      lev.spawn(function()
        for i = 1, 3 do channel:send(i) end
        channel:close()
      end)
      for message in iterator(channel) do got[#got + 1] = message end
      assert.same({ 1, 2, 3 }, got)
    end
  end))

  it("may be one that goes out of scope", inside(function()
    local channel
    do
      local closing <close> = lev.channel()
      channel = closing
    end
    assert.same({ nil, "closed" }, { channel:recv() })
  end))
end)

describe("a call on a channel that ends otherwise", function()
  local function nothing_waits(channel)
    local stats = channel:stats()
    assert.same({ 0, 0 }, { stats.senders, stats.receivers })
  end

  it("by a timeout leaves nothing", inside(function()
    local channel = lev.channel()
    assert.same({ nil, "timeout" }, { channel:send("x", 1) })
    assert.same({ nil, "timeout" }, { channel:recv(1) })
    assert.equal(2, lev.now())
    nothing_waits(channel)
    assert.same({ nil, "empty" }, { channel:try_recv() })
  end))

  it("by a token leaves nothing", inside(function()
    local channel, token = lev.channel(), lev.cancel_token()
    local sender = lev.spawn(function()
      return channel:send("x", { cancel = token })
    end)
    lev.yield()
    token:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(sender) })
    assert.same({ nil, "cancelled" }, { channel:recv({ cancel = token }) })
    nothing_waits(channel)
  end))

  it("by the cancellation of its task leaves nothing", inside(function()
    local channel = lev.channel()
    local task = receiver(channel)
    lev.yield()
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    nothing_waits(channel)
  end))

  it("by an abort leaves nothing", inside(function()
    local channel = lev.channel()
    local sender = lev.spawn(function() channel:send({}) end)
    local task = receiver(lev.channel())
    lev.yield()
    sender:abort()
    task:abort()
    nothing_waits(channel)
    assert.same({ nil, "empty" }, { channel:try_recv() })
  end))

  it("lets go of its message", inside(function()
    local channel, seen = lev.channel(), setmetatable({}, { __mode = "k" })
    do
      local message = {}
      seen[message] = true
      channel:send(message, 1)
    end
    collectgarbage()
    assert.is_nil(next(seen))
  end))

  it("loses no message that it was handed", inside(function()
    local channel = lev.channel()
    local first, second = receiver(channel), receiver(channel)
    lev.yield()
    channel:send("a")
    first:abort()
    assert.equal("a", lev.await(second))
    local third = receiver(channel)
    lev.yield()
    channel:send("b")
    third:abort()
    assert.equal("b", channel:try_recv())
  end))

  it("has its result when that came first", inside(function()
    local channel, token = lev.channel(), lev.cancel_token()
    local task = receiver(channel, { cancel = token })
    lev.yield()
    channel:send("a")
    token:cancel()
    assert.equal("a", lev.await(task))
  end))

  it("survives that the user closes its coroutine", function()
    support.logged(function()
      support.run(function()
        local channel, thread = lev.channel(), nil
        local task = lev.spawn(function()
          thread = coroutine.running()
          channel:send("lost")
        end)
        lev.yield()
        coroutine.close(thread)
        task:cancel()
        lev.await(task)
        nothing_waits(channel)
        assert.is_true(channel:send("x", 1) == nil)
      end)
    end)
  end)
end)

describe("a pipeline of channels", function()
  it("keeps the order through every stage, in whatever order tasks run",
    function()
      for seed = 1, 10 do
        local sum = support.run(function()
          local numbers, squares = lev.channel(), lev.channel(3)
          lev.spawn(function()
            for i = 1, 100 do numbers:send(i) end
            numbers:close()
          end)
          lev.spawn(function()
            for n in numbers do squares:send(n * n) end
            squares:close()
          end)
          local total, last = 0, 0
          for square in squares do
            assert(square > last)
            total, last = total + square, square
          end
          return total
        end, seed)
        assert.equal(338350, sum)
      end
    end)
end)
