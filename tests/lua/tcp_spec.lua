-- Tests lev/lua/lua_tcp.cc: sockets that are made first and connected or bound
-- afterwards.

local lev = require "lev"
local net = require "net_support"

local function refusing_port()
  local listener, port = net.listen()
  listener:close()
  return port
end

describe("lev.tcp", function()
  it("makes a socket that can be connected", net.inside(function()
    local listener, port = net.listen()
    local socket = assert(lev.tcp())
    assert.matches("^lev.tcp: fd %d+$", tostring(socket))
    assert.is_true(socket:connect("127.0.0.1", port, 5))
    local server = assert(listener:accept(5))
    socket:send("hello")
    assert.equal("hello", server:recv(10, 5))
    assert.same({ "127.0.0.1", port }, { socket:getpeername() })
  end))

  it("makes one that can be bound and listen", net.inside(function()
    local socket = assert(lev.tcp())
    assert.is_true(socket:setsockopt("reuseaddr", true))
    assert.is_true(socket:bind("127.0.0.1", 0))
    local host, port = socket:getsockname()
    assert.equal("127.0.0.1", host)
    local listener = assert(socket:listen(5))
    assert.matches("^lev.listener: fd", tostring(listener))
    -- The descriptor has moved.
    assert.equal("lev.tcp: closed", tostring(socket))
    assert.same({ nil, "socket is closed" }, { socket:listen() })
    local client = assert(lev.connect("127.0.0.1", port, 5))
    local server = assert(listener:accept(5))
    server:send("x")
    assert.equal("x", client:recv(1, 5))
  end))

  it("speaks IPv6 too", net.inside(function()
    local listener, port = net.listen("::1")
    local socket = assert(lev.tcp("inet6"))
    assert.is_true(socket:connect("::1", port, 5))
    assert.truthy(listener:accept(5))
    local other = assert(lev.tcp("inet"))
    assert.is_nil((other:connect("::1", port, 5)))
  end))

  it("connects from the address it was bound to", net.inside(function()
    local listener, port = net.listen()
    local socket = assert(lev.tcp())
    assert.is_true(socket:bind("127.0.0.2", 0))
    assert.is_true(socket:connect("127.0.0.1", port, 5))
    local _, host = listener:accept(5)
    assert.equal("127.0.0.2", host)
  end))

  it("reports a refusal; the socket is the user's to close",
    net.inside(function()
      local socket = assert(lev.tcp())
      assert.same({ nil, "Connection refused", n = 2 },
        table.pack(socket:connect("127.0.0.1", refusing_port(), 5)))
      assert.matches("fd", tostring(socket))
      assert.is_true(socket:close())
    end))

  it("does not hang when it is connected again after a refusal",
    net.inside(function()
      local listener, port = net.listen()
      local socket = assert(lev.tcp())
      assert.is_nil((socket:connect("127.0.0.1", refusing_port(), 5)))
      local ok, err = socket:connect("127.0.0.1", port, 5)
      assert.is_true(ok or err ~= "timeout", err)
      assert.truthy(listener)
    end))

  it("says so when it is connected already", net.inside(function()
    local listener, port = net.listen()
    local socket = assert(lev.tcp())
    assert.is_true(socket:connect("127.0.0.1", port, 5))
    local server = assert(listener:accept(5))
    for _, connected in ipairs { socket, server } do
      assert.same({ nil, "Transport endpoint is already connected", n = 2 },
        table.pack(connected:connect("127.0.0.1", port, 5)))
    end
    socket:send("x")
    assert.equal("x", server:recv(1, 5))
  end))

  -- A listener whose queue is full answers nobody.
  local function silent_port()
    local listener, port = net.listen("127.0.0.1", { backlog = 0 })
    local queued = {}
    repeat
      local socket = lev.connect("127.0.0.1", port, 0.05)
      queued[#queued + 1] = socket
    until not socket
    return port, listener, queued
  end

  it("gives up at a timeout, a token, a cancel, an abort, and is closed then",
    net.inside(function()
      local port, listener, queued = silent_port()
      assert.truthy(listener and queued)
      local before = net.count_fds()
      local socket = lev.tcp()
      assert.same({ nil, "timeout", n = 2 },
        table.pack(socket:connect("127.0.0.1", port, 0.02)))
      assert.equal("lev.tcp: closed", tostring(socket))
      local token = lev.cancel_token()
      token:cancel()
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(lev.tcp():connect("127.0.0.1", port, { cancel = token })))
      for _, how in ipairs { "cancel", "abort" } do
        local task = lev.spawn(function()
          lev.tcp():connect("127.0.0.1", port)
        end)
        lev.sleep(0.005)
        task[how](task)
        lev.await(task)
      end
      assert.equal(before, net.count_fds())
    end))

  it("is busy while another task connects it, and wakes when it is closed",
    net.inside(function()
      local port, listener, queued = silent_port()
      assert.truthy(listener and queued)
      local socket = lev.tcp()
      local connector = lev.spawn(function()
        return socket:connect("127.0.0.1", port)
      end)
      lev.sleep(0.005)
      assert.same({ nil, "busy", n = 2 },
        table.pack(socket:connect("127.0.0.1", port, 5)))
      socket:close()
      assert.same({ nil, "socket is closed" }, { lev.await(connector) })
    end))

  it("says so to every verb that needs a connection", net.inside(function()
    local socket = lev.tcp()
    local err = "Transport endpoint is not connected"
    assert.same({ nil, err }, { socket:recv(1, 5) })
    assert.same({ nil, err }, { socket:getpeername() })
    assert.is_nil((socket:send("x")))
    assert.same({ nil, err }, { socket:shutdown() })
    socket:close()
    local closed = { nil, "socket is closed", n = 2 }
    assert.same(closed, table.pack(socket:bind("127.0.0.1", 0)))
    assert.same(closed, table.pack(socket:connect("127.0.0.1", 1)))
    assert.same(closed, table.pack(socket:listen()))
  end))

  -- The kernel tells once why a connection has failed: told to somebody else,
  -- the task that connects would wait for ever.
  it("is busy for others while it connects", net.inside(function()
    local config = { verify = false }
    for _, row in ipairs {
      { "recv", 1, 5 }, { "send", "x", 5 }, { "peek", 1, 5 },
      { "sendfile", "/proc/self/exe", 5 }, { "starttls", config, 5 },
      { "connect", "127.0.0.1", 1, 5 },
    } do
      local socket, port = lev.tcp(), refusing_port()
      local connecting = lev.spawn(function()
        return socket:connect("127.0.0.1", port, 20)
      end)
      local other = lev.spawn(function()
        return socket[row[1]](socket, table.unpack(row, 2))
      end)
      assert.equal("busy", (select(2, lev.await(other))), row[1])
      assert.same({ nil, "Connection refused", n = 2 },
        table.pack(lev.await(connecting)), row[1])
      socket:close()
    end
  end))

  it("survives a second connect that is given up before it begins",
    net.inside(function()
      local listener, port = net.listen()
      local socket = assert(lev.tcp())
      assert.is_true(socket:connect("127.0.0.1", port, 5))
      local server = assert(listener:accept(5))
      local token = lev.cancel_token()
      token:cancel()
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(socket:connect("127.0.0.1", port, { cancel = token })))
      -- Of so many calls some wait for their turn.
      local busy = lev.spawn(function()
        while true do socket:connect("127.0.0.1", port, 5) end
      end)
      for _ = 1, 10 do lev.yield() end
      busy:abort()
      server:send("x")
      assert.equal("x", socket:recv(1, 5))
    end))

  it("reports what cannot be bound", net.inside(function()
    local _, port = net.listen()
    local socket = lev.tcp()
    assert.is_nil((socket:bind("192.0.2.1", 0)))
    assert.is_nil((socket:bind("not an address", 0)))
    local other, taken = net.listen()
    assert.same({ nil, "Address already in use", n = 2 },
      table.pack(socket:bind("127.0.0.1", taken)))
    assert.truthy(other and port)
  end))

  it("names what is wrong with its arguments", net.inside(function()
    local socket = lev.tcp()
    for _, row in ipairs {
      { "invalid option 'inet7'", function() lev.tcp("inet7") end },
      { "to 'bind'", function() socket:bind(1, 2) end },
      { "must be from 0 to 65535", function() socket:bind("::1", 65536) end },
      { "to 'connect'", function() socket:connect() end },
      { "must be from 0 to 65535",
        function() socket:connect("::1", -1) end },
      { "must be from 0 to 65535", function() socket:listen(-1) end },
      { "timeout", function() socket:connect("::1", 1, "x") end },
    } do
      local ok, err = pcall(row[2])
      assert.is_false(ok, row[1])
      assert.truthy(err:find(row[1], 1, true), err)
    end
  end))
end)
