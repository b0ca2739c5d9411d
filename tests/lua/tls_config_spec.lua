-- Tests lev/lua/lua_tls_config.cc.
-- The table of TLS: what is misuse, and what is refused.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

local WRONG = {
  { { mode = "both" }, 'mode: "client" or "server" expected, got string' },
  { { mode = 1 }, 'mode: "client" or "server" expected, got number' },
  { { server_name = 1 }, "server_name: string expected, got number" },
  { { verify = "no" }, "verify: boolean expected, got string" },
  { { cafile = true }, "cafile: string expected, got boolean" },
  { { cert = 1 }, "cert: string expected, got number" },
  { { key = {} }, "key: string expected, got table" },
  { { identity = "x" }, "identity: lev.tls_identity expected, got string" },
  { { hosts = "x" }, "hosts: table expected, got string" },
  { { timeout = "1" }, "timeout: number of seconds expected, got string" },
  { { timeout = -1 }, "timeout: must not be negative or NaN" },
  { { cancel = {} }, "cancel: lev.cancel_token expected, got table" },
  { { alpn = "h2" }, "alpn: list of strings expected, got string" },
  { { alpn = { 1 } }, "alpn: list of strings expected, got table" },
  { { min_version = "1.1" }, 'min_version: "1.2" or "1.3" expected' },
  { { ciphers = 1 }, "ciphers: string expected, got number" },
  { { keylog = 1 }, "keylog: string expected, got number" },
  { { session = 1 }, "session: boolean expected, got number" },
  { { verifi = false }, "unknown option 'verifi'" },
  { { true }, "unknown option '1'" },
}

describe("A configuration of TLS", function()
  it("with a mistake raises, and leaves the socket", net.inside(function()
    local a = net.pair()
    for _, case in ipairs(WRONG) do
      local ok, err = pcall(a.starttls, a, case[1])
      assert.is_false(ok)
      assert.truthy(err:find("bad argument #2", 1, true), err)
      assert.truthy(err:find(case[2], 1, true), err)
    end
    for _, value in ipairs { 1, "x", true, print } do
      assert.has_error(function() a:starttls(value) end)
    end
    assert.has_error(function() a:starttls() end)
    assert.is_true(a:fd() >= 0)
  end))

  it("with a mistake raises in lev.connect, too", net.inside(function()
    for _, case in ipairs(WRONG) do
      local ok, err = pcall(lev.connect, "127.0.0.1", 1, { tls = case[1] })
      assert.is_false(ok)
      assert.truthy(err:find("bad argument #3", 1, true), err)
      assert.truthy(err:find("tls: " .. case[2], 1, true), err)
    end
    assert.has_error(function()
      lev.connect("127.0.0.1", 1, { tls = true })
    end)
  end))

  -- Well-formed, but it cannot be.
  local REFUSED = {
    { { mode = "server" }, "a server needs a certificate and its key" },
    { { cert = tls.path("server.pem") }, "cert and key are needed both" },
    { { key = tls.path("server.key") }, "cert and key are needed both" },
    { { hosts = { ["a.org"] = tls.pem("server") } }, "hosts are for servers" },
    { { server_name = "a b" }, "invalid server_name 'a b'" },
    { { server_name = "localhost\0.evil.org" },
      "invalid server_name 'localhost\0.evil.org'" },
    { { ciphers = "NONE-SUCH" }, "ciphers 'NONE-SUCH': no cipher match" },
    { { alpn = { "" } }, "alpn: a protocol's name has 1 to 255 bytes" },
    { tls.server { verify = true },
      "to verify clients, a server needs a cafile" },
    { tls.server { hosts = { ["a.org"] = {} } },
      "hosts: 'a.org': cert and key are needed both" },
    { tls.server { hosts = { ["a.org"] = { cert = "x" } } },
      "hosts: 'a.org': cert and key are needed both" },
    { tls.server { hosts = { ["a.org"] = { cert = "x", kee = "y" } } },
      "hosts: 'a.org': unknown option 'kee'" },
    { tls.server { hosts = { ["a.org"] = 1 } },
      "hosts: 'a.org': must be a table" },
    { tls.server { hosts = { tls.pem("server") } },
      "hosts: a name is not a string" },
    { tls.server { hosts = { ["a b"] = tls.pem("server") } },
      "hosts: 'a b' is not a host name, or comes twice" },
    { tls.server { hosts = { ["a.org\0b"] = tls.pem("server") } },
      "hosts: 'a.org\0b' is not a host name, or comes twice" },
    { tls.server { hosts = { ["a.org"] = { cert = "/no/x", key = "/no/y" } } },
      "hosts: 'a.org': cannot read certificate '/no/x': " ..
      "No such file or directory" },
  }

  it("that cannot be is refused, and the socket closed", net.inside(function()
    for _, case in ipairs(REFUSED) do
      local a = net.pair()
      assert.same({ nil, case[2] }, { a:starttls(case[1]) })
      tls.assert_closed(a)
    end
  end))

  it("takes an identity or paths, not both", net.inside(function()
    local pem = tls.pem("server")
    local identity = assert(lev.tls_identity(pem.cert, pem.key))
    local a = net.pair()
    assert.same({ nil, "identity excludes cert and key" },
      { a:starttls(tls.server { identity = identity }) })
  end))

  it("limits versions and ciphers", net.inside(function()
    local old = "ECDHE-ECDSA-AES128-GCM-SHA256"
    local suite = "TLS_CHACHA20_POLY1305_SHA256"
    local client, server = tls.connected(
      tls.client { ciphers = suite .. ":" .. old, min_version = "1.3" })
    assert.equal(suite, client:tls_info().cipher)
    assert.equal("TLSv1.3", server:tls_info().version)
  end))

  it("agrees on a protocol", net.inside(function()
    local client, server = tls.connected(
      tls.client { alpn = { "http/1.1", "h2" } },
      tls.server { alpn = { "h2", "http/1.1" } })
    assert.equal("h2", client:tls_info().alpn)
    assert.equal("h2", server:tls_info().alpn)
    local _, _, a, b = tls.pair(tls.client { alpn = { "h3" } },
      tls.server { alpn = { "h2" } })
    assert.equal("tls alert: no application protocol", a)
    assert.equal("tls handshake: no application protocol", b)
  end))

  it("logs the secrets to a file", net.inside(function()
    local path = tls.path("keys.log")
    tls.connected(tls.client { keylog = path })
    assert.matches("CLIENT_TRAFFIC_SECRET_0 %x+ %x+\n", tls.read(path))
  end))

  it("demands a certificate of clients", net.inside(function()
    local server_config = tls.server { verify = true, cafile = tls.ca }
    local client, server = tls.connected(tls.client(tls.pem("client")),
      server_config)
    assert.equal("CN=client", server:tls_info().peer.subject)
    assert.is_true(server:tls_info().verified)
    client:send("x")
    assert.equal("x", (server:recv(1, 5)))
    local refused, _, _, err = tls.pair(tls.client(), server_config)
    assert.equal("tls handshake: peer did not return a certificate", err)
    assert.same({ nil, "tls alert: certificate required" },
      { refused:recv(1, 5) })
    refused, _, _, err = tls.pair(tls.client(tls.pem("stranger")),
      server_config)
    assert.matches("^certificate verify failed: unable to get", err)
    assert.same({ nil, "tls alert: unknown ca" }, { refused:recv(1, 5) })
  end))
end)
