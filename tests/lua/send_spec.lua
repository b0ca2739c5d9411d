-- Tests lev/lua/lua_connection.cc.
-- Sending: whole, in order, and with an honest count when it is cut short.

local lev = require "lev"
local net = require "net_support"

local MEGABYTE = ("0123456789abcdef"):rep(1 << 16)

-- A pair whose first socket can send nothing more: how much it took.
local function full_pair()
  local a, b = net.pair()
  a:setsockopt("sndbuf", 65536)
  b:setsockopt("rcvbuf", 65536)
  return a, b, net.fill(a)
end

-- Reads exactly `count` bytes and throws them away.
local function drain(socket, count)
  while count > 0 do
    local data = assert(socket:recv(math.min(count, 1 << 20), 10))
    count = count - #data
  end
end

describe("socket:send", function()
  it("returns how much it sent: everything", net.inside(function()
    local a, b = net.pair()
    assert.equal(5, a:send("hello"))
    assert.equal(3, a:send("a\0b", 5))
    assert.equal(2, a:send("ok", { timeout = 5 }))
    assert.equal("helloa\0bok", b:recv_exactly(10, 5))
  end))

  it("sends all of a large text to a slow reader", net.inside(function()
    local a, b = net.pair()
    a:setsockopt("sndbuf", 16384)
    local sender = lev.spawn(function() return a:send(MEGABYTE) end)
    local pieces = {}
    local got = 0
    while got < #MEGABYTE do
      local data = assert(b:recv(50000, 5))
      pieces[#pieces + 1] = data
      got = got + #data
      lev.yield()
    end
    assert.is_true(table.concat(pieces) == MEGABYTE)
    assert.equal(#MEGABYTE, lev.await(sender))
  end))

  it("waits for a reader who sleeps first", net.inside(function()
    local a, b, before = full_pair()
    lev.spawn(function()
      lev.sleep(0.05)
      drain(b, before + 5)
    end)
    local start = lev.now()
    assert.equal(5, a:send("after", 5))
    assert.is_true(lev.now() - start >= 0.04)
  end))

  it("reports at a timeout how much went out", net.inside(function()
    local a, b = net.pair()
    local start = lev.now()
    local big = MEGABYTE:rep(16)
    local sent, err, partial = a:send(big, 0.05)
    assert.equal(nil, sent)
    assert.equal("timeout", err)
    assert.equal("integer", math.type(partial))
    assert.is_true(partial > 0 and partial < #big)
    assert.is_true(lev.now() - start >= 0.05)
    a:shutdown("w")
    local all = net.read_all(b)
    assert.equal(partial, #all)
    assert.is_true(all == big:sub(1, partial))
  end))

  it("reports zero when nothing went out", net.inside(function()
    local a = full_pair()
    assert.same({ nil, "timeout", 0, n = 3 }, table.pack(a:send("x", 0.01)))
    assert.same({ nil, "timeout", 0, n = 3 }, table.pack(a:send("x", 0)))
  end))

  it("reports at a cancel how much went out, and stays usable",
    net.inside(function()
      local a, b = net.pair()
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(0.02) token:cancel() end)
      local sent, err, partial = a:send(MEGABYTE:rep(16), { cancel = token })
      assert.same({ nil, "cancelled" }, { sent, err })
      assert.is_true(partial > 0 and partial < 16 << 20)
      lev.spawn(function() a:send("after") end)
      drain(b, partial)
      assert.equal("after", b:recv_exactly(5, 5))
    end))

  it("sends nothing with a token that has fired", net.inside(function()
    local a, b = net.pair()
    local token = lev.cancel_token()
    token:cancel()
    local sent, err = a:send("x", { cancel = token })
    assert.same({ nil, "cancelled" }, { sent, err })
    assert.same({ nil, "timeout", n = 2 }, table.pack(b:recv(1, 0.01)))
  end))

  it("has a timeout of its own when none is given: it is a timer",
    net.inside(function()
      local a = full_pair()
      local before = lev.stats().timer_count
      local senders = {
        lev.spawn(function() a:send("x") end),
        lev.spawn(function() a:send("x", { cancel = lev.cancel_token() }) end),
      }
      lev.yield()
      assert.equal(before + 2, lev.stats().timer_count)
      for _, sender in ipairs(senders) do sender:abort() end
      assert.equal(before, lev.stats().timer_count)
    end))

  it("queues senders whole and in order", net.inside(function()
    local a, b = net.pair()
    a:setsockopt("sndbuf", 8192)
    local expected, senders = {}, {}
    for i = 1, 8 do
      local text = tostring(i):rep(300000)
      expected[i] = text
      senders[i] = lev.spawn(function() return a:send(text, 20) end)
    end
    local all = assert(b:recv_exactly(8 * 300000, 20))
    assert.is_true(all == table.concat(expected))
    for i = 1, 8 do assert.equal(300000, lev.await(senders[i])) end
  end))

  it("lets the next one go when a sender is aborted in the middle",
    net.inside(function()
      local a, b, before = full_pair()
      local order = {}
      local first = lev.spawn(function() a:send(MEGABYTE) end)
      local second = lev.spawn(function()
        order[1] = a:send("second", 10)
      end)
      local third = lev.spawn(function() order[2] = a:send("third", 10) end)
      lev.sleep(0.01)
      first:abort()
      drain(b, before)
      assert.equal("secondthird", b:recv_exactly(11, 5))
      lev.await(second)
      lev.await(third)
      assert.same({ 6, 5 }, order)
    end))

  for _, way in ipairs { "abort", "cancel" } do
    it("forgets a queued sender at " .. way, net.inside(function()
      local a, b, before = full_pair()
      local tasks = {}
      for i, text in ipairs { "one", "two", "three" } do
        tasks[i] = lev.spawn(function() return a:send(text, 10) end)
      end
      lev.yield()
      tasks[2][way](tasks[2])
      lev.sleep(0.001)
      drain(b, before)
      assert.equal("onethree", b:recv_exactly(8, 5))
      assert.equal(5, lev.await(tasks[3]))
    end))
  end

  it("keeps the queue's order when one times out in the same turn #kernel",
    net.inside(function()
      -- The first sender and the last one time out in the same turn; the
      -- last must not overtake those between.
      local a, b, before = full_pair()
      local start = lev.now()
      local tasks = { lev.spawn(function() a:send("1", 0.05) end) }
      for i = 2, 4 do
        tasks[i] = lev.spawn(function() a:send(tostring(i):rep(10), 10) end)
      end
      tasks[5] = lev.spawn(function() a:send("5", 0.05) end)
      lev.yield()
      local reader = lev.spawn(function()
        drain(b, before)
        return b:recv_exactly(30, 5)
      end)
      -- Nothing runs until both deadlines have passed.
      while lev.now() - start < 0.06 do end
      local got = lev.await(reader)
      got = got:gsub("[15]", "")
      assert.equal(("2"):rep(10) .. ("3"):rep(10) .. ("4"):rep(10),
        (got .. (b:recv(10, 0) or "")):sub(1, 30))
    end))

  it("of an empty text sends nothing, at once", net.inside(function()
    local a = net.pair()
    assert.equal(0, a:send(""))
    assert.equal(0, a:send("", 0))
  end))

  it("to a peer that has closed says 'closed', and no signal kills",
    net.inside(function()
      local a, b = net.pair()
      b:close()
      local sent, err
      for _ = 1, 10 do
        sent, err = a:send("x")
        if not sent then break end
        lev.sleep(0.002)
      end
      assert.same({ nil, "closed" }, { sent, err })
      assert.same({ nil, "closed", 0, n = 3 }, table.pack(a:send("x")))
    end))

  it("wakes with an error when the peer goes away", net.inside(function()
    local a, b = full_pair()
    local sender = lev.spawn(function() return a:send(MEGABYTE, 10) end)
    lev.sleep(0.01)
    b:close()
    local sent, err, partial = lev.await(sender)
    assert.equal(nil, sent)
    assert.truthy(err == "closed" or err == "Connection reset by peer", err)
    assert.equal("integer", math.type(partial))
  end))

  it("after shutdown of the sending side says 'closed'", net.inside(function()
    local a = net.pair()
    a:shutdown("w")
    assert.same({ nil, "closed", 0, n = 3 }, table.pack(a:send("x")))
  end))
end)
