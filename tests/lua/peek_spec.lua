-- Tests lev/lua/lua_recv.cc: socket:peek and socket:unread.

local lev = require "lev"
local net = require "net_support"

local CLOSED = { nil, "closed", n = 2 }

-- A pair whose first socket has `text` waiting.
local function pair_with(text)
  local a, b = net.pair()
  if text ~= "" then assert(b:send(text)) end
  return a, b
end

describe("socket:peek", function()
  it("shows what comes and takes nothing", net.inside(function()
    local a = pair_with("GET / HTTP")
    assert.equal("GET", a:peek(3, 5))
    assert.equal("GET / HTTP", a:peek(10, 5))
    assert.equal("G", a:peek(1, 5))
    assert.equal("GET / HTTP", a:recv(100, 5))
  end))

  it("waits until there is so much", net.inside(function()
    local a, b = pair_with("ab")
    lev.spawn(function() net.send_pieces(b, { "c", "d" }) end)
    assert.equal("abcd", a:peek(4, 5))
    assert.equal("abcd", a:recv_exactly(4, 5))
  end))

  it("leaves everything at a timeout, a cancel and the end",
    net.inside(function()
      local a, b = pair_with("abc")
      assert.same({ nil, "timeout", n = 2 }, table.pack(a:peek(4, 0.01)))
      local token = lev.cancel_token()
      token:cancel()
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(a:peek(4, { cancel = token })))
      b:close()
      assert.same(CLOSED, table.pack(a:peek(4, 5)))
      assert.equal("abc", a:peek(3, 5))
      assert.equal("abc", a:recv(10, 5))
      assert.same(CLOSED, table.pack(a:peek(1, 5)))
    end))

  it("shows more than one read brings, and lets others run",
    net.inside(function()
      local a, b = net.pair()
      local size = 4 << 20
      lev.spawn(function() b:send(("x"):rep(size)) end)
      local peeker = lev.spawn(function() return a:peek(size, 20) end)
      local turns = 0
      while not peeker:done() do
        turns = turns + 1
        lev.yield()
      end
      assert.equal(size, #lev.await(peeker))
      assert.equal(size, #a:recv_exactly(size, 5))
      assert.is_true(turns > 2)
    end))

  it("is busy while another reads, and makes others busy",
    net.inside(function()
      local a = net.pair()
      local reader = lev.spawn(function() return a:peek(5) end)
      lev.yield()
      assert.same({ nil, "busy", n = 2 }, table.pack(a:peek(1)))
      assert.same({ nil, "busy", n = 2 }, table.pack(a:recv(1)))
      reader:abort()
      assert.same({ nil, "timeout", n = 2 }, table.pack(a:peek(1, 0)))
    end))

  it("can be aborted, and sees the socket closed", net.inside(function()
    local a = net.pair()
    local peeker = lev.spawn(function() return a:peek(5) end)
    lev.yield()
    a:close()
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(lev.await(peeker)))
    assert.same({ nil, "socket is closed", n = 2 }, table.pack(a:peek(1)))
  end))
end)

describe("socket:unread", function()
  it("puts bytes in front of what is there", net.inside(function()
    local a = pair_with("world")
    assert.equal("w", a:recv(1, 5))
    assert.is_true(a:unread("w"))
    assert.is_true(a:unread("hello "))
    assert.equal("hello world", a:recv_exactly(11, 5))
  end))

  it("is read before anything has come, and after the end",
    net.inside(function()
      local a, b = net.pair()
      assert.is_true(a:unread("one"))
      assert.equal("one", a:recv(10, 5))
      b:close()
      assert.same(CLOSED, table.pack(a:recv(10, 5)))
      assert.is_true(a:unread("two"))
      assert.equal("two", a:recv(10, 5))
      assert.same(CLOSED, table.pack(a:recv(10, 5)))
    end))

  it("serves every way of reading", net.inside(function()
    local a, b = pair_with("!\nc")
    local readers = {
      { "recv", function() return a:recv(2, 5) end, "ab" },
      { "recv_exactly", function() return a:recv_exactly(5, 5) end, "ab!\nc" },
      { "recv_until", function() return a:recv_until("\n", 5) end, "ab!\n" },
      { "a pattern", function() return a:recv_until("[!?]", 5) end, "ab!" },
      { "lines", function() return a:lines()() end, "ab!" },
      { "peek", function() return a:peek(4, 5) end, "ab!\n" },
    }
    for _, row in ipairs(readers) do
      a:unread("ab")
      assert.equal(row[3], (row[2]()), row[1])
      -- Everything back to where it was.
      local rest = assert(a:recv(100, 0) or "")
      if #rest > 0 and row[1] == "peek" then rest = rest:sub(3) end
      a:unread("!\nc")
      assert.equal("!\nc", a:recv_exactly(3, 5))
      a:unread("!\nc")
    end
    assert.truthy(b)
  end))

  it("does not hide a delimiter that was searched for in vain",
    net.inside(function()
      local a = pair_with("bc")
      assert.same({ nil, "timeout", n = 2 },
        table.pack(a:recv_until("ab", 0.01)))
      a:unread("a")
      assert.equal("ab", a:recv_until("ab", 5))
      assert.equal("c", a:recv(10, 5))
    end))

  it("of nothing changes nothing", net.inside(function()
    local a = net.pair()
    assert.is_true(a:unread(""))
    assert.same({ nil, "timeout", n = 2 }, table.pack(a:recv(1, 0)))
  end))

  it("keeps every byte, and a lot of them", net.inside(function()
    local a = net.pair()
    local all = {}
    for c = 0, 255 do all[#all + 1] = string.char(c) end
    local text = table.concat(all):rep(10000)
    a:unread(text)
    assert.is_true(a:recv_exactly(#text, 5) == text)
  end))

  it("is busy while somebody reads, who would not see it",
    net.inside(function()
      local a, b = net.pair()
      local reader = lev.spawn(function() return a:recv(10, 5) end)
      lev.yield()
      assert.same({ nil, "busy", n = 2 }, table.pack(a:unread("x")))
      b:send("y")
      assert.equal("y", lev.await(reader))
    end))

  it("is refused by a closed socket", net.inside(function()
    local a = net.pair()
    a:close()
    assert.same({ nil, "socket is closed", n = 2 }, table.pack(a:unread("x")))
  end))
end)
