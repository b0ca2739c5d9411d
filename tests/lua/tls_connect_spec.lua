-- Tests lev/lua/lua_connect.cc.
-- lev.connect with TLS: names, time limits, tokens.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

-- A server with TLS that sends what it is told, and waits for an end.
local function service(config, text)
  return net.serve(function(socket)
    if not socket:starttls(config or tls.server()) then return end
    socket:send(text or "hello")
    socket:recv(1, 10)
  end)
end

-- A server that says nothing.
local function silence()
  return net.serve(function(socket) net.read_all(socket, 30) end)
end

describe("lev.connect with tls", function()
  it("returns a socket with TLS on", net.inside(function()
    local socket = assert(lev.connect("127.0.0.1", service(), {
      timeout = 5, tls = tls.client() }))
    assert.equal("hello", (socket:recv_exactly(5, 5)))
    assert.is_table(socket:tls_info())
    assert.same({ nil, "tls is already on" }, { socket:starttls {} })
    socket:close()
  end))

  it("verifies the host that it was given", net.inside(function()
    local port = service()
    for _, host in ipairs { "localhost", "127.0.0.1" } do
      local socket = assert(lev.connect(host, port, {
        tls = { cafile = tls.ca } }))
      assert.equal("hello", (socket:recv_exactly(5, 5)))
      assert.equal(host == "localhost" and host or nil,
        socket:tls_info().server_name)
      socket:close()
    end
    local other = service(tls.server({}, "example"))
    assert.same({ nil, "certificate verify failed: hostname mismatch" },
      { lev.connect("localhost", other, { tls = { cafile = tls.ca } }) })
  end))

  it("does not trust anyone by default", net.inside(function()
    local socket, err = lev.connect("localhost", service(), { tls = {} })
    assert.is_nil(socket)
    assert.matches("^certificate verify failed: ", err)
  end))

  it("is bounded by its own timeout as a whole", net.inside(function()
    assert.same({ nil, "timeout" }, { lev.connect("127.0.0.1", silence(), {
      timeout = 0.1, tls = tls.client { timeout = 30 } }) })
  end))

  it("is bounded by the timeout of tls", net.inside(function()
    local port = silence()
    assert.same({ nil, "timeout" }, { lev.connect("127.0.0.1", port, {
      tls = tls.client { timeout = 0.1 } }) })
    assert.same({ nil, "timeout" }, { lev.connect("127.0.0.1", port, {
      timeout = 30, tls = tls.client { timeout = 0.1 } }) })
  end))

  it("is cancelled by its token during the handshake", net.inside(function()
    local token = lev.cancel_token()
    lev.spawn(function()
      lev.sleep(0.05)
      token:cancel()
    end)
    assert.same({ nil, "cancelled" }, { lev.connect("127.0.0.1", silence(), {
      cancel = token, tls = tls.client() }) })
  end))

  it("is described while it shakes hands", net.inside(function()
    local port = silence()
    local task = lev.spawn(function()
      return lev.connect("127.0.0.1", port, { timeout = 5, tls = tls.client() })
    end)
    lev.sleep(0.05)
    local wait
    for _, entry in ipairs(lev.task_dump()) do
      if entry.id == task.id then wait = entry.wait end
    end
    assert.equal("lev.connect", wait.verb)
    assert.matches("127.0.0.1:" .. port .. "$", wait.object)
    task:abort()
  end))

  it("listens to the token of tls instead, if there is one",
    net.inside(function()
      local outer, inner = lev.cancel_token(), lev.cancel_token()
      local port = silence()
      local task = lev.spawn(function()
        return lev.connect("127.0.0.1", port, {
          cancel = outer, tls = tls.client { cancel = inner } })
      end)
      lev.sleep(0.05)
      outer:cancel()
      lev.sleep(0.02)
      assert.is_false(task:done())
      inner:cancel()
      assert.same({ nil, "cancelled" }, { task:await() })
    end))

  it("resumes its sessions", net.inside(function()
    local port = service()
    local function resumed(more)
      local socket = assert(lev.connect("127.0.0.1", port, {
        tls = tls.client(more) }))
      assert.equal("hello", (socket:recv_exactly(5, 5)))
      local info = socket:tls_info()
      socket:close()
      return info.resumed
    end
    assert.is_false(resumed())
    assert.is_true(resumed())
    assert.is_true(resumed())
    assert.is_false(resumed { session = false })
    assert.is_false(resumed { server_name = "127.0.0.1" })
  end))

  it("leaves no descriptor behind, however it ends", function()
    local before = net.count_fds()
    net.run(function()
      local port = service()
      assert.is_nil((lev.connect("127.0.0.1", port, {
        tls = tls.client { server_name = "example.org" } })))
      assert.is_nil((lev.connect("127.0.0.1", port, {
        tls = { cafile = "/no/ca" } })))
      assert.is_nil((lev.connect("127.0.0.1", silence(), {
        timeout = 0.05, tls = tls.client() })))
      local task = lev.spawn(function()
        lev.connect("127.0.0.1", silence(), { tls = tls.client() })
      end)
      lev.sleep(0.02)
      task:abort()
    end)
    assert.equal(before, net.count_fds())
  end)
end)
