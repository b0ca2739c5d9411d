-- Tests lev/lua/lua_udp.cc and lev/lua/lua_datagram.cc.
-- UDP sockets, one datagram at a time: udp_batch_spec has the many.

local lev = require "lev"
local net = require "net_support"

-- A socket on a free port of `address`, and the port.
local function bound(address)
  local socket = assert(lev.udp())
  assert(socket:bind(address or "127.0.0.1", 0))
  local _, port = socket:getsockname()
  return socket, port
end

-- A port at which nobody is.
local function free_port()
  local socket <close>, port = bound()
  return port
end

describe("The contract's example of lev.udp", function()
  it("works, with an address of its own", net.inside(function()
    local server, there = bound()
    local sock = lev.udp()
    assert.is_true(sock:bind("0.0.0.0", 0))
    assert.is_true(sock:setsockopt("reuseaddr", 1))
    assert.equal(4, sock:sendto("data", "127.0.0.1", there))
    local data, addr, port = server:recvfrom(4096, 5.0)
    assert.same({ "data", "127.0.0.1" }, { data, addr })
    assert.equal(port, select(2, sock:getsockname()))
    assert.equal(2, server:sendto("ok", addr, port))
    assert.same({ "ok", "127.0.0.1", there, n = 3 },
      table.pack(sock:recvfrom(4096, 5.0)))
    assert.same({ nil, "timeout", n = 2 },
      table.pack(sock:recvfrom(4096, 0.01)))
    sock:close()
    server:close()
  end))
end)

describe("A UDP socket", function()
  it("says what it is", net.inside(function()
    local socket = lev.udp()
    assert.equal("lev.udp: fd " .. socket:fd(), tostring(socket))
    assert.is_true(socket:close())
    assert.is_true(socket:close())
    assert.equal("lev.udp: closed", tostring(socket))
    assert.equal(-1, socket:fd())
  end))

  it("is made only within a run", function()
    local ok, err = pcall(lev.udp)
    assert.is_false(ok)
    assert.truthy(err:find("lev.udp: must be called within lev.run", 1, true))
  end)

  it("is closed at the end of its run", function()
    local fds = net.count_fds()
    local socket = net.run(function() return (bound()) end)
    assert.equal(fds, net.count_fds())
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(socket:sendto("x", "127.0.0.1", 9)))
  end)

  it("is closed by <close>, and by the collector", net.inside(function()
    local fds = net.count_fds()
    do
      local socket <close> = lev.udp()
      assert.equal(fds + 1, net.count_fds())
    end
    lev.udp()
    assert.equal(fds, net.count_fds())
  end))

  it("receives an empty datagram as one", net.inside(function()
    local a, port = bound()
    assert.equal(0, lev.udp():sendto("", "127.0.0.1", port))
    local data, from = a:recvfrom(10, 5)
    assert.same({ "", "127.0.0.1" }, { data, from })
  end))

  it("says that a datagram was cut off", net.inside(function()
    local a, port = bound()
    local b, from = bound()
    b:sendto("abcdef", "127.0.0.1", port)
    b:sendto("abcdef", "127.0.0.1", port)
    b:sendto("abcdef", "127.0.0.1", port)
    assert.same({ "abc", "127.0.0.1", from, "truncated", n = 4 },
      table.pack(a:recvfrom(3, 5)))
    assert.same({ "abc", "truncated", n = 2 }, table.pack(a:recv(3, 5)))
    assert.same({ "abcdef", n = 1 }, table.pack(a:recv(6, 5)))
  end))

  it("carries the largest datagram, and refuses a larger one",
    net.inside(function()
      local a, port = bound()
      local b = lev.udp()
      local most = ("x"):rep(65507)
      assert.equal(#most, b:sendto(most, "127.0.0.1", port))
      assert.equal(most, (a:recvfrom(1 << 20, 5)))
      for _, size in ipairs { 65508, 65536, 1 << 20 } do
        assert.same({ nil, "Message too long", n = 2 },
          table.pack(b:sendto(("x"):rep(size), "127.0.0.1", port)))
      end
      assert.equal(1, b:sendto("y", "127.0.0.1", port))
    end))

  it("knows localhost, and no other name", net.inside(function()
    local a, port = bound("localhost")
    assert.equal(1, lev.udp():sendto("x", "localhost", port))
    assert.equal("x", a:recv(10, 5))
    local refusal = { nil, 'not an IPv4 or IPv6 address: "example.org"',
      n = 2 }
    assert.same(refusal, table.pack(a:sendto("x", "example.org", 53)))
    assert.same(refusal, table.pack(lev.udp():bind("example.org", 53)))
    assert.same(refusal, table.pack(lev.udp():connect("example.org", 53)))
    assert.same(refusal, table.pack(lev.udp():join("example.org")))
  end))

  it("says that an address is in use, or not ours", net.inside(function()
    local _, port = bound()
    local b = lev.udp()
    assert.same({ nil, "Address already in use", n = 2 },
      table.pack(b:bind("127.0.0.1", port)))
    assert.same({ nil, "Cannot assign requested address", n = 2 },
      table.pack(b:bind("192.0.2.1", 0)))
    assert.is_true(b:bind("127.0.0.1", 0))
  end))

  it("may not broadcast before it says so", net.inside(function()
    local a = lev.udp()
    assert.same({ nil, "Permission denied", n = 2 },
      table.pack(a:sendto("x", "127.255.255.255", 9)))
    assert.is_true(a:setsockopt("broadcast", true))
    assert.is_true(a:getsockopt("broadcast"))
  end))
end)

describe("A connected UDP socket", function()
  it("sends and receives without addresses", net.inside(function()
    local server, port = bound()
    local client = lev.udp()
    assert.is_true(client:connect("127.0.0.1", port))
    assert.same({ "127.0.0.1", port, n = 2 },
      table.pack(client:getpeername()))
    assert.equal(4, client:send("ping"))
    local data, addr, from = server:recvfrom(10, 5)
    assert.equal("ping", data)
    lev.udp():sendto("a stranger's", addr, from)
    server:sendto("pong", addr, from)
    assert.equal("pong", client:recv(100, 5))
  end))

  it("says that nobody is there, and stays usable", net.inside(function()
    local client = lev.udp()
    local port = free_port()
    assert.is_true(client:connect("127.0.0.1", port))
    assert.equal(4, client:send("ping"))
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(client:recv(10, 5)))
    local server <close> = lev.udp()
    assert.is_true(server:bind("127.0.0.1", port))
    assert.equal(5, client:send("again"))
    assert.equal("again", server:recv(10, 5))
  end))

  it("that waits when the refusal comes is told of it", net.inside(function()
    local client = lev.udp()
    client:connect("127.0.0.1", free_port())
    lev.spawn(function()
      lev.sleep(0.005)
      client:send("ping")
    end)
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(client:recv(10, 5)))
  end))

  it("is connected no more after disconnect", net.inside(function()
    local _, port = bound()
    local client = lev.udp()
    assert.same({ nil, "Destination address required", n = 2 },
      table.pack(client:send("x")))
    client:connect("127.0.0.1", port)
    assert.is_true(client:disconnect())
    assert.same({ nil, "Transport endpoint is not connected", n = 2 },
      table.pack(client:getpeername()))
    assert.is_nil(client:send("x"))
    assert.equal(1, client:sendto("x", "127.0.0.1", port))
  end))
end)

describe("Waiting in recvfrom", function()
  it("is ended by a token, and the socket stays usable",
    net.inside(function()
      local a, port = bound()
      local token = lev.cancel_token()
      lev.spawn(function()
        lev.sleep(0.005)
        token:cancel()
      end)
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(a:recvfrom(10, { timeout = 5, cancel = token })))
      lev.udp():sendto("x", "127.0.0.1", port)
      assert.equal("x", (a:recvfrom(10, 5)))
    end))

  it("is ended by another task that closes the socket",
    net.inside(function()
      local a = bound()
      local b = bound()
      lev.spawn(function()
        lev.sleep(0.005)
        a:close()
        b:close()
      end)
      assert.same({ nil, "socket is closed", n = 2 },
        table.pack(a:recvfrom(10, 5)))
      assert.same({ nil, "socket is closed", n = 2 },
        table.pack(b:recvfrom_many(10, 10, 5)))
    end))

  it("may several tasks do, and each gets a datagram", net.inside(function()
    local a, port = bound()
    local got = {}
    local tasks = {}
    for i = 1, 5 do
      tasks[i] = function() table.insert(got, (assert(a:recv(10, 10)))) end
    end
    lev.spawn(function()
      lev.sleep(0.005)
      local b = lev.udp()
      for i = 1, 5 do b:sendto(tostring(i), "127.0.0.1", port) end
    end)
    assert(lev.all(tasks))
    table.sort(got)
    assert.same({ "1", "2", "3", "4", "5" }, got)
  end))

  it("loses nothing when one who was woken is aborted", net.inside(function()
    local a, port = bound()
    local first = lev.spawn(function() a:recv(10) end)
    local second = lev.spawn(function() return a:recv(10, 10) end)
    lev.yield()
    lev.udp():sendto("x", "127.0.0.1", port)
    first:abort()
    assert.equal("x", lev.await(second))
  end))
end)

describe("sendto", function()
  it("needs no task that could wait", net.inside(function()
    local a, port = bound()
    local b = lev.udp()
    local sent = coroutine.wrap(function()
      return b:sendto("x", "127.0.0.1", port)
    end)()
    assert.equal(1, sent)
    assert.equal("x", a:recv(10, 5))
  end))

  it("lets others run from time to time", net.inside(function()
    local a, port = bound()
    local b, ran = lev.udp(), false
    lev.spawn(function() ran = true end)
    for _ = 1, 1000 do b:sendto("x", "127.0.0.1", port) end
    assert.is_true(ran)
    a:close()
  end))
end)

describe("Without free descriptors", function()
  it("lev.udp is an error value", function()
    local out = net.subprocess([[
      local lev = require "lev"
      lev.run(function()
        local sockets, err = { lev.udp() }
        sockets[1]:bind("127.0.0.1", 0)
        -- Freed without lev: a sanitizer needs descriptors to look at objects.
        local files = {}
        for i = 1, 4 do files[i] = io.open("/dev/null") end
        repeat
          sockets[#sockets + 1], err = lev.udp()
        until err
        local last = sockets[#sockets]
        print(#sockets > 3, err)
        print(last:bind("::1", 0))
        for _, file in ipairs(files) do file:close() end
        print(last:bind("::1", 0))
        print(last:recv(10, 0))
        print(lev.udp() ~= nil)
      end)
    ]], "ulimit -n 20;")
    assert.equal("true\tToo many open files\nnil\tToo many open files\n" ..
      "true\nnil\ttimeout\ntrue\nexit 0\n", out)
  end)
end)
