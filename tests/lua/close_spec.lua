-- Closing: by another task, by scope, by the collector, by the end of a run,
-- by the peer; and half of a connection.

local lev = require "lev"
local net = require "net_support"

local CLOSED = { nil, "socket is closed", n = 2 }

-- What `wait` returns when `object` is closed while it waits.
local function closed_while(object, wait)
  local waiter = lev.spawn(wait)
  lev.sleep(0.005)
  assert.is_false(waiter:done())
  local before = lev.stats().timer_count
  assert.is_true(object:close())
  assert.is_true(lev.stats().timer_count <= before)
  return table.pack(lev.await(waiter))
end

describe("Closing from another task wakes", function()
  for name, call in pairs {
    ["recv"] = function(s) return s:recv(10) end,
    ["recv with a timeout"] = function(s) return s:recv(10, 10) end,
    ["recv with a token"] = function(s)
      return s:recv(10, { cancel = lev.cancel_token(), timeout = 10 })
    end,
    ["recv_exactly"] = function(s) return s:recv_exactly(10) end,
    ["recv_until of a literal"] = function(s) return s:recv_until("x") end,
    ["recv_until of a pattern"] = function(s) return s:recv_until("%d") end,
    ["peek"] = function(s) return s:peek(10) end,
  } do
    it(name, net.inside(function()
      local a, b = net.pair()
      b:send("abc")
      a:recv_exactly(3, 5)
      assert.same(CLOSED, closed_while(a, function() return call(a) end))
    end))
  end

  it("every verb of a pipe's end, and of a UNIX socket", net.inside(function()
    local name = "@lev close spec " .. net.pid()
    local listener = assert(lev.unix_listen(name, { pass_fds = true }))
    local verbs = {
      function(s) return s:recv(10) end,
      function(s) return s:recv_exactly(10, 10) end,
      function(s) return s:recv_until("x") end,
      function(s) return s:peek(10) end,
      function(s) return s:recv_fds(10) end,
    }
    for i, verb in ipairs(verbs) do
      local client = assert(lev.unix_connect(name, { pass_fds = true }))
      local server = assert(listener:accept(5))
      assert.same(CLOSED, closed_while(client, function()
        return verb(client)
      end))
      local reader, writer = lev.pipe()
      if i < 5 then
        assert.same(CLOSED, closed_while(reader, function()
          return verb(reader)
        end))
      end
      assert.truthy(server and writer)
    end
  end))

  it("send", net.inside(function()
    local a = net.pair()
    net.fill(a)
    local results = closed_while(a, function() return a:send("x") end)
    assert.same({ nil, "socket is closed", 0, n = 3 }, results)
  end))

  it("all queued senders", net.inside(function()
    local a = net.pair()
    net.fill(a)
    local tasks = {}
    for i = 1, 5 do tasks[i] = lev.spawn(function() return a:send("x") end) end
    lev.yield()
    a:close()
    for i = 1, 5 do
      assert.same({ nil, "socket is closed", 0, n = 3 },
        table.pack(lev.await(tasks[i])))
    end
  end))

  it("a reader and a sender at once", net.inside(function()
    local a = net.pair()
    net.fill(a)
    local reader = lev.spawn(function() return a:recv(1) end)
    local sender = lev.spawn(function() return a:send("x") end)
    lev.yield()
    a:close()
    assert.equal("socket is closed", (select(2, lev.await(reader))))
    assert.equal("socket is closed", (select(2, lev.await(sender))))
  end))

  it("accept, of every acceptor", net.inside(function()
    local listener = net.listen()
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = lev.spawn(function() return listener:accept(10) end)
    end
    lev.yield()
    listener:close()
    for i = 1, 3 do
      assert.same(CLOSED, table.pack(lev.await(tasks[i])))
    end
  end))

  it("a reader that was just woken by data, without a crash",
    net.inside(function()
      local a, b = net.pair()
      local reader = lev.spawn(function() return a:recv(10) end)
      lev.yield()
      b:send("data")
      while lev.stats().ready_count == 0 do lev.yield() end
      a:close()
      assert.same(CLOSED, table.pack(lev.await(reader)))
    end))
end)

describe("After close", function()
  it("every method says so", net.inside(function()
    local a = net.pair()
    a:close()
    assert.same(CLOSED, table.pack(a:recv(1)))
    assert.same(CLOSED, table.pack(a:recv_exactly(1, 1)))
    assert.same(CLOSED, table.pack(a:recv_until("x", 1)))
    assert.same(CLOSED, table.pack(a:recv_until("%d", 1)))
    assert.same({ nil, "socket is closed", 0, n = 3 },
      table.pack(a:send("x")))
    assert.same(CLOSED, table.pack(a:shutdown("w")))
    assert.same(CLOSED, table.pack(a:setsockopt("nodelay", 1)))
    assert.same(CLOSED, table.pack(a:getpeername()))
    assert.same(CLOSED, table.pack(a:getsockname()))
    assert.equal(-1, a:fd())
    assert.equal("lev.tcp: closed", tostring(a))
    local listener = net.listen()
    listener:close()
    assert.same(CLOSED, table.pack(listener:accept(1)))
    assert.same(CLOSED, table.pack(listener:getsockname()))
    assert.equal(-1, listener:fd())
    assert.equal("lev.listener: closed", tostring(listener))
  end))

  it("close returns true again and again", net.inside(function()
    local a, listener = net.pair(), net.listen()
    for _ = 1, 3 do
      assert.is_true(a:close())
      assert.is_true(listener:close())
    end
  end))

  it("bytes that had been buffered are gone, too", net.inside(function()
    local a, b = net.pair()
    b:send("abcdef")
    a:recv_until("b", 5)
    a:close()
    assert.same(CLOSED, table.pack(a:recv(10)))
  end))

  it("a new socket with the same descriptor is another one #kernel",
    net.inside(function()
      local a = net.pair()
      local fd = a:fd()
      local reader = lev.spawn(function() return a:recv(1, 5) end)
      lev.yield()
      a:close()
      local c, d = net.pair()
      assert.truthy(c:fd() == fd or d:fd() == fd)
      c:send("x")
      assert.equal("x", d:recv(1, 5))
      assert.same(CLOSED, table.pack(lev.await(reader)))
    end))
end)

describe("A socket is closed", function()
  it("at the end of its <close> variable, also by an error",
    net.inside(function()
      local kept = {}
      do
        local a <close>, b = net.pair()
        kept[1], kept[2] = a, b
      end
      assert.equal(-1, kept[1]:fd())
      assert.same({ nil, "closed", n = 2 }, table.pack(kept[2]:recv(1, 5)))
      pcall(function()
        local listener <close> = net.listen()
        kept[3] = listener
        error("out")
      end)
      assert.equal(-1, kept[3]:fd())
    end))

  it("when its <close> variable's task is aborted", net.inside(function()
    local a, b = net.pair()
    local task = lev.spawn(function()
      local socket <close> = a
      socket:recv(1)
    end)
    lev.yield()
    task:abort()
    assert.same({ nil, "closed", n = 2 }, table.pack(b:recv(1, 5)))
  end))

  it("by the collector when nobody holds it", net.inside(function()
    local before = net.count_fds()
    for _ = 1, 50 do
      net.pair()
      net.listen()
    end
    assert.equal(before, net.count_fds())
  end))

  it("at the end of the run #kernel", function()
    local before = net.count_fds()
    local kept = {}
    net.run(function()
      kept[1], kept[2] = net.pair()
      kept[3] = net.listen()
      -- The loop has a descriptor, too.
      assert.equal(before + 4, net.count_fds())
    end)
    assert.equal(before, net.count_fds())
    for _, object in ipairs(kept) do assert.equal(-1, object:fd()) end
    assert.is_true(kept[1]:close())
    net.run(function()
      assert.same(CLOSED, table.pack(kept[1]:recv(1)))
      assert.same({ nil, "socket is closed", 0, n = 3 },
        table.pack(kept[2]:send("x")))
      assert.same(CLOSED, table.pack(kept[3]:accept()))
    end)
  end)

  it("at lev.stop, with tasks in the middle of everything", function()
    local before = net.count_fds()
    lev.run(function()
      local a, b = net.pair()
      local c, d = net.pair()
      local listener = net.listen()
      lev.spawn(function() a:recv(1) end)
      lev.spawn(function() b:recv_until("x", 5) end)
      lev.spawn(function() c:send(("x"):rep(1 << 24)) end)
      lev.spawn(function() c:send("queued") end)
      lev.spawn(function() d:recv(1, { cancel = lev.cancel_token() }) end)
      lev.spawn(function() listener:accept() end)
      lev.sleep(0.01)
      lev.stop()
      lev.sleep(10)
    end)
    assert.equal(before, net.count_fds())
  end)

  it("and unusable when a finalizer brings it back", net.inside(function()
    local kept
    do
      local holder = setmetatable({}, {
        __gc = function(t) kept = t.socket end,
      })
      local a, b = net.pair()
      b:send("x")
      b:close()
      lev.sleep(0.002)
      assert(not a:recv_until("not there", 5, 1))
      holder.socket = a
    end
    net.count_fds()
    assert.truthy(kept)
    for _, method in ipairs { "recv", "send", "close", "shutdown" } do
      for _ = 1, 2 do
        local ok, value = pcall(function()
          return kept[method](kept, method == "recv" and 1 or nil)
        end)
        assert.truthy(not ok or value == nil)
      end
    end
  end))
end)

describe("Half a close", function()
  it("of the sending side: the peer sees the end, and can still answer",
    net.inside(function()
      local a, b = net.pair()
      a:send("question")
      assert.is_true(a:shutdown("w"))
      assert.equal("question", b:recv(100, 5))
      assert.same({ nil, "closed", n = 2 }, table.pack(b:recv(100, 5)))
      assert.equal(6, b:send("answer"))
      assert.equal("answer", a:recv_exactly(6, 5))
    end))

  it("of the receiving side: recv ends, sending goes on",
    net.inside(function()
      local a, b = net.pair()
      assert.is_true(a:shutdown("r"))
      assert.same({ nil, "closed", n = 2 }, table.pack(a:recv(1, 5)))
      assert.equal(3, a:send("out"))
      assert.equal("out", b:recv(10, 5))
    end))

  it("of the receiving side wakes the reader", net.inside(function()
    local a = net.pair()
    local reader = lev.spawn(function() return a:recv(1, 5) end)
    lev.sleep(0.005)
    assert.is_true(a:shutdown("r"))
    assert.same({ nil, "closed", n = 2 }, table.pack(lev.await(reader)))
  end))

  it("of both sides by default", net.inside(function()
    local a, b = net.pair()
    assert.is_true(a:shutdown())
    assert.same({ nil, "closed", n = 2 }, table.pack(b:recv(1, 5)))
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv(1, 5)))
    assert.same({ nil, "closed", 0, n = 3 }, table.pack(a:send("x")))
  end))

  it("of a connection that is gone is an error value", net.inside(function()
    local a, b = net.pair()
    b:send("unread")
    lev.sleep(0.002)
    a:close()
    lev.sleep(0.002)
    local ok, err = b:shutdown("rw")
    assert.same({ nil, "Transport endpoint is not connected" }, { ok, err })
  end))
end)

describe("A peer that resets", function()
  -- A close with unread bytes sends RST.
  local function reset_pair()
    local a, b = net.pair()
    a:send("unread")
    lev.sleep(0.002)
    return a, b
  end

  it("is a system error to the reader", net.inside(function()
    local a, b = reset_pair()
    local reader = lev.spawn(function() return a:recv(1, 5) end)
    lev.sleep(0.002)
    b:close()
    assert.same({ nil, "Connection reset by peer", n = 2 },
      table.pack(lev.await(reader)))
  end))

  it("is a system error to recv_exactly and recv_until", net.inside(function()
    for _, call in ipairs {
      function(s) return s:recv_exactly(10, 5) end,
      function(s) return s:recv_until("x", 5) end,
      function(s) return s:recv_until("%d", 5) end,
    } do
      local a, b = reset_pair()
      b:close()
      lev.sleep(0.002)
      assert.same({ nil, "Connection reset by peer", n = 2 },
        table.pack(call(a)))
    end
  end))
end)
