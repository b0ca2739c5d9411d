-- Each piece of code with TLS that the contract of the module shows. The
-- addresses are loopback ones. What goes beyond the contract is tested
-- elsewhere.

local lev = require "lev"
local net = require "net_support"

-- A certificate of its own for `name`, and its key.
local function certificate(name)
  local base = os.tmpname()
  local cert, key = base .. ".crt", base .. ".key"
  assert(os.execute(("openssl req -x509 -newkey ec -pkeyopt " ..
    "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=%s' " ..
    "-addext 'subjectAltName=DNS:%s' -keyout %s -out %s 2>/dev/null")
    :format(name, name, key, cert)))
  os.remove(base)
  return cert, key
end

local cert, key = certificate("example.com")
local org_cert, org_key = certificate("*.example.org")
teardown(function()
  for _, path in ipairs { cert, key, org_cert, org_key } do os.remove(path) end
end)

-- A server that upgrades every connection with `config` and says hello.
local function tls_service(config)
  return net.serve(function(client)
    if not client:starttls(config) then return end
    client:send("hello")
    client:recv(1, 5)
  end)
end

local SERVER = { mode = "server", cert = cert, key = key, verify = false }

describe("TCP sockets", function()
  it("connect, plain and with TLS", net.inside(function()
    local plain_port = net.serve(function(client) client:send("hello") end)
    local tls_port = tls_service(SERVER)
    -- Plain TCP
    local sock, err = lev.connect("127.0.0.1", plain_port, { timeout = 5 })
    assert.is_nil(err)
    assert.equal("hello", (sock:recv_exactly(5, 5)))
    sock:close()

    -- TCP + TLS
    local tls_sock, tls_err = lev.connect("127.0.0.1", tls_port, {
      timeout = 5,
      tls = {
        mode = "client",
        server_name = "cloudflare-dns.com",
        verify = false,
      },
    })
    assert.is_nil(tls_err)
    assert.equal("hello", (tls_sock:recv_exactly(5, 5)))
    tls_sock:close()
  end))
end)

describe("TLS", function()
  it("verifies a server against a CA file", net.inside(function()
    local port = tls_service(SERVER)
    local sock = assert(lev.connect("127.0.0.1", port, {
      timeout = 5,
      tls = {
        mode = "client",
        server_name = "example.com",  -- SNI
        verify = true,                -- certificate verification (default)
        cafile = cert,
      },
    }))
    assert.equal("hello", (sock:recv_exactly(5, 5)))
    sock:close()
  end))

  it("serves", net.inside(function()
    local listener = lev.listen("127.0.0.1", 0)
    local _, port = listener:getsockname()
    local served = lev.spawn(function()
      local client = listener:accept(5)
      assert(client:starttls({
        mode = "server",
        cert = cert,
        key = key,
        verify = false,  -- don't require client certs (default for server)
      }))
      client:send("hi")
      client:close()
    end)
    local sock = assert(lev.connect("127.0.0.1", port, { timeout = 5 }))
    assert(sock:starttls({ server_name = "example.com", cafile = cert }))
    assert.equal("hi", (sock:recv(10, 5)))
    lev.await(served)
    sock:close()
    listener:close()
  end))

  it("selects a certificate by name", net.inside(function()
    local port = tls_service({
      mode = "server",
      cert = cert,
      key = key,
      hosts = {
        ["example.com"] = { cert = cert, key = key },
        ["*.example.org"] = { cert = org_cert, key = org_key },
      },
    })
    local function connect(name, cafile)
      local sock, err = lev.connect("127.0.0.1", port, { timeout = 5,
        tls = { server_name = name, cafile = cafile } })
      if sock then sock:close() end
      return sock ~= nil, err
    end
    assert.is_true(connect("example.com", cert))
    assert.is_true(connect("api.example.org", org_cert))
    -- Not for "deep.sub": the default, which is for another name.
    assert.is_false((connect("deep.sub.example.org", org_cert)))
  end))

  it("fails instead of ignoring an invalid entry", net.inside(function()
    local client, server = net.pair()
    local ok, err = server:starttls({
      mode = "server", cert = cert, key = key,
      hosts = { ["example.com"] = { cert = cert } },
    })
    assert.is_nil(ok)
    assert.matches("example.com", err)
    client:close()
  end))

  it("takes a parsed identity", net.inside(function()
    local identity = assert(lev.tls_identity(cert, key, "example.com"))
    local port = tls_service({ mode = "server", identity = identity })
    local sock = assert(lev.connect("127.0.0.1", port, { timeout = 5,
      tls = { server_name = "example.com", cafile = cert } }))
    assert.equal("hello", (sock:recv_exactly(5, 5)))
    sock:close()
  end))
end)
