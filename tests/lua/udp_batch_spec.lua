-- Tests lev/lua/lua_sendto_many.cc.
-- Many datagrams at once, and what they cost.

local lev = require "lev"
local net = require "net_support"

local function bound()
  local socket = assert(lev.udp())
  assert(socket:bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  return socket, port
end

local function texts(messages)
  local list = {}
  for i, message in ipairs(messages) do list[i] = message.data end
  return list
end

describe("recvfrom_many", function()
  it("waits for one, and gives what is there", net.inside(function()
    local a, port = bound()
    local b, from = bound()
    lev.spawn(function()
      lev.sleep(0.005)
      for _, text in ipairs { "one", "", "three" } do
        b:sendto(text, "127.0.0.1", port)
      end
    end)
    local messages = assert(a:recvfrom_many(10, 4, 5))
    assert.same({
      { data = "one", addr = "127.0.0.1", port = from },
      { data = "", addr = "127.0.0.1", port = from },
      { data = "thre", addr = "127.0.0.1", port = from, truncated = true },
    }, messages)
  end))

  it("gives no more than was asked for", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    for i = 1, 5 do b:sendto(tostring(i), "127.0.0.1", port) end
    assert.same({ "1", "2" }, texts(a:recvfrom_many(2, 10, 5)))
    assert.same({ "3", "4", "5" }, texts(a:recvfrom_many(100, 10, 5)))
  end))

  it("gives more than one system call can", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    for i = 1, 150 do b:sendto(tostring(i), "127.0.0.1", port) end
    local messages = a:recvfrom_many(149, 65536, 5)
    assert.equal(149, #messages)
    for i, message in ipairs(messages) do
      assert.equal(tostring(i), message.data)
    end
    assert.equal("150", a:recv(10, 5))
  end))

  it("can time out and be cancelled", net.inside(function()
    local a = bound()
    assert.same({ nil, "timeout", n = 2 },
      table.pack(a:recvfrom_many(5, 10, 0.01)))
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(a:recvfrom_many(5, 10, { cancel = token })))
  end))

  it("tells an error of the network", net.inside(function()
    local a = bound()
    local b <close>, port = bound()
    b:close()
    a:connect("127.0.0.1", port)
    a:send("x")
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(a:recvfrom_many(5, 10, 5)))
  end))
end)

describe("sendto_many", function()
  it("takes positional and named messages", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    assert.equal(3, b:sendto_many {
      { "one", "127.0.0.1", port },
      { data = "two", addr = "localhost", port = port },
      { "", "127.0.0.1", port },
    })
    assert.same({ "one", "two", "" }, texts(a:recvfrom_many(9, 10, 5)))
  end))

  it("takes what recvfrom_many gave", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    b:sendto("one", "127.0.0.1", port)
    b:sendto("two", "127.0.0.1", port)
    assert.equal(2, a:sendto_many(a:recvfrom_many(9, 10, 5), 5))
    assert.same({ "one", "two" }, texts(b:recvfrom_many(9, 10, 5)))
  end))

  it("sends without addresses when connected", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    b:connect("127.0.0.1", port)
    assert.equal(2, b:sendto_many { { "one" }, { data = "two" } })
    assert.same({ "one", "two" }, texts(a:recvfrom_many(9, 10, 5)))
  end))

  it("sends any number, none included", net.inside(function()
    local _, port = bound()
    local b = lev.udp()
    local list = {}
    for i = 1, 3000 do list[i] = { "x", "127.0.0.1", port } end
    assert.equal(3000, b:sendto_many(list))
    assert.equal(0, b:sendto_many {})
  end))

  it("says how many went before an error", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    local large = ("x"):rep(70000)
    assert.same({ nil, "Message too long", 1, n = 3 },
      table.pack(b:sendto_many {
        { "one", "127.0.0.1", port },
        { large, "127.0.0.1", port },
        { "three", "127.0.0.1", port },
      }))
    assert.equal("one", a:recv(10, 5))
    assert.same({ nil, 'message 2: not an IPv4 or IPv6 address: "x"', 0,
      n = 3 }, table.pack(b:sendto_many { { "1", "::1", 9 }, { "2", "x", 9 } }))
  end))

  it("of a closed socket sends none", net.inside(function()
    local b = lev.udp()
    b:close()
    assert.same({ nil, "socket is closed", 0, n = 3 },
      table.pack(b:sendto_many { { "1", "127.0.0.1", 9 } }))
  end))

  local function rejects(title, list, expected)
    it("names " .. title, net.inside(function()
      local ok, text = pcall(function() lev.udp():sendto_many(list) end)
      assert.is_false(ok)
      assert.truthy(text:find(expected, 1, true), text)
    end))
  end
  rejects("what is no message", { { "x", "::1", 9 }, 5 },
    "message [2]: table expected, got number")
  rejects("a message without data", { { addr = "::1", port = 9 } },
    "message [1]: data: string expected, got nil")
  rejects("an address that is no string", { { "x", 5, 9 } },
    "message [1]: addr: string expected, got number")
  rejects("an address without a port", { { "x", "::1" } },
    "message [1]: port: integer from 0 to 65535 expected, got nil")
  rejects("a port that is none", { { "x", "::1", 65536 } },
    "message [1]: port: integer from 0 to 65535 expected, got number")
end)

describe("recvfrom_many, meanwhile", function()
  it("is not disturbed by a finalizer that reads", net.inside(function()
    local a, port = bound()
    local b = bound()
    local core = require "lev.core"
    local other <close> = core.udp_new()
    assert(other:bind("127.0.0.1", 0))
    local _, other_port = other:getsockname()
    local active, read = true, 0
    local function leave_garbage()
      setmetatable({}, { __gc = function()
        if not active then return end
        read = read + (other:recvfrom(30000) and 1 or 0)
        leave_garbage()
      end })
    end
    local expected = {}
    for i = 1, 9 do
      expected[i] = tostring(i):rep(1000)
      b:sendto(expected[i], "127.0.0.1", port)
    end
    for _ = 1, 3 do b:sendto(("?"):rep(30000), "127.0.0.1", other_port) end
    lev.sleep(0.005)
    leave_garbage()
    -- From now on each allocation is a collection.
    collectgarbage("incremental", 1, 1000, 30)
    collectgarbage()
    local messages = a:recvfrom_many(9, 1000, 5)
    active = false
    collectgarbage("incremental", 200, 100, 13)
    assert.same(expected, texts(messages))
    assert.equal(3, read)
  end))

  it("returns after some hundreds, however many come", net.inside(function()
    local a, port = bound()
    local b = bound()
    a:setsockopt("rcvbuf", 1 << 20)
    for _ = 1, 270 do b:sendto("x", "127.0.0.1", port) end
    assert.equal(256, #a:recvfrom_many(math.maxinteger, 10, 5))
    assert.equal("x", a:recv(10, 5))
  end))
end)

describe("A server that echoes batches", function()
  it("needs one call for many datagrams, in and out", function()
    local path = os.tmpname()
    local out = net.subprocess([[
      local lev = require "lev"
      lev.run(function()
        local server, client = lev.udp(), lev.udp()
        server:bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        lev.spawn(function()
          while true do
            local messages = server:recvfrom_many(64, 100)
            if not messages then return end
            server:sendto_many(messages)
          end
        end)
        client:connect("127.0.0.1", port)
        local burst = {}
        for i = 1, 32 do burst[i] = { "request" } end
        for _ = 1, 100 do
          assert(client:sendto_many(burst) == 32)
          local got = 0
          while got < 32 do got = got + #client:recvfrom_many(64, 100, 5) end
        end
        server:close()
      end)
    ]], "ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o " .. path ..
      " -e trace=network")
    assert.equal("exit 0\n", out)
    local counts = { again = 0 }
    for line in io.lines(path) do
      local call = line:match("^%d+%s+([%w_]+)%(")
      if call then counts[call] = (counts[call] or 0) + 1 end
      if line:find("EAGAIN", 1, true) then counts.again = counts.again + 1 end
    end
    os.remove(path)
    assert.equal(200, counts.sendmmsg)
    -- A batch may come in parts; none is asked for in vain, but the first.
    assert.is_true(counts.recvmmsg <= 400, counts.recvmmsg .. " recvmmsg")
    assert.is_true(counts.again <= 4, counts.again .. " calls in vain")
  end)
end)
