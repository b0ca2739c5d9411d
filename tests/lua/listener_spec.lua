-- Tests lev/lua/lua_listener.cc.
-- Listeners: who gets a connection, and what happens when none can be had.

local lev = require "lev"
local net = require "net_support"

describe("lev.listen", function()
  it("on port 0 gets a port of its own, which getsockname tells",
    net.inside(function()
      local one, port = net.listen()
      local two, other = net.listen()
      assert.equal("integer", math.type(port))
      assert.is_true(port > 0 and port < 65536)
      assert.not_equal(port, other)
      assert.same({ "127.0.0.1", port, n = 2 }, table.pack(one:getsockname()))
      assert.is_true(two:fd() > 2)
      assert.equal("lev.listener: fd " .. two:fd(), tostring(two))
    end))

  it("says that an address is in use, and leaves nothing",
    net.inside(function()
      local listener, port = net.listen()
      local fds = net.count_fds()
      assert.same({ nil, "Address already in use", n = 2 },
        table.pack(lev.listen("127.0.0.1", port)))
      assert.equal(fds, net.count_fds())
      listener:close()
      assert.truthy(lev.listen("127.0.0.1", port))
    end))

  it("can listen again at once on a port that had connections",
    net.inside(function()
      local listener, port = net.listen()
      local client = assert(lev.connect("127.0.0.1", port, 5))
      local server = assert(listener:accept(5))
      server:close()
      client:close()
      listener:close()
      assert.truthy(lev.listen("127.0.0.1", port))
    end))

  it("says that an address is not ours", net.inside(function()
    assert.same({ nil, "Cannot assign requested address", n = 2 },
      table.pack(lev.listen("192.0.2.1", 0)))
  end))

  it("says what is not an address", net.inside(function()
    assert.same({ nil, 'not an IPv4 or IPv6 address: "no name"', n = 2 },
      table.pack(lev.listen("no name", 0)))
  end))

  it("with reuseport shares a port, and without does not",
    net.inside(function()
      local one, port = net.listen("127.0.0.1", { reuseport = true })
      local two = assert(lev.listen("127.0.0.1", port, { reuseport = true }))
      assert.same({ nil, "Address already in use", n = 2 },
        table.pack(lev.listen("127.0.0.1", port)))
      local counts = { 0, 0 }
      for i, listener in ipairs { one, two } do
        lev.spawn(function()
          while listener:accept() do counts[i] = counts[i] + 1 end
        end)
      end
      local clients = {}
      for i = 1, 100 do
        clients[i] = assert(lev.connect("127.0.0.1", port, 5))
      end
      while counts[1] + counts[2] < 100 do lev.sleep(0.001) end
      assert.is_true(counts[1] > 0 and counts[2] > 0)
      one:close()
      two:close()
    end))

  it("raises outside a run", function()
    local ok, err = pcall(lev.listen, "127.0.0.1", 0)
    assert.is_false(ok)
    assert.truthy(err:find("lev.listen: must be called within lev.run", 1,
      true), err)
  end)
end)

describe("listener:accept", function()
  it("returns socket, address and port of the client", net.inside(function()
    local listener, port = net.listen()
    local client = assert(lev.connect("127.0.0.1", port, 5))
    local _, from = client:getsockname()
    local results = table.pack(listener:accept(5))
    assert.equal(3, results.n)
    assert.truthy(tostring(results[1]):find("^lev.tcp: fd %d+$"))
    assert.same({ "127.0.0.1", from }, { results[2], results[3] })
  end))

  it("waits for a connection", net.inside(function()
    local listener, port = net.listen()
    lev.spawn(function()
      lev.sleep(0.01)
      assert(lev.connect("127.0.0.1", port, 5)):close()
    end)
    assert.truthy(listener:accept(5))
  end))

  it("says timeout, and cancelled, and goes on", net.inside(function()
    local listener, port = net.listen()
    local start = lev.now()
    assert.same({ nil, "timeout", n = 2 }, table.pack(listener:accept(0.02)))
    assert.is_true(lev.now() - start >= 0.02)
    assert.same({ nil, "timeout", n = 2 },
      table.pack(listener:accept { timeout = 0 }))
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.005) token:cancel() end)
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(listener:accept { cancel = token }))
    local client = assert(lev.connect("127.0.0.1", port, 5))
    assert.truthy(listener:accept(0))
    assert.is_true(client:close())
  end))

  it("takes those who came while nobody accepted", net.inside(function()
    local listener, port = net.listen()
    local clients = {}
    for i = 1, 50 do
      clients[i] = assert(lev.connect("127.0.0.1", port, 5))
    end
    for _ = 1, 50 do assert.truthy(listener:accept(5)) end
    assert.same({ nil, "timeout", n = 2 }, table.pack(listener:accept(0)))
    assert.equal(50, #clients)
  end))

  it("gives each of several acceptors one of the arrivals",
    net.inside(function()
      local listener, port = net.listen()
      local got = {}
      local tasks = {}
      for i = 1, 4 do
        tasks[i] = lev.spawn(function()
          local socket = assert(listener:accept(5))
          got[#got + 1] = i
          return socket
        end)
      end
      lev.yield()
      -- All arrive before the loop looks: one edge for four connections.
      local clients = {}
      for i = 1, 4 do
        clients[i] = lev.spawn(function()
          return assert(lev.connect("127.0.0.1", port, 5))
        end)
      end
      local start = lev.now()
      for i = 1, 4 do assert.truthy(lev.await(tasks[i])) end
      -- Not only when the time is up, which is another try.
      assert.is_true(lev.now() - start < 4)
      table.sort(got)
      assert.same({ 1, 2, 3, 4 }, got)
    end))

  it("passes an arrival on when the acceptor it woke is aborted",
    net.inside(function()
      local listener, port = net.listen()
      local first = lev.spawn(function() return listener:accept(5) end)
      local second = lev.spawn(function() return listener:accept(5) end)
      local client = lev.spawn(function()
        return assert(lev.connect("127.0.0.1", port, 5))
      end)
      lev.yield()
      -- Until the loop has woken the first, who has not run yet.
      while lev.stats().ready_count == 0 do lev.yield() end
      first:abort()
      assert.equal("aborted", first.status)
      local start = lev.now()
      assert.truthy(lev.await(second))
      assert.is_true(lev.now() - start < 4)
      assert.truthy(lev.await(client))
    end))

  it("loses no connection to acceptors that time out", net.inside(function()
    local listener, port = net.listen()
    local accepted, stop = 0, false
    for _ = 1, 3 do
      lev.spawn(function()
        while not stop do
          local socket = listener:accept(0.0005)
          if socket then
            accepted = accepted + 1
            socket:close()
          end
        end
      end)
    end
    for _ = 1, 100 do
      assert(lev.connect("127.0.0.1", port, 5)):close()
      lev.sleep(0.0003)
    end
    lev.sleep(0.02)
    stop = true
    assert.equal(100, accepted)
  end))

  it("hands over a client that has already gone", net.inside(function()
    local listener, port = net.listen()
    local client = assert(lev.connect("127.0.0.1", port, 5))
    client:send("bye")
    client:close()
    lev.sleep(0.005)
    local socket = assert(listener:accept(5))
    assert.equal("bye", socket:recv(10, 5))
    assert.same({ nil, "closed", n = 2 }, table.pack(socket:recv(10, 5)))
  end))

  it("leaves accepted sockets open when the listener closes",
    net.inside(function()
      local a, b = net.pair()
      a:send("x")
      assert.equal("x", b:recv(1, 5))
    end))
end)

describe("Without free descriptors", function()
  -- The sanitizer of undefined behaviour needs descriptors itself: it looks at
  -- memory by a pipe, and takes a failure for a bad object.
  local it = os.getenv("UBSAN_OPTIONS") and pending or it

  local PROGRAM = [[
    local lev = require "lev"
    local function try(...)
      local value, err = ...
      return value and "ok" or err
    end
    print(lev.run(function()
      local listener = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local client = assert(lev.connect("127.0.0.1", port, 5))
      local queued = assert(lev.connect("127.0.0.1", port, 5))
      -- Take what is left.
      local taken = {}
      while true do
        local more = lev.listen("127.0.0.1", 0)
        if not more then break end
        taken[#taken + 1] = more
      end
      print("listen", try(lev.listen("127.0.0.1", 0)))
      print("connect", try(lev.connect("127.0.0.1", port, 1)))
      print("accept", try(listener:accept(0.05)))
      print("accept", try(listener:accept(0.3)))
      print("sleep", lev.sleep(0.01))
      table.remove(taken):close()
      local server = listener:accept(5)
      print("accept after a close", server ~= nil)
      server:send("hello")
      print("recv", client:recv_exactly(5, 1))
      print("accept", try(listener:accept(0.05)))
      table.remove(taken):close()
      print("accept after a close", (try(listener:accept(5))))
      return "the loop went on"
    end))
  ]]

  it("accept waits and warns once, other calls say so, the loop goes on",
    function()
      local full = "Too many open files"
      assert.equal(table.concat({
        "listen\t" .. full, "connect\t" .. full,
        "lev: accepting pauses: " .. full, "accept\ttimeout",
        "accept\ttimeout", "sleep\ttrue", "accept after a close\ttrue",
        "recv\thello", "accept\ttimeout", "accept after a close\tok",
        "the loop went on", "exit 0", "",
      }, "\n"), net.subprocess(PROGRAM, "ulimit -n 30;"))
    end)

  it("lev.run itself returns an error", function()
    local out = net.subprocess([[
      local lev = require "lev"
      local files = {}
      while true do
        local file = io.open("/dev/null")
        if not file then break end
        files[#files + 1] = file
      end
      print(lev.run(function() return "impossible" end))
      files[1]:close()
      print(lev.run(function() return "possible" end))
    ]], "ulimit -n 20;")
    assert.truthy(out:find("^nil\t[^\n]*Too many open files"), out)
    assert.truthy(out:find("\npossible\nexit 0\n", 1, true), out)
  end)

  it("the logger is warned, and the acceptor neither fails nor spins",
    function()
      local out = net.subprocess([[
        local lev = require "lev"
        lev.set_logger(function(level, text) print(level, text) end)
        lev.run(function()
          local listener = assert(lev.listen("127.0.0.1", 0))
          local _, port = listener:getsockname()
          local client = assert(lev.connect("127.0.0.1", port, 5))
          local taken = {}
          repeat
            local more = lev.listen("127.0.0.1", 0)
            taken[#taken + 1] = more
          until not more
          local results = {}
          local function accept()
            local socket, err = listener:accept(20)
            results[#results + 1] = socket and "one came" or err
          end
          lev.spawn(accept)
          lev.spawn(accept)
          local before = os.clock()
          lev.sleep(0.5)
          print(os.clock() - before < 0.3)
          print(#results)
          for _, object in ipairs(taken) do object:close() end
          while #results < 1 do lev.sleep(0.01) end
          client:close()
          listener:close()
          while #results < 2 do lev.sleep(0.01) end
          print(results[1], results[2])
        end)
      ]], "ulimit -n 20;")
      assert.equal("warn\taccepting pauses: Too many open files\ntrue\n" ..
        "0\none came\tsocket is closed\nexit 0\n", out)
    end)

  it("a logger may close the listener that it is told of", function()
    local out = net.subprocess([[
      local lev = require "lev"
      print(lev.run(function()
        local listener = assert(lev.listen("127.0.0.1", 0))
        lev.set_logger(function() listener:close() end)
        local _, port = listener:getsockname()
        local client = assert(lev.connect("127.0.0.1", port, 5))
        local taken = {}
        repeat
          taken[#taken + 1] = lev.listen("127.0.0.1", 0)
          local more = lev.listen("127.0.0.1", 0)
          taken[#taken + 1] = more
        until not more
        local before = lev.now()
        local _, err = listener:accept(20)
        return err, lev.now() - before < 15
      end))
    ]], "ulimit -n 20;")
    assert.equal("socket is closed\ttrue\nexit 0\n", out)
  end)
end)
