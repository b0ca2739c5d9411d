-- Tests lev/lua/lua_core_socket.cc, lev/lua/lua_core_tcp.cc and
-- lev/lua/lua_core_udp.cc: the sockets of lev.core, which try once and never
-- wait, and the waits for their descriptors.

local core = require "lev.core"
local net = require "net_support"

local WAIT = 20

local inside = require "core_support".inside

local function listen(family)
  local listener = core.tcp_new(family)
  local host = family == "inet6" and "::1" or "127.0.0.1"
  assert(listener:bind(host, 0))
  assert(listener:listen(16))
  local _, port = listener:getsockname()
  return listener, port, host
end

-- Both ends of a connection.
local function pair(family)
  local listener, port, host = listen(family)
  local client = core.tcp_new(family)
  local ok, err = client:connect(host, port)
  if not ok then
    assert.equal("EINPROGRESS", err)
    assert(core.wait_writable(client:fd(), WAIT))
    assert(client:connect_finish())
  end
  assert(core.wait_readable(listener:fd(), WAIT))
  local server, addr, peer_port = listener:accept()
  local _, client_port = client:getsockname()
  assert.same({ host, client_port }, { addr, peer_port })
  listener:close()
  return client, server
end

-- A datagram or bytes, once there are some.
local function arrived(socket, method)
  assert(core.wait_readable(socket:fd(), WAIT))
  return socket[method](socket, 1000)
end

local function results(...) return table.pack(...) end

local function again(...)
  assert.same({ nil, "EAGAIN", n = 2 }, table.pack(...))
end

describe("A TCP socket of lev.core", function()
  for _, family in ipairs { "inet", "inet6" } do
    it("connects, accepts, sends and receives by " .. family,
      inside(function()
        local client, server = pair(family)
        again(server:recv(10))
        assert.equal(5, client:send("hello"))
        assert.equal("hello", arrived(server, "recv"))
        assert.equal(0, server:send(""))
        assert.equal(3, server:send("you"))
        assert.equal("you", arrived(client, "recv"))
        again(client:recv(10))
      end))
  end

  it("says EAGAIN when there is nobody to accept", inside(function()
    again(listen():accept())
  end))

  it("says EINPROGRESS until it has connected", inside(function()
    local listener, port = listen()
    local client = core.tcp_new()
    local ok, err = client:connect("127.0.0.1", port)
    if not ok then assert.equal("EINPROGRESS", err) end
    assert(core.wait_writable(client:fd(), WAIT))
    assert.is_true(client:connect_finish())
    assert.same({ "127.0.0.1", port }, { client:getpeername() })
    listener:close()
  end))

  it("says why it could not connect", inside(function()
    local listener, port = listen()
    listener:close()
    local client = core.tcp_new()
    local ok, err = client:connect("127.0.0.1", port)
    if not ok and err == "EINPROGRESS" then
      assert(core.wait_writable(client:fd(), WAIT))
      ok, err = client:connect_finish()
    end
    assert.same({ nil, "Connection refused" }, { ok, err })
    assert.matches("localghost", select(2, client:connect("localghost", 1)))
  end))

  it("says EAGAIN when there is no room, and goes on later",
    inside(function()
      local client, server = pair()
      local block, sent = ("x"):rep(1 << 20), 0
      while true do
        local count, err = client:send(block)
        if not count then
          again(count, err)
          break
        end
        sent = sent + count
      end
      assert.same({ nil, "timeout" },
        { core.wait_writable(client:fd(), 0.001) })
      local received = 0
      while received < sent do
        local data = server:recv(1 << 24)
        if data then
          received = received + #data
        else
          assert(core.wait_readable(server:fd(), WAIT))
        end
      end
      assert.equal(sent, received)
      assert(core.wait_writable(client:fd(), WAIT))
      assert.equal(1, client:send("y"))
    end))

  it("half-closes", inside(function()
    local client, server = pair()
    assert.is_true(client:shutdown("w"))
    assert.same({ nil, "closed", n = 2 }, results(arrived(server, "recv")))
    assert.equal(2, server:send("ok"))
    assert.equal("ok", arrived(client, "recv"))
    assert.is_true(server:shutdown())
  end))

  it("has options", inside(function()
    local socket = core.tcp_new()
    assert.is_true(socket:setsockopt("keepalive", true))
    assert.is_true(socket:getsockopt("keepalive"))
    assert.is_false((pcall(socket.setsockopt, socket, "unknown", 1)))
  end))

  it("is of no use when it is closed", inside(function()
    local socket = core.tcp_new()
    assert.is_true(socket:close())
    assert.is_true(socket:close())
    assert.equal(-1, socket:fd())
    assert.matches("lev.core.tcp: closed", tostring(socket))
    for method, arguments in pairs {
      connect = { "127.0.0.1", 1 }, connect_finish = {}, listen = { 1 },
      bind = { "127.0.0.1", 0 }, accept = {}, send = { "x" }, recv = { 1 },
      shutdown = { "rw" }, getpeername = {}, getsockname = {},
      setsockopt = { "nodelay", true }, getsockopt = { "nodelay" },
    } do
      assert.same({ nil, "socket is closed" },
        { socket[method](socket, table.unpack(arguments)) }, method)
    end
  end))

  it("names the argument that is wrong", inside(function()
    local socket = core.tcp_new()
    for call, expected in pairs {
      ["tcp_new('unix')"] = "#1", ["socket.recv()"] = "#1",
      ["socket.send(udp, 'x')"] = "#1", ["socket:recv(0)"] = "#1",
      ["socket:recv()"] = "#1", ["socket:send(1)"] = "#1",
      ["socket:connect('::', 65536)"] = "#2", ["socket:listen(-1)"] = "#1",
      ["socket:bind({}, 1)"] = "#1", ["socket:shutdown('x')"] = "#1",
    } do
      local run = load("local tcp_new, socket, udp = ... " .. call)
      local ok, err = pcall(run, core.tcp_new, socket, core.udp_new())
      assert.is_false(ok, call)
      assert.matches("bad argument " .. expected, err)
    end
  end))

  it("closes with its variable, and without one by the collector",
    function()
      local before = net.count_fds()
      do
        local socket <close> = core.tcp_new()
        local _ = core.tcp_new(), core.udp_new(), socket
      end
      assert.equal(before, net.count_fds())
    end)

  it("outlives a loop", function()
    local listener, port = listen()
    for _ = 1, 2 do
      inside(function()
        local client <close> = core.tcp_new()
        client:connect("127.0.0.1", port)
        assert(core.wait_readable(listener:fd(), WAIT))
        assert(listener:accept()):close()
      end)()
    end
    listener:close()
  end)
end)

describe("A UDP socket of lev.core", function()
  local function bound(family)
    local socket = core.udp_new(family)
    assert(socket:bind(family == "inet6" and "::1" or "127.0.0.1", 0))
    local host, port = socket:getsockname()
    return socket, host, port
  end

  for _, family in ipairs { "inet", "inet6" } do
    it("sends and receives by " .. family, inside(function()
      local one, host, port = bound(family)
      local other, _, other_port = bound(family)
      again(one:recvfrom(10))
      assert.equal(4, other:sendto("data", host, port))
      assert.same({ "data", host, other_port, n = 3 },
        results(arrived(one, "recvfrom")))
      assert.equal(0, one:sendto("", host, other_port))
      assert.equal("", (arrived(other, "recvfrom")))
    end))
  end

  it("says when a datagram was cut", inside(function()
    local one, host, port = bound()
    one:sendto("long", host, port)
    assert(core.wait_readable(one:fd(), WAIT))
    assert.same({ "lo", host, port, "truncated" }, { one:recvfrom(2) })
  end))

  it("has options, and is of no use when it is closed", inside(function()
    local socket <close> = core.udp_new()
    assert.is_true(socket:setsockopt("reuseaddr", true))
    assert.is_true(socket:close())
    assert.same({ nil, "socket is closed" }, { socket:recvfrom(1) })
    assert.same({ nil, "socket is closed" },
      { socket:sendto("x", "127.0.0.1", 1) })
    assert.matches("lev.core.udp: closed", tostring(socket))
  end))
end)

describe("A wait for a descriptor", function()
  it("times out", inside(function()
    local client = pair()
    assert.same({ nil, "timeout" },
      { core.wait_readable(client:fd(), 0.001) })
  end))

  it("is ended by cancel_wait, which leaves the socket usable",
    inside(function(loop)
      local client, server = pair()
      local main = coroutine.running()
      core.spawn(loop, coroutine.create(function()
        assert.is_false(core.cancel_wait(main, server:fd()))
        assert.is_true(core.cancel_wait(main, client:fd()))
      end))
      assert.same({ nil, "cancelled" }, { core.wait_readable(client:fd()) })
      assert.equal(0, core.loop_stats(loop).registered_fds)
      server:send("x")
      assert.equal("x", arrived(client, "recv"))
    end))

  it("is ended by closing the socket", inside(function(loop)
    local client, server = pair()
    core.spawn(loop, coroutine.create(function() client:close() end))
    assert.same({ nil, "Bad file descriptor" },
      { core.wait_readable(client:fd(), WAIT) })
    server:close()
  end))

  it("for a socket ends even if its number is used again",
    inside(function(loop)
      local client, server = pair()
      local number, others = client:fd(), {}
      core.spawn(loop, coroutine.create(function()
        client:close()
        repeat
          others[#others + 1] = core.udp_new()
        until others[#others]:fd() == number
      end))
      assert.same({ nil, "Bad file descriptor" },
        { core.wait_readable(client, WAIT) })
      for _, other in ipairs(others) do other:close() end
      server:close()
    end))

  it("goes on after fd_deregister while the descriptor is open",
    inside(function(loop)
      local client, server = pair()
      core.spawn(loop, coroutine.create(function()
        core.fd_deregister(client:fd())
        core.timer_sleep(0.001)
        server:send("x")
      end))
      assert.equal("x", arrived(client, "recv"))
    end))

  it("may be one of two for the same descriptor", inside(function(loop)
    local client, server = pair()
    local main, seen = coroutine.running(), 0
    for _ = 1, 2 do
      core.spawn(loop, coroutine.create(function()
        assert(core.wait_readable(client:fd(), WAIT))
        seen = seen + 1
        core.ready_enqueue(loop, main)
      end))
    end
    server:send("x")
    core.yield_to_loop()
    core.yield_to_loop()
    assert.equal(2, seen)
  end))

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    inside(function()
      for _ = 1, 5 do
        local client, server = pair()
        client:send("x")
        assert.equal("x", arrived(server, "recv"))
        client:close()
        server:close()
      end
    end)()
    assert.equal(before, net.count_fds())
  end)
end)

describe("fd_deregister", function()
  it("is harmless outside of a run", function()
    assert.is_nil(core.fd_deregister(0))
  end)
end)
