-- Whole conversations over TCP: an echo server and its clients.

local lev = require "lev"
local net = require "net_support"

local function echo(socket)
  while true do
    local data = socket:recv(65536)
    if not data then return end
    if not socket:send(data) then return end
  end
end

local function random_bytes(count, seed)
  math.randomseed(seed)
  local bytes = {}
  for i = 1, count do bytes[i] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

-- What `ss` knows of the socket that is bound to `port` and connected.
local function socket_info(port)
  return net.shell(("ss -tino state established '( sport = :%d )'"):format(
    port))
end

describe("An echo server", function()
  for _, address in ipairs { "127.0.0.1", "::1" } do
    it("returns what it gets, over " .. address, net.inside(function()
      local port = net.serve(echo, address)
      local socket <close> = assert(lev.connect(address, port, 5))
      for _, text in ipairs { "hello", "\0", ("x"):rep(1000), "\r\n\xff" } do
        assert.equal(#text, socket:send(text))
        assert.equal(text, socket:recv_exactly(#text, 5))
      end
    end))
  end

  it("returns binary data unchanged", net.inside(function()
    local port = net.serve(echo)
    local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
    local data = random_bytes(100000, 7)
    lev.spawn(function() socket:send(data) end)
    assert.is_true(socket:recv_exactly(#data, 10) == data)
  end))

  it("carries ten megabytes there and back at once", net.inside(function()
    local port = net.serve(echo)
    local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
    local data = random_bytes(1 << 18, 8):rep(40)
    local sender = lev.spawn(function()
      local sent = socket:send(data, 20)
      socket:shutdown("w")
      return sent
    end)
    local back, why = net.read_all(socket, 20)
    assert.equal("closed", why)
    assert.equal(#data, lev.await(sender))
    assert.equal(#data, #back)
    assert.is_true(back == data)
  end))

  it("carries ten megabytes both ways between two who do not echo",
    net.inside(function()
      local a, b = net.pair()
      local data = random_bytes(1 << 18, 9):rep(40)
      local results = assert(lev.all {
        function() return a:send(data, 20) end,
        function() return b:send(data, 20) end,
        function() return a:recv_exactly(#data, 20) end,
        function() return b:recv_exactly(#data, 20) end,
      })
      assert.equal(#data, results[1][1])
      assert.equal(#data, results[2][1])
      assert.is_true(results[3][1] == data)
      assert.is_true(results[4][1] == data)
    end))

  it("serves two hundred clients at once, each with its own bytes",
    net.inside(function()
      local port = net.serve(echo)
      local ready, go = 0, lev.cancel_token()
      local clients = {}
      for i = 1, 200 do
        clients[i] = lev.spawn(function()
          local socket <close> = assert(lev.connect("127.0.0.1", port, 10))
          ready = ready + 1
          lev.sleep(30, go)
          for round = 1, 20 do
            local text = ("client %d round %d;"):format(i, round)
            assert(socket:send(text))
            if socket:recv_until(";", 10) ~= text then return false end
          end
          return true
        end)
      end
      while ready < 200 do lev.sleep(0.001) end
      go:cancel()
      for i = 1, 200 do assert.is_true(lev.await(clients[i])) end
    end))

  it("is left clean by clients that vanish", function()
    local before = net.count_fds()
    net.run(function()
      local port = net.serve(echo)
      for i = 1, 50 do
        local socket = assert(lev.connect("127.0.0.1", port, 5))
        socket:send(("x"):rep(i * 1000))
        socket:close()
      end
      local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
      socket:send("still there")
      assert.equal("still there", socket:recv_exactly(11, 5))
      socket:close()
      for _ = 1, 100 do
        if lev.stats().task_count == 4 then break end
        lev.sleep(0.005)
      end
      -- The run's main task, its guard, the body and the acceptor.
      assert.equal(4, lev.stats().task_count)
      assert.equal(1, lev.stats().registered_fds)
    end)
    assert.equal(before, net.count_fds())
  end)
end)

describe("Socket options", function()
  it("nodelay is on from the start, on both sides", net.inside(function()
    local a, b = net.pair()
    -- With Nagle's algorithm and a delayed acknowledgement, each of these
    -- pairs of small writes would cost 40 ms.
    lev.spawn(function()
      while b:recv_exactly(2, 5) do b:send("o") b:send("k") end
    end)
    local start = lev.now()
    for _ = 1, 20 do
      a:send("h")
      a:send("i")
      assert.equal("ok", a:recv_exactly(2, 5))
    end
    assert.is_true(lev.now() - start < 0.4)
    a:close()
  end))

  it("all are accepted as numbers and as booleans", net.inside(function()
    local a = net.pair()
    for _, name in ipairs { "reuseaddr", "reuseport", "keepalive",
      "nodelay" } do
      assert.is_true(a:setsockopt(name, 1))
      assert.is_true(a:setsockopt(name, 0))
      assert.is_true(a:setsockopt(name, true))
      assert.is_true(a:setsockopt(name, false))
    end
    assert.is_true(a:setsockopt("rcvbuf", 100000))
    assert.is_true(a:setsockopt("sndbuf", 100000))
  end))

  it("keepalive reaches the kernel #kernel", net.inside(function()
    local a = net.pair()
    local _, port = a:getsockname()
    local off = socket_info(port)
    a:setsockopt("keepalive", true)
    local on = socket_info(port)
    assert.is_nil(off:find("keepalive", 1, true), off)
    assert.truthy(on:find("keepalive", 1, true), on)
  end))

  it("sndbuf bounds what an unread connection takes", net.inside(function()
    local a, b = net.pair()
    a:setsockopt("sndbuf", 10000)
    b:setsockopt("rcvbuf", 10000)
    local small = net.fill(a)
    local c = net.pair()
    local large = net.fill(c)
    assert.is_true(small < large, small .. " < " .. large)
  end))
end)
