-- Tests lev/lua/lua_tls_identity.cc and lev/lua/lua_tls_contexts.cc.
-- Who a server is: by name, parsed in advance, and renewed while it runs.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

-- Whom the server shows to a client who asks for `name`.
local function shown(config, name)
  local client, server = tls.connected(
    { server_name = name, verify = false, session = false }, config)
  local subject = client:tls_info().peer.subject
  client:close()
  server:close()
  return subject
end

-- A copy of NAME's files that can be written over.
local function changeable(name, as)
  tls.copy(tls.path(name .. ".pem"), tls.path(as .. ".pem"))
  tls.copy(tls.path(name .. ".key"), tls.path(as .. ".key"))
  return tls.path(as .. ".pem"), tls.path(as .. ".key")
end

describe("A server of several names", function()
  it("shows the one it is asked for", net.inside(function()
    local wild = tls.pem("wild")
    local config = tls.server { hosts = {
      ["example.org"] = tls.pem("example"),
      ["*.example.org"] = {
        identity = assert(lev.tls_identity(wild.cert, wild.key)) },
    } }
    assert.equal("CN=example.org", shown(config, "EXAMPLE.org"))
    assert.equal("CN=wild", shown(config, "api.example.org"))
    assert.equal("CN=localhost", shown(config, "deep.sub.example.org"))
    assert.equal("CN=localhost", shown(config, "other.net"))
    assert.equal("CN=localhost", shown(config, nil))
  end))

  it("sees which it was", net.inside(function()
    local client, server = tls.connected(tls.client())
    assert.equal("localhost", server:tls_info().server_name)
    assert.equal("localhost", client:tls_info().server_name)
  end))
end)

describe("lev.tls_identity", function()
  local pem = tls.pem("server")

  it("is parsed outside a run and used in several", function()
    local identity = assert(lev.tls_identity(pem.cert, pem.key, "localhost"))
    for _ = 1, 2 do
      net.run(function()
        assert.equal("CN=localhost",
          shown({ mode = "server", identity = identity }))
      end)
    end
    assert.matches("^lev.tls_identity: ", tostring(identity))
  end)

  it("tells what is wrong with its files", function()
    assert.same({ nil, "cannot read certificate '/no/x.pem': " ..
      "No such file or directory" }, { lev.tls_identity("/no/x.pem", pem.key) })
    assert.same({ nil, "private key '" .. tls.path("client.key") ..
      "' does not match certificate '" .. pem.cert .. "'" },
      { lev.tls_identity(pem.cert, tls.path("client.key")) })
    assert.same({ nil, "certificate '" .. pem.cert ..
      "' is not for 'example.org'" },
      { lev.tls_identity(pem.cert, pem.key, "example.org") })
    assert.has_error(function() lev.tls_identity() end)
    assert.has_error(function() lev.tls_identity(pem.cert, 1) end)
    assert.has_error(function() lev.tls_identity(pem.cert, pem.key, 1) end)
  end)

  it("describes its certificate", function()
    local info = assert(lev.tls_identity(pem.cert, pem.key)):info()
    assert.equal("CN=localhost", info.subject)
    assert.equal("CN=lev test authority", info.issuer)
    assert.same({ "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1" }, info.names)
    assert.is_true(info.not_before < os.time() and os.time() < info.not_after)
    assert.matches("^%x+$", info.serial)
    assert.equal(64, #info.fingerprint_sha256)
    assert.equal(tls.read(pem.cert), info.pem)
  end)

  it("is reloaded as a whole or not at all", net.inside(function()
    local cert, key = changeable("server", "reloaded")
    local identity = assert(lev.tls_identity(cert, key))
    local config = { mode = "server", identity = identity }
    tls.copy(tls.path("renewed.pem"), cert)
    local ok, err = identity:reload()
    assert.is_nil(ok)
    assert.matches("does not match", err)
    assert.equal("CN=localhost", shown(config))
    tls.copy(tls.path("renewed.key"), key)
    assert.is_true(identity:reload())
    assert.equal("CN=renewed", shown(config))
    assert.equal("CN=renewed", identity:info().subject)
  end))

  it("leaves handshakes that have begun as they were", net.inside(function()
    local cert, key = changeable("server", "meanwhile")
    local identity = assert(lev.tls_identity(cert, key))
    local client, server = net.pair()
    local task = lev.spawn(function()
      return server:starttls { mode = "server", identity = identity }
    end)
    lev.yield()
    changeable("renewed", "meanwhile")
    assert.is_true(identity:reload())
    identity = nil
    collectgarbage()
    assert.is_true(client:starttls(tls.client()))
    assert.is_true(task:await())
    assert.equal("CN=localhost", client:tls_info().peer.subject)
  end))

  it("lets sessions go on after a reload and a rotation", net.inside(function()
    local identity = assert(lev.tls_identity(pem.cert, pem.key))
    -- The peer's port is a part of whose session it is.
    local port = net.serve(function(socket)
      if socket:starttls { mode = "server", identity = identity } then
        socket:send("x")
        socket:recv(1, 5)
      end
    end)
    local function resumed()
      local socket = assert(lev.connect("127.0.0.1", port,
        { timeout = 5, tls = tls.client() }))
      assert.equal("x", (socket:recv(1, 5)))
      local info = socket:tls_info()
      socket:close()
      return info.resumed
    end
    assert.is_false(resumed())
    assert.is_true(resumed())
    assert.is_true(identity:rotate_ticket_keys())
    assert.is_true(resumed())
    assert.is_true(identity:reload())
    assert.is_true(resumed())
    for _ = 1, 3 do identity:rotate_ticket_keys() end
    assert.is_false(resumed())
  end))

  it("may be collected when nobody uses it", net.inside(function()
    for i = 1, 200 do
      local identity = assert(lev.tls_identity(pem.cert, pem.key))
      if i % 20 == 0 then
        shown({ mode = "server", identity = identity })
      end
    end
    collectgarbage()
  end))
end)

describe("Servers of different certificates", function()
  it("do not go on with each other's sessions", net.inside(function()
    local certificate = "server"
    local port = net.serve(function(socket)
      if socket:starttls(tls.server({}, certificate)) then
        socket:send("x")
        socket:recv(1, 5)
      end
    end)
    local function connect()
      local socket, err = lev.connect("127.0.0.1", port,
        { timeout = 5, tls = tls.client() })
      if not socket then return err end
      assert.equal("x", (socket:recv(1, 5)))
      socket:close()
      return "connected"
    end
    assert.equal("connected", connect())
    -- Whoever can lead a client astray could have it believe that this is
    -- localhost, without a certificate that says so.
    certificate = "example"
    assert.equal("certificate verify failed: hostname mismatch", connect())
  end))
end)

describe("Files that are renewed", function()
  it("are noticed without a restart", net.inside(function()
    local cert, key = changeable("server", "files")
    local config = { mode = "server", cert = cert, key = key }
    assert.equal("CN=localhost", shown(config))
    changeable("renewed", "files")
    assert.equal("CN=renewed", shown(config))
  end))

  it("are used only when they fit together", net.inside(function()
    local cert, key = changeable("server", "halves")
    local config = { mode = "server", cert = cert, key = key }
    assert.equal("CN=localhost", shown(config))
    local logged = {}
    lev.set_logger(function(_, message) logged[#logged + 1] = message end)
    tls.copy(tls.path("renewed.pem"), cert)
    for _ = 1, 3 do assert.equal("CN=localhost", shown(config)) end
    lev.set_logger(nil)
    assert.equal(1, #logged)
    assert.matches("does not match.*stays in use$", logged[1])
    tls.copy(tls.path("renewed.key"), key)
    assert.equal("CN=renewed", shown(config))
  end))

  it("are looked at in one order, whatever that of the hosts",
    net.inside(function()
      local names = { "wild", "example", "client", "expired", "future",
        "renewed", "order" }
      local cert, key = changeable("server", "order")
      local function config(first, last, step)
        local hosts = {}
        for i = first, last, step do
          hosts[names[i] .. ".org"] = tls.pem(names[i])
        end
        return { mode = "server", cert = cert, key = key, hosts = hosts }
      end
      assert.equal("CN=localhost", shown(config(1, 7, 1)))
      local logged = {}
      lev.set_logger(function(_, message) logged[#logged + 1] = message end)
      tls.copy(tls.path("renewed.pem"), cert)
      for _ = 1, 3 do
        shown(config(1, 7, 1))
        shown(config(7, 1, -1))
      end
      lev.set_logger(nil)
      assert.equal(1, #logged)
    end))

  it("may be those of whom one trusts", net.inside(function()
    local path = tls.path("trust.pem")
    tls.copy(tls.path("stranger_ca.pem"), path)
    local config = tls.client { cafile = path }
    local _, _, err = tls.pair(config)
    assert.matches("unable to get local issuer", err)
    tls.copy(tls.ca, path)
    tls.connected(config)
  end))
end)
