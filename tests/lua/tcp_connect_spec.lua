-- Tests lev/lua/lua_connect.cc. Tests lev/lua/lua_socket.cc.
-- lev.connect: how it succeeds, and all the ways in which it does not.

local lev = require "lev"
local net = require "net_support"

-- A listener that answers nobody: its queue is full, so that the next
-- connection hangs. Also returns the sockets that fill it.
local function deaf_listener()
  local listener, port = net.listen("127.0.0.1", { backlog = 0 })
  local fillers = {}
  for _ = 1, 10 do
    local socket = lev.connect("127.0.0.1", port, 0.1)
    if not socket then return listener, port, fillers end
    fillers[#fillers + 1] = socket
  end
  error("the queue never fills up")
end

describe("lev.connect", function()
  for _, address in ipairs { "127.0.0.1", "::1" } do
    it("connects to " .. address, net.inside(function()
      local listener, port = net.listen(address)
      local client = assert(lev.connect(address, port, 5))
      local server, host, from = listener:accept(5)
      assert.equal(address, host)
      assert.same({ address, port, n = 2 }, table.pack(client:getpeername()))
      assert.same({ address, from, n = 2 }, table.pack(client:getsockname()))
      assert.same({ address, from, n = 2 }, table.pack(server:getpeername()))
      assert.same({ address, port, n = 2 }, table.pack(server:getsockname()))
      assert.equal("integer", math.type(from))
      client:send("hello")
      assert.equal("hello", server:recv_exactly(5, 5))
    end))

    it("to a closed port of " .. address .. " is refused",
      net.inside(function()
        local listener, port = net.listen(address)
        listener:close()
        local before = net.count_fds()
        for _, wait in ipairs { false, 5, { timeout = 5 } } do
          assert.same({ nil, "Connection refused", n = 2 },
            table.pack(lev.connect(address, port, wait or nil)))
        end
        assert.equal(before, net.count_fds())
        assert.equal(0, lev.stats().registered_fds)
      end))
  end

  it("works without options", net.inside(function()
    local _, port = net.listen()
    assert.truthy(lev.connect("127.0.0.1", port))
  end))

  it("takes 'localhost'", net.inside(function()
    local _, port = net.listen()
    assert.equal("127.0.0.1", (lev.connect("localhost", port):getpeername()))
  end))

  it("takes a zone in an IPv6 address", net.inside(function()
    local _, port = net.listen("::1")
    assert.truthy(lev.connect("::1%lo", port, 5))
  end))

  it("says timeout when nobody answers, and leaves nothing",
    net.inside(function()
      local _, port, fillers = deaf_listener()
      local fds, stats = net.count_fds(), lev.stats()
      local start = lev.now()
      assert.same({ nil, "timeout", n = 2 },
        table.pack(lev.connect("127.0.0.1", port, 0.05)))
      local took = lev.now() - start
      assert.is_true(took > 0.049 and took < 1)
      assert.equal(fds, net.count_fds())
      assert.equal(stats.timer_count, lev.stats().timer_count)
      assert.equal(stats.registered_fds, lev.stats().registered_fds)
      assert.is_true(#fillers > 0)
    end))

  it("with no time says timeout rather than wait", net.inside(function()
    local _, port, fillers = deaf_listener()
    assert.same({ nil, "timeout", n = 2 },
      table.pack(lev.connect("127.0.0.1", port, 0)))
    assert.is_true(#fillers > 0)
  end))

  it("is cancelled by its token, and leaves nothing", net.inside(function()
    local _, port, fillers = deaf_listener()
    local fds = net.count_fds()
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.01) token:cancel() end)
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(lev.connect("127.0.0.1", port, { cancel = token })))
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(lev.connect("127.0.0.1", port, { cancel = token })))
    assert.equal(fds, net.count_fds())
    assert.is_true(#fillers > 0)
  end))

  for _, way in ipairs { "cancel", "abort" } do
    it("leaves nothing when its task ends by " .. way, net.inside(function()
      local _, port, fillers = deaf_listener()
      local fds = net.count_fds()
      local task = lev.spawn(function()
        return lev.connect("127.0.0.1", port)
      end)
      lev.sleep(0.005)
      task[way](task)
      lev.await(task)
      assert.equal(fds, net.count_fds())
      assert.is_true(#fillers > 0)
    end))
  end

  it("in a race with a sleep loses, and leaves nothing", net.inside(function()
    local _, port, fillers = deaf_listener()
    local fds = net.count_fds()
    assert.equal("slept", lev.race {
      function() lev.connect("127.0.0.1", port) return "connected" end,
      function() lev.sleep(0.01) return "slept" end,
    })
    assert.equal(fds, net.count_fds())
    assert.is_true(#fillers > 0)
  end))

  it("says what is not an address, and leaves nothing", net.inside(function()
    local fds = net.count_fds()
    for _, text in ipairs {
      "", "256.1.1.1", "1.2.3", "1.2.3.4.5", " 127.0.0.1", "127.0.0.1 ",
      "::g", ":::", "[127.0.0.1]", "fe80::1%", "::1%nosuchinterface",
      "127.0.0.1%lo",
    } do
      local socket, err = lev.connect(text, 80, 1)
      assert.equal(nil, socket, text)
      assert.equal(('not a host name or address: "%s"'):format(text), err)
    end
    local _, err = lev.connect("127.0.0.1\0.evil", 80, 1)
    assert.equal("the host contains a NUL byte", err)
    assert.equal(fds, net.count_fds())
  end))

  it("raises for a port that is none", net.inside(function()
    for _, port in ipairs { -1, 65536, 1.5, math.maxinteger, "80" } do
      local ok, err = pcall(lev.connect, "127.0.0.1", port, 1)
      assert.is_false(ok)
      assert.truthy(err:find("bad argument #2", 1, true), err)
    end
  end))

  it("raises outside a run and outside a task", function()
    local ok, err = pcall(lev.connect, "127.0.0.1", 80)
    assert.is_false(ok)
    assert.truthy(err:find("lev.connect: must be called within lev.run", 1,
      true), err)
    net.run(function()
      local wrapped = coroutine.wrap(function()
        return pcall(lev.connect, "127.0.0.1", 80)
      end)
      local inner_ok, inner_err = wrapped()
      assert.is_false(inner_ok)
      assert.truthy(inner_err:find("lev.connect", 1, true), inner_err)
    end)
  end)

  it("can hold a thousand connections, and none is left after the run",
    function()
      local before = net.count_fds()
      net.run(function()
        local listener, port = net.listen("127.0.0.1", { backlog = 1024 })
        local sockets = {}
        for i = 1, 1000 do
          sockets[i] = assert(lev.connect("127.0.0.1", port, 5))
        end
        for i = 1001, 2000 do sockets[i] = assert(listener:accept(5)) end
        assert.is_true(net.count_fds() - before >= 2000)
      end)
      assert.equal(before, net.count_fds())
    end)

  it("makes descriptors that a child process does not inherit",
    net.inside(function()
      local a, b = net.pair()
      local listener = net.listen()
      local listing = net.shell("ls -l /proc/self/fd")
      assert.is_nil(listing:find("socket:", 1, true), listing)
      assert.is_true(a:fd() >= 0 and b:fd() >= 0 and listener:fd() >= 0)
    end))

  it("connects at once from many tasks", net.inside(function()
    local port = net.serve(function(socket) socket:send("hi") end)
    local tasks = {}
    for i = 1, 100 do
      tasks[i] = lev.spawn(function()
        local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
        return socket:recv_exactly(2, 5)
      end)
    end
    for i = 1, 100 do assert.equal("hi", lev.await(tasks[i])) end
  end))
end)
