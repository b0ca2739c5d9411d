-- IPv6 and multicast over UDP.

local lev = require "lev"
local net = require "net_support"

describe("A UDP socket without a family", function()
  it("becomes what it is bound to", net.inside(function()
    local socket = lev.udp()
    local number = socket:fd()
    assert.is_true(socket:setsockopt("ttl", 9))
    assert.is_true(socket:bind("::1", 0))
    assert.equal(number, socket:fd())
    assert.equal(9, socket:getsockopt("ttl"))
    local address, port = socket:getsockname()
    assert.equal("::1", address)
    local other = lev.udp()
    assert.equal(5, other:sendto("hello", "::1", port))
    local data, from, its_port = socket:recvfrom(10, 5)
    assert.same({ "hello", "::1" }, { data, from })
    assert.equal(its_port, select(2, other:getsockname()))
  end))

  it("answers to a task that waited before it was decided",
    net.inside(function()
      local server = assert(lev.udp("inet6"))
      assert(server:bind("::1", 0))
      local _, port = server:getsockname()
      local client = lev.udp()
      local answer = lev.spawn(function() return client:recv(10, 10) end)
      lev.yield()
      assert.equal(3, client:sendto("ask", "::1", port))
      local data, from, its_port = server:recvfrom(10, 5)
      server:sendto(data .. "!", from, its_port)
      assert.equal("ask!", lev.await(answer))
    end))

  it("stays what it has become", net.inside(function()
    local four, six = lev.udp(), lev.udp()
    four:bind("127.0.0.1", 0)
    six:bind("::1", 0)
    assert.same({ nil, "Address family not supported by protocol", n = 2 },
      table.pack(four:sendto("x", "::1", 9)))
    assert.is_nil(six:sendto("x", "127.0.0.1", 9))
  end))
end)

describe("A family", function()
  it("can be asked for", net.inside(function()
    assert.same({ nil, "Address family not supported by protocol", n = 2 },
      table.pack(lev.udp("inet"):bind("::1", 0)))
    local six = lev.udp("inet6")
    assert.is_true(six:bind("::", 0))
    assert.equal("::", (six:getsockname()))
  end))

  it("that is none is named", net.inside(function()
    local ok, text = pcall(function() lev.udp("ipx") end)
    assert.is_false(ok)
    assert.truthy(text:find("invalid option 'ipx'", 1, true), text)
  end))

  it("of both kinds speaks IPv4, unless it is told not to",
    net.inside(function()
      local six = lev.udp("inet6")
      assert.is_true(six:setsockopt("v6only", false))
      assert.is_true(six:bind("::", 0))
      local _, port = six:getsockname()
      lev.udp():sendto("x", "127.0.0.1", port)
      local data, from, its_port = six:recvfrom(10, 5)
      assert.same({ "x", "::ffff:127.0.0.1" }, { data, from })
      assert.equal(1, six:sendto("y", from, its_port))
    end))
end)

describe("Multicast", function()
  local GROUP = "239.17.4.2"

  -- A socket that has joined by the loopback interface, and its port.
  local function member(interface)
    local socket = assert(lev.udp())
    assert(socket:bind("0.0.0.0", 0))
    assert.is_true(socket:join(GROUP, interface or "lo"))
    return socket, select(2, socket:getsockname())
  end

  -- One that sends by it.
  local function sender()
    local socket = assert(lev.udp())
    assert.is_true(socket:setsockopt("multicast_if", "lo"))
    return socket
  end

  it("reaches who has joined, until it leaves", net.inside(function()
    local socket, port = member()
    local from = sender()
    assert.equal(5, from:sendto("hello", GROUP, port))
    assert.equal("hello", socket:recv(10, 5))
    assert.is_true(socket:leave(GROUP, "lo"))
    from:sendto("again", GROUP, port)
    from:sendto("end", "127.0.0.1", port)
    assert.equal("end", socket:recv(10, 5))
  end))

  it("knows interfaces by name, number and address", net.inside(function()
    for _, interface in ipairs { "lo", 1, "127.0.0.1" } do
      local socket <close> = member(interface)
      assert.is_true(socket:leave(GROUP, interface))
      assert.is_true(socket:setsockopt("multicast_if", interface))
      assert.equal("127.0.0.1", socket:getsockopt("multicast_if"))
    end
  end))

  it("comes back to its own host only if wanted", net.inside(function()
    local socket, port = member()
    local from = sender()
    assert.is_true(from:getsockopt("multicast_loop"))
    from:setsockopt("multicast_loop", false)
    assert.is_false(from:getsockopt("multicast_loop"))
    assert.is_true(from:setsockopt("multicast_ttl", 3))
    assert.equal(3, from:getsockopt("multicast_ttl"))
    socket:close()
    assert.equal(1, from:sendto("x", GROUP, port))
  end))

  it("over IPv6 takes groups, too", net.inside(function()
    local socket = lev.udp()
    assert.is_true(socket:join("ff02::1234", "lo"))
    assert.is_true(socket:bind("::", 0))
    assert.is_true(socket:setsockopt("multicast_if", 1))
    assert.equal("lo", socket:getsockopt("multicast_if"))
    assert.is_true(socket:leave("ff02::1234", "lo"))
  end))

  it("says what is no group, and no interface", net.inside(function()
    local socket = lev.udp()
    assert.same({ nil, "Invalid argument", n = 2 },
      table.pack(socket:join("127.0.0.1", "lo")))
    assert.same({ nil, "No such device", n = 2 },
      table.pack(socket:join(GROUP, "nosuchif")))
    assert.same({ nil, "No such device", n = 2 },
      table.pack(socket:leave(GROUP, 98765)))
    assert.same({ nil, "Cannot assign requested address", n = 2 },
      table.pack(socket:leave(GROUP, "lo")))
  end))
end)
