-- Tests lev/lua/lua_lines.cc: socket:lines.

local lev = require "lev"
local net = require "net_support"

-- A socket at which `pieces` arrive, one after the other, and then the end.
local function socket_with(pieces, open)
  local a, b = net.pair()
  lev.spawn(function()
    net.send_pieces(b, pieces)
    if not open then b:close() end
  end)
  return a, b
end

local function collect(iterator)
  local lines = {}
  for line in iterator do lines[#lines + 1] = line end
  return lines
end

describe("socket:lines", function()
  it("gives each line without its newline", net.inside(function()
    local a = socket_with { "one\ntwo\n\nfour\n" }
    assert.same({ "one", "two", "", "four" }, collect(a:lines()))
  end))

  it("keeps the newline when asked to", net.inside(function()
    local a = socket_with { "one\n\ntwo" }
    assert.same({ "one\n", "\n", "two" }, collect(a:lines { keep = true }))
  end))

  it("does not care where the segments are cut", net.inside(function()
    local text = "ab\ncd\n\nef"
    for cut = 1, #text - 1 do
      local a = socket_with { text:sub(1, cut), text:sub(cut + 1) }
      assert.same({ "ab", "cd", "", "ef" }, collect(a:lines()))
    end
  end))

  it("gives a last line that has no newline, and none after one that has",
    net.inside(function()
      assert.same({ "x" }, collect(socket_with({ "x" }):lines()))
      assert.same({ "x" }, collect(socket_with({ "x\n" }):lines()))
      assert.same({}, collect(socket_with({}):lines()))
    end))

  it("leaves a carriage return alone, and every other byte",
    net.inside(function()
      local a = socket_with { "a\r\n\0\255\nb" }
      assert.same({ "a\r", "\0\255", "b" }, collect(a:lines()))
    end))

  it("goes on after a break where it stopped", net.inside(function()
    local a = socket_with { "one\ntwo\nthree\nrest" }
    for line in a:lines() do
      assert.equal("one", line)
      break
    end
    for line in a:lines() do
      if line == "two" then break end
    end
    assert.equal("three\n", a:recv_until("\n", 5))
    assert.equal("rest", a:recv(10, 5))
  end))

  it("gives a new iterator each time, all over one stream",
    net.inside(function()
      local a = socket_with { "1\n2\n3\n" }
      local first, second = a:lines(), a:lines()
      assert.same({ "1", "2", "3" }, { first(), second(), first() })
      assert.is_nil(second())
      assert.is_nil(first())
    end))

  it("raises at a timeout, and has lost nothing", net.inside(function()
    local a, b = socket_with({ "half" }, true)
    local ok, err = pcall(a:lines { timeout = 0.03 })
    assert.is_false(ok)
    assert.equal("socket:lines: timeout", err)
    b:send(" line\n")
    assert.equal("half line", a:lines()())
  end))

  it("waits so long for each line", net.inside(function()
    local a = socket_with { "a\n", "b\n", "c\n" }
    assert.same({ "a", "b", "c" }, collect(a:lines { timeout = 10 }))
  end))

  it("raises when its token fires", net.inside(function()
    local a = socket_with({}, true)
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.005) token:cancel("why") end)
    local ok, err = pcall(collect, a:lines { cancel = token })
    assert.is_false(ok)
    assert.matches("socket:lines: cancelled$", err)
    assert.same({ nil, "timeout", n = 2 }, table.pack(a:recv(1, 0)))
  end))

  it("raises beyond max_size, and has lost nothing", net.inside(function()
    local a = socket_with { "0123456789\nnext\n" }
    local ok, err = pcall(a:lines { max_size = 10 })
    assert.is_false(ok)
    assert.equal("socket:lines: pattern not found within 10 bytes", err)
    assert.equal("0123456789", a:lines { max_size = 11 }())
    assert.same({ "next" }, collect(a:lines()))
  end))

  it("has a limit of its own of a mebibyte", net.inside(function()
    local a, b = net.pair()
    lev.spawn(function() b:send(("x"):rep(1 << 21)) end)
    local ok, err = pcall(a:lines { timeout = 20 })
    assert.is_false(ok)
    assert.equal("socket:lines: pattern not found within 1048576 bytes", err)
  end))

  it("raises when another task is reading", net.inside(function()
    local a = net.pair()
    local reader = lev.spawn(function() a:recv(1) end)
    lev.yield()
    local ok, err = pcall(a:lines())
    assert.is_false(ok)
    assert.equal("socket:lines: busy", err)
    reader:abort()
  end))

  it("raises when the socket is closed here, before or meanwhile",
    net.inside(function()
      local a = socket_with({}, true)
      local iterator = a:lines()
      local reader = lev.spawn(function() return pcall(iterator) end)
      lev.yield()
      a:close()
      assert.same({ false, "socket:lines: socket is closed" },
        { lev.await(reader) })
      assert.same({ false, "socket:lines: socket is closed" },
        { pcall(iterator) })
    end))

  it("raises what a reset says", net.inside(function()
    local a, b = net.pair()
    a:send("unread")
    lev.sleep(0.005)
    b:close()
    lev.sleep(0.005)
    assert.same({ false, "socket:lines: Connection reset by peer" },
      { pcall(a:lines()) })
  end))

  it("is cancelled with its task", net.inside(function()
    local a, b = socket_with({ "half" }, true)
    local reached
    local task = lev.spawn(function()
      for _ in a:lines() do reached = "a line" end
      reached = "the end"
    end)
    lev.sleep(0.02)
    task:cancel()
    assert.equal("cancelled", (select(2, lev.await(task))))
    assert.is_nil(reached)
    b:send("\n")
    assert.equal("half", a:lines()())
  end))

  it("can be aborted in the middle", net.inside(function()
    local a, b = socket_with({ "half" }, true)
    local task = lev.spawn(function() collect(a:lines()) end)
    lev.sleep(0.02)
    task:abort()
    b:send(" line\n")
    assert.equal("half line", a:lines()())
  end))

  it("works inside pcall, and beside other tasks", net.inside(function()
    local sums = {}
    local port = net.serve(function(socket)
      local sum = 0
      for line in socket:lines { timeout = 10 } do
        sum = sum + assert(tonumber(line))
      end
      sums[#sums + 1] = sum
      socket:send(sum .. "\n")
    end)
    local clients = {}
    for i = 1, 5 do
      clients[i] = lev.spawn(function()
        local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
        for k = 1, 100 do socket:send(k * i .. "\n") end
        socket:shutdown("w")
        local ok, answer = pcall(function()
          for line in socket:lines { timeout = 10 } do return line end
        end)
        assert.is_true(ok, answer)
        return tonumber(answer)
      end)
    end
    for i = 1, 5 do assert.equal(5050 * i, lev.await(clients[i])) end
    assert.equal(5, #sums)
  end))

  it("cannot be used in a coroutine that is no task, and says so",
    net.inside(function()
      local a = socket_with { "x\n" }
      local ok, err = pcall(coroutine.wrap(a:lines()))
      assert.is_false(ok)
      assert.truthy(err:find("socket:lines: cannot suspend inside", 1, true),
        err)
    end))

  it("names an argument that is wrong when it is called",
    net.inside(function()
      local a = net.pair()
      for option, expected in pairs {
        [{ keeep = true }] = "unknown option 'keeep'",
        [{ max_size = 0 }] = "max_size: positive integer expected",
        [{ max_size = "1" }] = "max_size: positive integer expected",
        [{ timeout = "1" }] = "timeout: number of seconds expected",
        [{ timeout = -1 }] = "timeout: must not be negative",
        [{ cancel = 1 }] = "cancel: lev.cancel_token expected",
        [true] = "timeout: number of seconds expected, got boolean",
      } do
        local ok, err = pcall(function() return a:lines(option) end)
        assert.is_false(ok)
        assert.truthy(err:find("bad argument #1 to 'lines'", 1, true), err)
        assert.truthy(err:find(expected, 1, true), err)
      end
    end))
end)
