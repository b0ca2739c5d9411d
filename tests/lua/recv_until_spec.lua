-- socket:recv_until: literals and patterns, wherever the segments are cut.

local lev = require "lev"
local net = require "net_support"

-- What recv_until(pattern, ...) returns when the text arrives in pieces.
local function receive(pieces, ...)
  local a, b = net.pair()
  lev.spawn(function() net.send_pieces(b, pieces) end)
  local results = table.pack(a:recv_until(...))
  return results, a, b
end

describe("socket:recv_until", function()
  it("returns everything up to and including the delimiter",
    net.inside(function()
      local a, b = net.pair()
      b:send("one\r\ntwo\r\nrest")
      assert.equal("one\r\n", a:recv_until("\r\n", 5))
      assert.equal("two\r\n", a:recv_until("\r\n", 5))
      assert.equal("rest", a:recv(10, 5))
    end))

  it("finds a delimiter cut at every place", net.inside(function()
    local text = "head\r\n\r\ntail"
    for cut = 1, #text - 1 do
      local results, a = receive({ text:sub(1, cut), text:sub(cut + 1) },
        "\r\n\r\n", 5)
      assert.same({ "head\r\n\r\n", n = 1 }, results)
      assert.equal("tail", a:recv_exactly(4, 5))
    end
  end))

  it("finds a delimiter that comes byte by byte", net.inside(function()
    local results = receive({ "x", "a", "a", "a", "b", "y" }, "aab", 5)
    assert.same({ "xaaab", n = 1 }, results)
  end))

  it("finds a delimiter of one byte, and one that is all there is",
    net.inside(function()
      assert.same({ "\n", n = 1 }, receive({ "\nrest" }, "\n", 5))
      assert.same({ "END", n = 1 }, receive({ "E", "ND" }, "END", 5))
    end))

  it("takes binary delimiters", net.inside(function()
    assert.same({ "a\0b\0\xff", n = 1 },
      receive({ "a\0b", "\0\xff\0" }, "\0\xff", 5))
  end))

  it("understands patterns", net.inside(function()
    assert.same({ "abc12", n = 1 }, receive({ "abc12;x" }, "%d+", 5))
    assert.same({ "key = v\n", n = 1 }, receive({ "key", " = v\nx" },
      "%w+%s*=%s*%w+\n", 5))
    assert.same({ "x[1]", n = 1 }, receive({ "x[1]y" }, "%b[]", 5))
    assert.same({ "aXbY", n = 1 }, receive({ "aX", "bYcZ" }, "X.-Y", 5))
  end))

  it("finds a pattern cut at every place", net.inside(function()
    local text = "head\r\n.\r\ntail"
    for cut = 1, #text - 1 do
      local results, a = receive({ text:sub(1, cut), text:sub(cut + 1) },
        "\r\n%.\r\n", 5)
      assert.same({ "head\r\n.\r\n", n = 1 }, results)
      assert.equal("tail", a:recv_exactly(4, 5))
    end
  end))

  it("understands the anchor: at the beginning of what was not taken",
    net.inside(function()
      local a, b = net.pair()
      b:send("123abc456")
      assert.equal("123", a:recv_until("^%d+", 5))
      assert.same({ nil, "timeout", n = 2 },
        table.pack(a:recv_until("^%d+", 0.01)))
      assert.equal("abc456", a:recv(10, 0))
    end))

  it("ignores captures", net.inside(function()
    assert.same({ "a=1", n = 1 }, receive({ "a=1;" }, "(%w)=(%d)()", 5))
  end))

  it("with plain = true takes magic characters as they are",
    net.inside(function()
      assert.same({ "a.+(b", n = 1 },
        receive({ "a.+", "(bc" }, ".+(b", { plain = true, timeout = 5 }))
      assert.same({ "a%d", n = 1 },
        receive({ "a%d1" }, "%d", { plain = true, timeout = 5 }))
    end))

  it("raises at once for a malformed pattern, and the socket lives",
    net.inside(function()
      local a, b = net.pair()
      for _, pattern in ipairs { "[", "%", "(", "(()", "%f" } do
        local ok, err = pcall(a.recv_until, a, pattern, 1)
        assert.is_false(ok, pattern)
        assert.equal("string", type(err))
      end
      b:send("fine\n")
      assert.equal("fine\n", a:recv_until("\n", 5))
    end))

  it("raises at once for a pattern whose fault string.find sees late",
    net.inside(function()
      local a, b = net.pair()
      for pattern, fault in pairs {
        ["a["] = "malformed pattern (missing ']')",
        ["a%"] = "malformed pattern (ends with '%')",
        ["x%bx"] = "malformed pattern (missing arguments to '%b')",
        ["x%fx"] = "missing '[' after '%f' in pattern",
        ["x.)"] = "invalid pattern capture",
        ["(x"] = "unfinished capture",
        ["x%1"] = "invalid capture index in pattern",
      } do
        local ok, err = pcall(function() a:recv_until(pattern, 5) end)
        assert.is_false(ok, pattern)
        assert.truthy(err:find("bad argument #1 to 'recv_until' (" .. fault ..
          ")", 1, true), err)
      end
      b:send("aaa")
      assert.equal("aaa", a:recv(10, 5))
    end))

  it("raises for a pattern that may match nothing: where the network cuts " ..
    "would decide what it returns", net.inside(function()
      local a = net.pair()
      for _, pattern in ipairs { "x*", "x-", "x?", "^", "$", "^x*$", "()",
        "(x*)", "[^\n]*" } do
        local ok, err = pcall(function() a:recv_until(pattern, 5) end)
        assert.is_false(ok, pattern)
        assert.truthy(err:find("the pattern matches the empty string", 1, true),
          err)
      end
      local results = receive({ "a", "xx" }, "x*x", 5)
      assert.same({ "axx", n = 1 }, results)
    end))

  it("lets others run while it searches much", net.inside(function()
    local a, b = net.pair()
    local size = 4 << 20
    lev.spawn(function()
      b:send(("."):rep(size))
      b:send("7")
    end)
    local turns = 0
    local receiver = lev.spawn(function()
      return a:recv_until("%d", { max_size = 2 * size, timeout = 20 })
    end)
    while not receiver:done() do
      turns = turns + 1
      lev.yield()
    end
    assert.equal(size + 1, #lev.await(receiver))
    assert.is_true(turns > 2)
  end))

  for _, kind in ipairs { { "literal", "END" }, { "pattern", "E%u%u" } } do
    local name, pattern = table.unpack(kind)

    it("gives up beyond max_size and loses nothing: " .. name,
      net.inside(function()
        local a, b = net.pair()
        b:send("0123456789END")
        local err = "pattern not found within 12 bytes"
        assert.same({ nil, err, n = 2 },
          table.pack(a:recv_until(pattern, 5, 12)))
        assert.same({ nil, err, n = 2 },
          table.pack(a:recv_until(pattern, { max_size = 12 })))
        assert.equal("0123456789END", a:recv_until(pattern, 5, 13))
      end))

    it("counts max_size across segments: " .. name, net.inside(function()
      local results, a = receive({ "01234", "56789", "END" }, pattern, 5, 8)
      assert.same({ nil, "pattern not found within 8 bytes", n = 2 }, results)
      assert.equal("0123456789END", a:recv_until(pattern, 5))
    end))

    it("accepts a match of exactly max_size: " .. name, net.inside(function()
      assert.same({ "0END", n = 1 },
        receive({ "0E", "ND" }, pattern, 5, 4))
    end))

    it("has a max_size of one megabyte by default: " .. name,
      net.inside(function()
        local a, b = net.pair()
        lev.spawn(function() b:send(("x"):rep((1 << 20) + 10) .. "END") end)
        assert.same({ nil, "pattern not found within 1048576 bytes", n = 2 },
          table.pack(a:recv_until(pattern, 10)))
        assert.equal((1 << 20) + 13, #a:recv_until(pattern, 10, 2 << 20))
      end))

    it("loses nothing at a timeout or a cancel: " .. name,
      net.inside(function()
        local a, b = net.pair()
        b:send("abcE")
        assert.same({ nil, "timeout", n = 2 },
          table.pack(a:recv_until(pattern, 0.01)))
        local token = lev.cancel_token()
        lev.spawn(function() lev.sleep(0.01) token:cancel() end)
        assert.same({ nil, "cancelled", n = 2 },
          table.pack(a:recv_until(pattern, { cancel = token })))
        b:send("NDrest")
        assert.equal("abcEND", a:recv_until(pattern, 5))
        assert.equal("rest", a:recv(10, 5))
      end))

    it("says 'closed' at the end and leaves the bytes: " .. name,
      net.inside(function()
        local a, b = net.pair()
        b:send("no delimiter")
        b:close()
        for _ = 1, 2 do
          assert.same({ nil, "closed", n = 2 },
            table.pack(a:recv_until(pattern, 5)))
        end
        assert.equal("no delimiter", a:recv(100, 5))
      end))
  end

  it("looks for a new delimiter in all that had arrived before",
    net.inside(function()
      local a, b = net.pair()
      lev.spawn(function() net.send_pieces(b, { "a\nbcdef", "ghi" }) end)
      assert.same({ nil, "timeout", n = 2 },
        table.pack(a:recv_until("END", 0.05)))
      assert.equal("a\n", a:recv_until("\n", 1))
    end))

  it("looks for a longer delimiter where a shorter one had been sought",
    net.inside(function()
      local a, b = net.pair()
      lev.spawn(function() net.send_pieces(b, { "abc12", "34" }) end)
      assert.same({ nil, "timeout", n = 2 },
        table.pack(a:recv_until("|", 0.05)))
      assert.equal("abc12", a:recv_until("c12", 1))
    end))

  it("cuts a hundred thousand lines out of one stream", net.inside(function()
    local a, b = net.pair()
    local lines = {}
    for i = 1, 100000 do lines[i] = ("line %d\n"):format(i) end
    lev.spawn(function() b:send(table.concat(lines)) b:close() end)
    for i = 1, 100000 do
      if a:recv_until("\n", 5) ~= lines[i] then error("line " .. i) end
    end
    assert.same({ nil, "closed", n = 2 }, table.pack(a:recv_until("\n", 5)))
  end))

  it("finds nothing in a socket that was closed", net.inside(function()
    for _, row in ipairs {
      { "recv_until", "c" }, { "recv_until", "%a" }, { "peek", 2 },
      { "recv", 2 }, { "recv_exactly", 2 },
    } do
      local a, b = net.pair()
      b:send("abcd")
      assert.equal("a", a:recv_exactly(1, 5))
      a:close()
      assert.same({ nil, "socket is closed", n = 2 },
        table.pack(a[row[1]](a, row[2], 5)), row[1] .. " " .. row[2])
    end
  end))

  it("shares its buffer with the other ways of reading", net.inside(function()
    local a, b = net.pair()
    b:send("5\nhelloworld7\n")
    local size = tonumber(a:recv_until("\n", 5))
    assert.equal("hello", a:recv_exactly(size, 5))
    assert.equal("wor", a:recv(3, 5))
    assert.equal("ld7", a:recv_until("%d", 5))
    assert.equal("\n", a:recv(10, 5))
  end))
end)
