-- lev.test.network: hosts, links, and all that goes wrong there.

local lev = require "lev"
local test = require "lev.test"
local tls = require "tls_support"

-- A server on host "b" that answers each line with itself in capitals.
local function serve(net)
  local b = net:host("b")
  return b:spawn(function()
    local listener <close> =
      assert(lev.listen("0.0.0.0", 80, { backlog = 1000 }))
    while true do
      local socket = listener:accept(3000)
      if not socket then return end
      lev.spawn(function()
        local s <close> = socket
        while true do
          local line = s:recv_until("\n")
          if not line or not s:send(line:upper()) then return end
        end
      end)
    end
  end)
end

local function on(net, name, fn)
  return assert(lev.await(net:host(name):spawn(fn)))
end

describe("a network in memory", function()
  it("finds hosts by name, from lev.connect and lev.resolve", function()
    test.run(function(net)
      local server = serve(net)
      net:names { ["www.test"] = net:host("b").addresses }
      on(net, "a", function()
        local socket <close> = assert(lev.connect("www.test", 80, 5))
        assert(socket:send("hello\n"))
        assert.equal("HELLO\n", socket:recv_until("\n"))
        assert.equal("10.0.0.2", assert(lev.resolve("b"))[1])
        local none, why = lev.connect("nowhere.test", 80)
        assert.is_nil(none)
        assert.equal('name not found: "nowhere.test"', why)
        return true
      end)
      server:cancel()
    end, { network = { hosts = { "b", "a" } } })
  end)

  it("takes as long as the link", function()
    test.run(function(net)
      local server = serve(net)
      net:link(net:host("a"), "b", { latency = 0.05 })
      on(net, "a", function()
        local socket <close> = assert(lev.connect("b", 80, 5))
        assert.equal("0.100", ("%.3f"):format(test.now()))
        assert(socket:send("hello\n"))
        assert(socket:recv_until("\n"))
        assert.equal("0.200", ("%.3f"):format(test.now()))
        return true
      end)
      server:cancel()
    end, { network = { hosts = { "b" } } })
  end)

  it("delays what a partition holds up, and goes on when it heals", function()
    test.run(function(net)
      local server = serve(net)
      local data = ("x"):rep(200000)
      on(net, "a", function()
        local socket <close> = assert(lev.connect("b", 80, 5))
        local reader = lev.spawn(function()
          return assert(socket:recv_exactly(#data + 1, 100))
        end)
        net:link("a", "b", { latency = 0.01, bandwidth = 100000 })
        local sender = lev.spawn(function()
          return assert(socket:send(data .. "\n", 100))
        end)
        lev.sleep(0.5)
        net:partition("a", { "b" })
        lev.sleep(5)
        net:heal()
        assert(lev.await(sender))
        assert.equal(data:upper() .. "\n", assert(lev.await(reader)))
        assert.is_true(test.now() > 5)
        return true
      end)
      server:cancel()
    end, { network = { hosts = { "b", "a" } } })
  end)

  it("times out where nobody answers", function()
    test.run(function(net)
      net:host("a")
      net:host("b")
      net:partition("a", "b")
      on(net, "a", function()
        local none, why = lev.connect("b", 80, 10)
        assert.is_nil(none)
        assert.equal("timeout", why)
        none, why = lev.connect(net:host("b").address, 80)
        assert.equal("Connection timed out", why)
        return true
      end)
    end)
  end)

  it("resets a connection at each byte, and the program hears of it",
     function()
    for k = 0, 12 do
      test.run(function(net)
        local server = serve(net)
        net:link("b", "a", { reset_after = k, one_way = true })
        on(net, "a", function()
          local socket <close> = assert(lev.connect("b", 80, 5))
          socket:send("hello world\n")
          local line, why = socket:recv_until("\n")
          if not line then assert.equal("Connection reset by peer", why) end
          return true
        end)
        server:cancel()
      end, { network = { hosts = { "b", "a" } } })
    end
  end)

  it("resets all connections between two hosts", function()
    test.run(function(net)
      local server = serve(net)
      on(net, "a", function()
        local socket <close> = assert(lev.connect("b", 80, 5))
        net:reset("a", "b")
        local none, why = socket:recv(1)
        assert.is_nil(none)
        assert.equal("Connection reset by peer", why)
        return true
      end)
      server:cancel()
    end, { network = { hosts = { "b", "a" } } })
  end)

  it("brings one byte at a time, out of little memory", function()
    test.run(function(net)
      local server = serve(net)
      net:links { piece = 1 }
      on(net, "a", function()
        local socket <close> = assert(lev.connect("b", 80, 5))
        assert(socket:send("hello world\n"))
        assert.equal("H", socket:recv(100))
        assert.equal("ELLO WORLD\n", socket:recv_until("\n"))
        return true
      end)
      server:cancel()
    end, { network = { hosts = { "b", "a" } } })
  end)

  it("loses datagrams, and tells of nobody at a port", function()
    test.each_seed(5, function(net)
      net:link(net:host("a"), net:host("b"), { loss = 0.5 })
      local server = net:host("b"):spawn(function()
        local socket <close> = lev.udp()
        assert(socket:bind("0.0.0.0", 53))
        local count = 0
        while socket:recvfrom(100, 10) do count = count + 1 end
        return count
      end)
      on(net, "a", function()
        lev.sleep(1)
        local socket <close> = lev.udp()
        assert(socket:connect(net:host("b").address, 53))
        for _ = 1, 100 do assert(socket:send("x")) end
        assert(socket:connect(net:host("b").address, 54))
        net:link("a", "b", {})
        assert(socket:send("x"))
        local none, why = socket:recv(100, 1)
        assert.is_nil(none)
        assert.equal("Connection refused", why)
        return true
      end)
      local count = assert(lev.await(server))
      assert.is_true(count > 20 and count < 80)
    end)
  end)

  it("has UNIX sockets, each host its own", function()
    test.run(function(net)
      local listener <close> = assert(lev.unix_listen("/run/server"))
      local client <close> = assert(lev.unix_connect("/run/server"))
      local server <close> = assert(listener:accept())
      assert(client:send("hello"))
      assert.equal("hello", server:recv(5))
      on(net, "a", function()
        local none, why = lev.unix_connect("/run/server")
        assert.is_nil(none)
        assert.equal("No such file or directory", why)
        return true
      end)
    end, { network = { hosts = { "a" } } })
  end)

  it("carries TLS", function()
    test.run(function(net)
      local server = net:host("b"):spawn(function()
        local listener <close> = assert(lev.listen("0.0.0.0", 443))
        local socket <close> = assert(listener:accept(5))
        assert(socket:starttls(tls.server()))
        assert(socket:send(assert(socket:recv_until("\n")):upper()))
        socket:recv(1)
        return true
      end)
      net:links { latency = 0.02, jitter = 0.01, loss = 0.05, piece = 100 }
      on(net, "a", function()
        local socket <close> = assert(lev.connect("localhost.test", 443,
          { timeout = 60, tls = tls.client() }))
        assert(socket:send("secret\n"))
        assert.equal("SECRET\n", socket:recv_until("\n"))
        return true
      end)
      assert(lev.await(server))
    end, { seed = 5, network = { hosts = { "b", "a" },
           names = { ["localhost.test"] = "10.0.0.2" } } })
  end)

  it("serves a thousand connections", function()
    local served = 0
    test.run(function(net)
      local server = serve(net)
      net:links { latency = 0.01 }
      on(net, "a", function()
        for i = 1, 1000 do
          lev.spawn(function()
            local socket <close> = assert(lev.connect("b", 80, 60))
            assert(socket:send("n" .. i .. "\n"))
            assert.equal("N" .. i .. "\n", socket:recv_until("\n"))
            served = served + 1
          end)
        end
        return true
      end)
      lev.sleep(100)
      server:cancel()
    end, { network = { hosts = { "b", "a" } } })
    assert.equal(1000, served)
  end)

  it("lets a host crash and start again", function()
    test.run(function(net)
      serve(net)
      on(net, "a", function()
        local socket <close> = assert(lev.connect("b", 80, 5))
        net:host("b"):crash()
        local none, why = socket:recv_until("\n", 5)
        assert.is_nil(none)
        assert.equal("timeout", why)
        net:host("b"):start()
        local server = serve(net)
        socket:send("hello\n")
        none, why = socket:recv_until("\n")
        assert.equal("Connection reset by peer", why)
        local again <close> = assert(lev.connect("b", 80, 5))
        assert(again:send("again\n"))
        assert.equal("AGAIN\n", again:recv_until("\n"))
        server:cancel()
        return true
      end)
    end, { network = { hosts = { "b", "a" } } })
  end)

  it("crashes tasks that have not run yet, too", function()
    test.run(function(net)
      local task = net:host("a"):spawn(error)
      net:host("a"):crash()
      assert.equal("aborted", task.status)
    end)
  end)

  it("forgives what a crash has left open", function()
    test.run(function(net)
      net:host("a"):spawn(function()
        _G.left = assert(lev.listen("0.0.0.0", 80))
        lev.sleep(10)
      end)
      lev.sleep(1)
      net:host("a"):crash()
    end, { network = { hosts = { "a" } } })
    _G.left = nil
  end)

  it("runs out of descriptors when it is told to", function()
    test.run(function(net)
      net:host("main"):limit_fds(1)
      local listener <close> = assert(lev.listen("127.0.0.1", 80))
      local none, why = lev.connect("127.0.0.1", 80)
      assert.is_nil(none)
      assert.equal("Too many open files", why)
    end)
  end)

  it("says what is wrong with a link", function()
    test.run(function(net)
      local function link(plan) net:link("main", "main", plan) end
      assert.error_matches(function() link { los = 1 } end,
                           "unknown option 'los'")
      assert.error_matches(function() link { loss = 2 } end,
                           "loss: 2 is out of range")
      assert.error_matches(function() net:link("main", "x", {}) end,
                           "there is no host 'x'")
    end)
  end)
end)
