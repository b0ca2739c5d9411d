-- Tests lev/lua/lua_tls_info.cc.
-- What goes over a connection with TLS, and how it ends.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

local BLOCK = ("0123456789abcdef"):rep(1 << 16)

describe("A socket with TLS", function()
  it("carries much in both directions at once", net.inside(function()
    local client, server = tls.connected()
    local rounds = 8
    local function send(socket)
      return lev.spawn(function()
        for _ = 1, rounds do assert(socket:send(BLOCK)) end
      end)
    end
    local function receive(socket)
      return lev.spawn(function()
        for _ = 1, rounds do
          if assert(socket:recv_exactly(#BLOCK, 30)) ~= BLOCK then
            error("other data")
          end
        end
        return true
      end)
    end
    local tasks = { send(client), send(server) }
    local one, other = receive(client), receive(server)
    assert.is_true(one:await())
    assert.is_true(other:await())
    for _, task in ipairs(tasks) do task:await() end
  end))

  it("reads in all the ways there are", net.inside(function()
    local client, server = tls.connected()
    client:send("line\n12345rest")
    assert.equal("line\n", (server:recv_until("\n", 5)))
    assert.equal("12345", (server:recv_exactly(5, 5)))
    assert.equal("re", (server:recv(2, 5)))
    assert.equal("st", (server:recv(100, 5)))
  end))

  it("sends files", net.inside(function()
    local client, server = tls.connected()
    local path = tls.path("file")
    tls.write(path, BLOCK)
    local task = lev.spawn(function() return client:sendfile(path) end)
    assert.is_true(server:recv_exactly(#BLOCK, 30) == BLOCK)
    assert.equal(#BLOCK, (task:await()))
  end))

  it("times out, and loses nothing", net.inside(function()
    local client, server = tls.connected()
    client:send("ab")
    assert.same({ nil, "timeout" }, { server:recv_exactly(4, 0.02) })
    client:send("cd")
    assert.equal("abcd", (server:recv_exactly(4, 5)))
  end))

  it("goes on after a send that was cut short", net.inside(function()
    local client, server = tls.connected()
    local ok, err, sent = client:send(BLOCK:rep(16), 0.05)
    assert.is_nil(ok)
    assert.equal("timeout", err)
    local task = lev.spawn(function() return client:send("after", 10) end)
    local got, total = nil, 0
    repeat
      got = assert(server:recv(1 << 20, 10))
      total = total + #got
    until total >= sent + 5
    assert.equal(sent + 5, total)
    assert.equal("after", got:sub(-5))
    assert.equal(5, (task:await()))
  end))

  it("says goodbye when it closes", net.inside(function()
    local client, server = tls.connected()
    client:send("last")
    client:close()
    assert.equal("last", (server:recv(10, 5)))
    assert.same({ nil, "closed" }, { server:recv(10, 5) })
  end))

  it("loses nothing of a client who only sends, and closes",
    net.inside(function()
      local client, server = net.pair()
      client:setsockopt("sndbuf", 1 << 20)
      server:setsockopt("rcvbuf", 65536)
      local task = lev.spawn(function()
        return server:starttls(tls.server())
      end)
      assert.is_true(client:starttls(tls.client()))
      assert.is_true(task:await())
      -- The server's ticket has come, and nobody has read it.
      local data = ("x"):rep(400000)
      assert.equal(#data, client:send(data, 5))
      client:close()
      local got, err = net.read_all(server, 5)
      assert.equal(#data, #got)
      assert.equal("closed", err)
    end))

  it("says goodbye when it shuts down, and still reads", net.inside(function()
    local client, server = tls.connected()
    assert.is_true(client:shutdown("w"))
    assert.same({ nil, "closed" }, { server:recv(10, 5) })
    server:send("answer")
    assert.equal("answer", (client:recv(10, 5)))
    assert.same({ nil, "closed", 0 }, { client:send("x") })
  end))

  it("tells apart an end that was not meant", net.inside(function()
    local client, server = net.pair()
    -- In the middle stands somebody who passes bytes on, and vanishes.
    local outside, inside = net.pair()
    local function pass(from, to)
      lev.spawn(function()
        while true do
          local data = from:recv(65536, 30)
          if not data or not to:send(data) then return end
        end
      end)
    end
    pass(server, inside)
    pass(inside, server)
    local task = lev.spawn(function() return outside:starttls(tls.server()) end)
    assert.is_true(client:starttls(tls.client()))
    assert.is_true(task:await())
    outside:send("last")
    assert.equal("la", (client:recv_exactly(2, 5)))
    server:shutdown("w")
    assert.equal("st", (client:recv(10, 5)))
    assert.same({ nil, "closed", "truncated" }, { client:recv(10, 5) })
    assert.same({ nil, "closed", "truncated" }, { client:recv_exactly(1, 5) })
    for _, socket in ipairs { client, server, outside, inside } do
      socket:close()
    end
  end))

  it("shares one reader and one sender at a time", net.inside(function()
    local client, server = tls.connected()
    local reader = lev.spawn(function() return server:recv(1, 5) end)
    lev.yield()
    assert.same({ nil, "busy" }, { server:recv(1, 5) })
    client:send("x")
    assert.equal("x", (reader:await()))
    local senders = {}
    for i = 1, 5 do
      senders[i] = lev.spawn(function()
        return client:send(tostring(i):rep(200000))
      end)
    end
    for i = 1, 5 do
      assert.is_true(server:recv_exactly(200000, 10)
        == tostring(i):rep(200000))
    end
  end))

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    net.run(function()
      local _keep = { tls.connected() }
      tls.connected()
    end)
    assert.equal(before, net.count_fds())
  end)
end)

describe("socket:tls_info", function()
  it("is nil without TLS, and after it", net.inside(function()
    local a = net.pair()
    assert.is_nil(a:tls_info())
    local client = tls.connected()
    client:close()
    assert.is_nil(client:tls_info())
  end))

  it("tells what was agreed on, and with whom", net.inside(function()
    local client, server = tls.connected()
    local info = client:tls_info()
    assert.equal("TLSv1.3", info.version)
    assert.matches("^TLS_", info.cipher)
    assert.is_false(info.resumed)
    assert.is_true(info.verified)
    assert.is_nil(info.alpn)
    local peer = info.peer
    assert.equal("CN=localhost", peer.subject)
    assert.equal("CN=lev test authority", peer.issuer)
    assert.same({ "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1" }, peer.names)
    assert.equal(tls.read(tls.path("server.pem")), peer.pem)
    assert.equal("integer", math.type(peer.not_after))
    local other = server:tls_info()
    assert.is_nil(other.peer)
    assert.is_false(other.verified)
  end))

  it("does not claim what was not verified", net.inside(function()
    local client = tls.connected { verify = false, server_name = "any.org" }
    assert.is_false(client:tls_info().verified)
    assert.equal("CN=localhost", client:tls_info().peer.subject)
  end))
end)
