-- Tests lev/lua/lua_recv.cc.
-- Receiving: recv, recv_exactly, recv_until; nothing that has arrived is
-- ever lost.

local lev = require "lev"
local net = require "net_support"

describe("socket:recv", function()
  it("returns what has arrived, up to the limit", net.inside(function()
    local a, b = net.pair()
    b:send("abcdef")
    assert.equal("abcd", a:recv(4))
    assert.equal("ef", a:recv(4))
  end))

  it("waits for the first byte and no longer", net.inside(function()
    local a, b = net.pair()
    lev.spawn(function() lev.sleep(0.01) b:send("x") end)
    assert.equal("x", a:recv(100, 5))
  end))

  it("takes every byte value unchanged", net.inside(function()
    local a, b = net.pair()
    local bytes = {}
    for i = 0, 255 do bytes[i + 1] = string.char(i) end
    local all = table.concat(bytes)
    b:send(all)
    assert.equal(all, a:recv_exactly(256, 5))
  end))

  it("with no time gets what has already arrived", net.inside(function()
    local a, b = net.pair()
    assert.same({ nil, "timeout", n = 2 }, table.pack(a:recv(10, 0)))
    b:send("there")
    assert.equal("there", a:recv(10, 0))
    assert.same({ nil, "timeout", n = 2 }, table.pack(a:recv(10, 0)))
    b:send("again")
    assert.equal("again", a:recv(10, { timeout = 0 }))
  end))

  it("says timeout in time, neither early nor late", net.inside(function()
    local a <close> = net.pair()
    local start = lev.now()
    assert.same({ nil, "timeout", n = 2 }, table.pack(a:recv(10, 0.03)))
    local took = lev.now() - start
    assert.is_true(took >= 0.03 and took < 1, "took " .. took)
  end))

  it("ends with 'cancelled' when its token fires", net.inside(function()
    local a, b = net.pair()
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.005) token:cancel() end)
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(a:recv(10, { cancel = token })))
    b:send("still usable")
    assert.equal("still usable", a:recv(100, 5))
  end))

  it("with a token that has fired takes nothing", net.inside(function()
    local a, b = net.pair()
    b:send("data")
    lev.sleep(0.005)
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(a:recv(10, { cancel = token })))
    assert.equal("data", a:recv(10, 5))
  end))

  it("gives the data when a token fires in the same turn", net.inside(function()
    local a, b = net.pair()
    local token = lev.cancel_token()
    local reader = lev.spawn(function()
      return a:recv(10, { cancel = token, timeout = 5 })
    end)
    lev.yield()
    b:send("data")
    -- Until the loop has woken the reader, who has not run yet.
    while lev.stats().ready_count == 0 do lev.yield() end
    token:cancel()
    local data, err = lev.await(reader)
    assert.equal(nil, err)
    assert.equal("data", data)
  end))

  it("leaves no timer behind", net.inside(function()
    local a, b = net.pair()
    lev.sleep(0)
    local before = lev.stats().timer_count
    lev.spawn(function() b:send("x") end)
    a:recv(1, 100)
    a:recv(1, 0.001)
    local token = lev.cancel_token()
    local reader = lev.spawn(function()
      return a:recv(1, { timeout = 100, cancel = token })
    end)
    lev.yield()
    assert.equal(before + 1, lev.stats().timer_count)
    token:cancel()
    lev.await(reader)
    assert.equal(before, lev.stats().timer_count)
  end))

  it("returns what came before the end, then 'closed' for ever",
    net.inside(function()
      local a, b = net.pair()
      b:send("last words")
      b:close()
      lev.sleep(0.005)
      assert.equal("last ", a:recv(5))
      assert.equal("words", a:recv(100))
      for _ = 1, 3 do
        assert.same({ nil, "closed", n = 2 }, table.pack(a:recv(100)))
      end
    end))

  it("wakes at the end of the stream", net.inside(function()
    local a, b = net.pair()
    lev.spawn(function() lev.sleep(0.01) b:close() end)
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv(100, 5)))
  end))

  it("tells a second reader that the socket is busy", net.inside(function()
    local a, b = net.pair()
    local first = lev.spawn(function() return a:recv(10) end)
    lev.yield()
    local busy = { nil, "busy", n = 2 }
    assert.same(busy, table.pack(a:recv(10, 1)))
    assert.same(busy, table.pack(a:recv_exactly(10, 1)))
    assert.same(busy, table.pack(a:recv_until("x", 1)))
    assert.same(busy, table.pack(a:recv_until("%d", 1)))
    b:send("mine")
    assert.equal("mine", lev.await(first))
    b:send("next")
    assert.equal("next", a:recv(10, 5))
  end))

  it("is free again when the first reader is aborted", net.inside(function()
    local a, b = net.pair()
    local first = lev.spawn(function() return a:recv(10) end)
    lev.yield()
    first:abort()
    b:send("data")
    assert.equal("data", a:recv(10, 5))
  end))

  it("does not lose data to a reader aborted after its wake",
    net.inside(function()
      local a, b = net.pair()
      local first = lev.spawn(function() return a:recv(10) end)
      lev.yield()
      b:send("data")
      while lev.stats().ready_count == 0 do lev.yield() end
      first:abort()
      assert.equal("aborted", first.status)
      assert.equal("data", a:recv(10, 5))
    end))

  it("can go on while another task sends on the same socket",
    net.inside(function()
      local a, b = net.pair()
      local reader = lev.spawn(function() return a:recv_exactly(3, 5) end)
      lev.yield()
      assert.equal(3, a:send("out"))
      assert.equal("out", b:recv(3, 5))
      b:send("in!")
      assert.equal("in!", lev.await(reader))
    end))
end)

describe("socket:recv_exactly", function()
  it("gathers many segments", net.inside(function()
    local a, b = net.pair()
    lev.spawn(function()
      net.send_pieces(b, { "a", "bc", "def", "ghij", "klm" })
    end)
    assert.equal("abcdefghij", a:recv_exactly(10, 5))
    assert.equal("klm", a:recv_exactly(3, 5))
  end))

  it("takes no more than it was asked for", net.inside(function()
    local a, b = net.pair()
    b:send("0123456789")
    assert.equal("012", a:recv_exactly(3, 5))
    assert.equal("3456", a:recv_exactly(4, 5))
    assert.equal("789", a:recv(10, 5))
  end))

  it("gets more than any buffer of the way holds", net.inside(function()
    local a, b = net.pair()
    local block = ("0123456789abcdef"):rep(1 << 16)
    lev.spawn(function() b:send(block:rep(5)) end)
    local data = a:recv_exactly(5 << 20, 10)
    assert.is_true(data == block:rep(5))
  end))

  for what, wait in pairs {
    timeout = function() return 0.01 end,
    cancelled = function()
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(0.01) token:cancel() end)
      return { cancel = token }
    end,
  } do
    it("loses nothing when it ends with " .. what, net.inside(function()
      local a, b = net.pair()
      b:send("abc")
      assert.same({ nil, what, n = 2 }, table.pack(a:recv_exactly(6, wait())))
      b:send("def")
      assert.equal("abcdef", a:recv_exactly(6, 5))
      b:send("gh")
      assert.same({ nil, what, n = 2 }, table.pack(a:recv_exactly(6, wait())))
      assert.equal("gh", a:recv(10, 0))
    end))
  end

  it("loses nothing when its task is cancelled or aborted",
    net.inside(function()
      for _, way in ipairs { "cancel", "abort" } do
        local a, b = net.pair()
        b:send("abc")
        local reader = lev.spawn(function() return a:recv_exactly(6) end)
        lev.sleep(0.005)
        reader[way](reader)
        lev.await(reader)
        b:send("def")
        assert.equal("abcdef", a:recv_exactly(6, 5))
      end
    end))

  it("says 'closed' at a short end, and leaves the bytes", net.inside(function()
    local a, b = net.pair()
    b:send("abc")
    b:close()
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv_exactly(6, 5)))
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv_exactly(4, 5)))
    assert.equal("abc", a:recv_exactly(3, 5))
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv(1, 5)))
  end))
end)
