-- Tests lev/lua/lua_tls.cc.
-- From a plain socket to one with TLS, and every way in which that fails.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

describe("socket:starttls", function()
  it("turns a plain connection into one with TLS", net.inside(function()
    local client, server = net.pair()
    assert.equal(9, client:send("STARTTLS\n"))
    assert.equal("STARTTLS\n", (server:recv_until("\n", 5)))
    local task = lev.spawn(function() return server:starttls(tls.server()) end)
    assert.same({ true }, { client:starttls(tls.client()) })
    assert.same({ true }, { task:await() })
    client:send("secret")
    assert.equal("secret", (server:recv(100, 5)))
    server:send("answer")
    assert.equal("answer", (client:recv_exactly(6, 5)))
  end))

  it("takes what was received already as the peer's TLS", net.inside(function()
    local client, server = net.pair()
    client:send("PROXY\r\n")
    local task = lev.spawn(function() return client:starttls(tls.client()) end)
    lev.sleep(0.05)  -- Both are there, and are read as one.
    assert.equal("PROXY\r\n", (server:recv_until("\r\n", 5)))
    assert.is_true(server:starttls(tls.server()))
    assert.is_true(task:await())
  end))

  it("does not mix injected plain text into the answers", net.inside(function()
    local client, server = net.pair()
    server:send("220 ready\r\n250 injected\r\n")
    assert.equal("220 ready\r\n", (client:recv_until("\r\n", 5)))
    local ok, err = client:starttls(tls.client())
    assert.is_nil(ok)
    assert.equal("tls handshake: wrong version number", err)
    tls.assert_closed(client)
  end))

  it("leaves a socket alone that is closed, busy or done",
    net.inside(function()
      local client, server = tls.connected()
      assert.same({ nil, "tls is already on" },
        { client:starttls(tls.client()) })
      client:send("still")
      assert.equal("still", (server:recv(10, 5)))
      client:close()
      assert.same({ nil, "socket is closed" }, { client:starttls({}) })
      local a, b = net.pair()
      local reader = lev.spawn(function() return a:recv(10, 5) end)
      lev.yield()
      assert.same({ nil, "busy" }, { a:starttls({}) })
      b:send("data")
      assert.equal("data", (reader:await()))
      net.fill(a)
      local sender = lev.spawn(function() return a:send("more", 5) end)
      lev.yield()
      assert.same({ nil, "busy" }, { a:starttls({}) })
      sender:abort()
    end))

  it("keeps others away meanwhile", net.inside(function()
    local client, server = net.pair()
    local task = lev.spawn(function() return client:starttls(tls.client()) end)
    lev.yield()
    assert.same({ nil, "busy" }, { client:recv(1, 5) })
    assert.same({ nil, "busy", 0 }, { client:send("clear text") })
    assert.same({ nil, "busy" }, { client:starttls(tls.client()) })
    assert.is_nil(client:tls_info())
    assert.is_true(server:starttls(tls.server()))
    assert.is_true(task:await())
  end))

  it("without a name, verifies the address", net.inside(function()
    local config = { cafile = tls.ca }
    tls.connected(config)
    local client, _, err = tls.pair(config, tls.server({}, "example"))
    assert.equal("certificate verify failed: IP address mismatch", err)
    tls.assert_closed(client)
  end))

  it("works on UNIX sockets", net.inside(function()
    local path = os.tmpname()
    os.remove(path)
    local listener = assert(lev.unix_listen(path))
    local client = assert(lev.unix_connect(path))
    local server = assert(listener:accept(5))
    local task = lev.spawn(function() return server:starttls(tls.server()) end)
    assert(client:starttls(tls.client()))
    assert.is_true(task:await())
    client:send("hello")
    assert.equal("hello", (server:recv(10, 5)))
    os.remove(path)
  end))
end)

describe("A handshake that fails", function()
  local function refused(client_config, server_config, client_error,
                         server_error)
    return net.inside(function()
      local client, server, a, b = tls.pair(client_config, server_config)
      assert.equal(client_error, a)
      if server_error then assert.equal(server_error, b) end
      tls.assert_closed(client)
      if b then tls.assert_closed(server) end
    end)
  end

  it("closes both ends, for an expired certificate", refused(
    tls.client(), tls.server({}, "expired"),
    "certificate verify failed: certificate has expired",
    "tls alert: certificate expired"))

  it("says that a certificate is not yet valid", refused(
    tls.client(), tls.server({}, "future"),
    "certificate verify failed: certificate is not yet valid",
    "tls alert: bad certificate"))

  it("says that a name is not the certificate's", refused(
    tls.client { server_name = "example.net" }, tls.server(),
    "certificate verify failed: hostname mismatch"))

  it("says that an authority is not known", refused(
    tls.client(), tls.server({}, "stranger"),
    "certificate verify failed: unable to get local issuer certificate",
    "tls alert: unknown ca"))

  it("says that it met garbage", net.inside(function()
    for _, mode in ipairs { tls.client(), tls.server() } do
      local a, b = net.pair()
      b:send("GARBAGE GARBAGE GARBAGE\r\n")
      assert.same({ nil, "tls handshake: wrong version number" },
        { a:starttls(mode) })
      tls.assert_closed(a)
    end
    local a, b = net.pair()
    b:send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert.same({ nil, "tls handshake: http request" },
      { a:starttls(tls.server()) })
  end))

  it("ends at its timeout when the peer is silent", net.inside(function()
    for _, config in ipairs { tls.client { timeout = 0.05 },
        tls.server { timeout = 0.05 } } do
      local a, b = net.pair()
      assert.same({ nil, "timeout" }, { a:starttls(config) })
      tls.assert_closed(a)
      b:close()
    end
  end))

  it("ends when it is cancelled, before and meanwhile", net.inside(function()
    local a = net.pair()
    local token = lev.cancel_token()
    lev.spawn(function()
      lev.sleep(0.02)
      token:cancel()
    end)
    assert.same({ nil, "cancelled" },
      { a:starttls(tls.client { cancel = token }) })
    tls.assert_closed(a)
    local c = net.pair()
    assert.same({ nil, "cancelled" },
      { c:starttls(tls.client { cancel = token }) })
    tls.assert_closed(c)
  end))

  it("closes the socket when its task is aborted or cancelled",
    net.inside(function()
      for _, how in ipairs { "abort", "cancel" } do
        local a = net.pair()
        local task = lev.spawn(function() a:starttls(tls.client()) end)
        lev.yield()
        task[how](task)
        task:await()
        tls.assert_closed(a)
      end
    end))

  it("says that the socket was closed by another task", net.inside(function()
    local a = net.pair()
    local task = lev.spawn(function() return a:starttls(tls.client()) end)
    lev.yield()
    a:close()
    assert.same({ nil, "socket is closed" }, { task:await() })
  end))

  it("says that the peer has gone, at every stage", net.inside(function()
    local hello, flight
    do
      local a, b = net.pair()
      local task = lev.spawn(function() return a:starttls(tls.client()) end)
      hello = assert(b:recv(65536, 5))
      local c, d = net.pair()
      local other = lev.spawn(function() return c:starttls(tls.server()) end)
      d:send(hello)
      flight = assert(d:recv(65536, 5))
      task:abort()
      other:abort()
    end
    local function vanish(config, bytes)
      local a, b = net.pair()
      local task = lev.spawn(function() return a:starttls(config) end)
      lev.yield()
      b:send(bytes)
      b:shutdown("w")
      local ok, err, detail = task:await()
      assert.is_nil(ok)
      if err ~= "closed" then
        -- The flight of another connection, when it has come as a whole.
        assert.matches("^tls handshake: ", err)
      else
        assert.equal("truncated", detail)
      end
      tls.assert_closed(a)
    end
    for size = 0, #hello - 1, 40 do
      vanish(tls.server(), hello:sub(1, size))
    end
    for size = 0, #flight, 100 do
      vanish(tls.client(), flight:sub(1, size))
    end
  end))

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    net.run(function()
      for _, config in ipairs { tls.server({}, "expired"),
          tls.server { cert = "/no/such.pem" }, tls.server { timeout = 0 },
          tls.server { key = tls.path("client.key") } } do
        tls.pair(tls.client { timeout = 0.2 }, config)
      end
      collectgarbage()
    end)
    assert.equal(before, net.count_fds())
  end)
end)

describe("Files that do not fit", function()
  local function wrong(config, pattern)
    return net.inside(function()
      local a = net.pair()
      local ok, err = a:starttls(config)
      assert.is_nil(ok)
      assert.equal(pattern, err)
      tls.assert_closed(a)
    end)
  end
  local garbage = tls.path("garbage.pem")
  tls.write(garbage, "garbage\n")
  local key, cert = tls.path("client.key"), tls.path("server.pem")

  it("are named: missing", wrong(tls.server { cert = "/no/x.pem" },
    "cannot read certificate '/no/x.pem': No such file or directory"))
  it("are named: no key", wrong(tls.server { key = "/no/x.key" },
    "cannot read private key '/no/x.key': No such file or directory"))
  it("are named: garbage", wrong(tls.server { cert = garbage },
    "'" .. garbage .. "' holds no certificate"))
  it("are named: garbage for a key", wrong(tls.server { key = garbage },
    "'" .. garbage .. "' holds no private key"))
  it("are named: no match", wrong(tls.server { key = key },
    "private key '" .. key .. "' does not match certificate '" .. cert .. "'"))
  it("are named: no authorities", wrong(tls.client { cafile = garbage },
    "'" .. garbage .. "' holds no certificate"))
  it("are named: authorities missing", wrong(tls.client { cafile = "/no/ca" },
    "cannot read cafile '/no/ca': No such file or directory"))
  it("are named: key log", wrong(tls.client { keylog = "/no/log" },
    "cannot open key log '/no/log': No such file or directory"))
end)
