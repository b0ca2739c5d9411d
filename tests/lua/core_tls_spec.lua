-- Tests lev/lua/lua_core_tcp.cc: TLS on the sockets of lev.core.

local core = require "lev.core"
local net = require "net_support"
local tls = require "tls_support"

local WAIT = 20

local inside = require "core_support".inside

local function pair()
  local listener = core.tcp_new()
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(16))
  local client = core.tcp_new()
  client:connect(listener:getsockname())
  assert(core.wait_readable(listener, WAIT))
  local server = assert(listener:accept())
  listener:close()
  return client, server
end

-- Calls socket:method(argument) until it wants nothing more.
local function retry(socket, method, argument)
  while true do
    local result, err, more = socket[method](socket, argument)
    local want = result or err
    if want == "want_read" then
      assert(core.wait_readable(socket, WAIT))
    elseif want == "want_write" then
      assert(core.wait_writable(socket, WAIT))
    else
      return result, err, more
    end
  end
end

-- Both handshakes; returns each side's result and error.
local function shake(loop, client, server, client_config, server_config)
  local main, outcome = coroutine.running(), nil
  core.spawn(loop, coroutine.create(function()
    assert(server:starttls_init(server_config or tls.server()))
    outcome = { retry(server, "starttls_step") }
    core.ready_enqueue(loop, main)
  end))
  assert(client:starttls_init(client_config or tls.client()))
  local done, err = retry(client, "starttls_step")
  core.yield_to_loop()
  return { done, err }, outcome
end

local function connected(loop)
  local client, server = pair()
  assert.same({ { "done" }, { "done" } }, { shake(loop, client, server) })
  return client, server
end

describe("TLS on a socket of lev.core", function()
  it("encrypts both directions", inside(function(loop)
    local client, server = connected(loop)
    assert.same({ nil, "want_read" }, { client:recv(10) })
    assert.equal(5, retry(client, "send", "hello"))
    assert.equal("hello", retry(server, "recv", 100))
    assert.equal(3, retry(server, "send", "you"))
    assert.equal("you", retry(client, "recv", 100))
    assert.equal("done", client:starttls_step())
    client:close()
    assert.same({ nil, "closed" }, { retry(server, "recv", 100) })
    server:close()
  end))

  it("moves more than any buffer holds, and the last byte of it",
    inside(function(loop)
      local client, server = connected(loop)
      local data, sent = ("0123456789abcdef"):rep(1 << 17), 0
      core.spawn(loop, coroutine.create(function()
        while sent < #data do
          sent = sent + assert(retry(client, "send", data:sub(sent + 1)))
        end
      end))
      local pieces, size = {}, 0
      while size < #data do
        local piece = assert(retry(server, "recv", 1 << 18))
        pieces[#pieces + 1], size = piece, size + #piece
      end
      assert.is_true(table.concat(pieces) == data)
      client:close()
      server:close()
    end))

  it("takes a parsed identity", inside(function(loop)
    local pem = tls.pem("server")
    local identity = assert(core.tls_parse_identity(pem.cert, pem.key,
      "localhost"))
    local client, server = pair()
    local outcome = { shake(loop, client, server, nil,
      { mode = "server", identity = identity }) }
    assert.same({ { "done" }, { "done" } }, outcome)
    assert.is_nil(core.tls_parse_identity("/no/such", "/no/such"))
  end))

  it("lets no byte through before it is ready", inside(function()
    local client, server = pair()
    assert(client:starttls_init(tls.client()))
    assert.same({ nil, "busy" }, { client:send("x") })
    assert.same({ nil, "busy" }, { client:recv(1) })
    assert.same({ nil, "busy" }, { client:starttls_init(tls.client()) })
    server:close()
  end))

  it("says that the peer is not who it should be, and closes",
    inside(function(loop)
      local client, server = pair()
      local outcome = shake(loop, client, server,
        tls.client { server_name = "other.example" })
      assert.is_nil(outcome[1])
      assert.equal("string", type(outcome[2]))
      tls.assert_closed(client)
    end))

  it("closes when it could not even begin", inside(function()
    local client = pair()
    local ok, err = client:starttls_init { cafile = "/no/such/file" }
    assert.is_nil(ok)
    assert.matches("/no/such/file", err)
    tls.assert_closed(client)
  end))

  it("is not begun twice, nor gone on with before it is",
    inside(function(loop)
      local plain = pair()
      local ok, err = pcall(plain.starttls_step, plain)
      assert.is_false(ok)
      assert.matches("call starttls_init first", err)
      local client = connected(loop)
      assert.same({ nil, "tls is already on" },
        { client:starttls_init(tls.client()) })
    end))

  it("names the field that is wrong", inside(function()
    local client = pair()
    for _, config in ipairs { { mode = 1 }, { unknown = 1 } } do
      local ok, err = pcall(client.starttls_init, client, config)
      assert.is_false(ok)
      assert.matches("bad argument", err)
    end
    assert.is_false((pcall(client.starttls_init, client)))
  end))

  it("says goodbye when it half-closes", inside(function(loop)
    local client, server = connected(loop)
    assert.is_true(client:shutdown("w"))
    assert.same({ nil, "closed" }, { retry(server, "recv", 1) })
    assert.equal(2, retry(server, "send", "ok"))
    assert.equal("ok", retry(client, "recv", 10))
  end))

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    inside(function(loop)
      for _ = 1, 3 do
        local client, server = connected(loop)
        client:close()
        server:close()
      end
    end)()
    assert.equal(before, net.count_fds())
  end)
end)
