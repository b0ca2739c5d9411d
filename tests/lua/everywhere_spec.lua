-- One program, three worlds: each body here runs over epoll, over io_uring and
-- in memory (lev.test.run), with the same assertions. In C++ the same is
-- tests/testing/everywhere_test.cc.

local lev = require "lev"
local test = require "lev.test"
local tls = require "tls_support"

-- Some kernels refuse io_uring; then nothing runs there, and that is printed.
local _, refusal = lev.run(function() end, { poller = "io_uring" })
if refusal then print("not over io_uring: " .. refusal) end

-- Nothing below takes as long: a guard against hangs.
local LONG = 20

-- As an error, rather than as a value.
local function sound(ok, ...)
  if ok == nil then error(table.concat({ ... }, "\n"), 0) end
end

local WORLDS = {
  { "over epoll", function(body)
    sound(lev.run(body, { poller = "epoll" }))
  end },
  { "over io_uring", function(body)
    sound(lev.run(body, { poller = "io_uring" }))
  end },
  { "in memory", function(body) test.run(body) end },
}

-- `body` in each of them. It leaves nothing open.
local function everywhere(name, body)
  for _, world in ipairs(WORLDS) do
    it(name .. ", " .. world[1], function()
      if refusal and world[1] == "over io_uring" then
        return pending(refusal)
      end
      world[2](function()
        body()
        return true
      end)
    end)
  end
end

local number = 0
local function new_name()
  number = number + 1
  local file <close> = assert(io.open("/proc/self/stat"))
  return ("@lev everywhere %d %d"):format(file:read("n"), number)
end

-- Gives each connection to `handler` in a task; close it to end.
local function serve(listener, handler)
  lev.spawn(function()
    while true do
      local socket = listener:accept()
      if not socket then return end
      lev.spawn(function()
        handler(lev.own(socket))
      end)
    end
  end)
end

local function echo(socket)
  while true do
    local data = socket:recv(4096, LONG)
    if not data or not socket:send(data) then return end
  end
end

-- A listener, and where it is.
local function listen()
  local listener = assert(lev.listen("127.0.0.1", 0))
  local _, port = listener:getsockname()
  return listener, port
end

-- Both ends of a connection; the task's own, as all below.
local function pair()
  local listener <close>, port = listen()
  local client = lev.own(assert(lev.connect("127.0.0.1", port, LONG)))
  return client, lev.own((assert(listener:accept(LONG))))
end

-- The same over a UNIX socket.
local function unix_pair(options)
  local name = new_name()
  local listener <close> = assert(lev.unix_listen(name, options))
  local client = lev.own(assert(lev.unix_connect(name, options)))
  return client, lev.own((assert(listener:accept(LONG))))
end

-- What a server and a client make of `config`: the client, its error, and the
-- server's.
local function tls_client(config, handler)
  local listener <close>, port = listen()
  local server = lev.spawn(function()
    local socket <close> = assert(listener:accept(LONG))
    local ok, err = socket:starttls(tls.server())
    if ok and handler then handler(socket) end
    return ok, err
  end)
  local client, err = lev.connect("127.0.0.1", port,
    { timeout = LONG, tls = tls.client(config) })
  return lev.own(client), err, server
end

describe("TCP", function()
  everywhere("echoes for many clients", function()
    local listener <close>, port = listen()
    serve(listener, echo)
    local clients = {}
    for i = 1, 50 do
      clients[i] = function()
        local socket <close> = assert(lev.connect("127.0.0.1", port, LONG))
        for n = 1, 20 do
          local line = i .. "." .. n .. "\n"
          assert.equal(#line, socket:send(line))
          assert.equal(line, socket:recv_until("\n", LONG))
        end
      end
    end
    assert(lev.all(clients))
  end)

  everywhere("moves much, with backpressure", function()
    local client, server = pair()
    local text = ("0123456789"):rep(300000)
    local sender = lev.spawn(function() return client:send(text, LONG) end)
    assert.is_true(server:recv_exactly(#text, LONG) == text)
    assert.equal(#text, lev.await(sender))
  end)

  everywhere("half-closes", function()
    local client, server = pair()
    client:send("the last word")
    assert.is_true(client:shutdown("w"))
    assert.equal("the last word", server:recv_exactly(13, LONG))
    assert.same({ nil, "closed" }, { server:recv(1, LONG) })
    assert.equal(5, server:send("heard"))
    assert.equal("heard", client:recv(10, LONG))
    assert.same({ nil, "closed", 0 }, { client:send("x") })
  end)

  everywhere("is reset by who lingers for no time", function()
    local client, server = pair()
    client:setsockopt("linger", 0)
    client:close()
    assert.same({ nil, "Connection reset by peer" }, { server:recv(1, LONG) })
  end)

  everywhere("is refused where nobody listens", function()
    local listener, port = listen()
    listener:close()
    assert.same({ nil, "Connection refused" },
      { lev.connect("127.0.0.1", port, LONG) })
  end)

  everywhere("sends a file", function()
    local client, server = pair()
    local file <close> = assert(io.tmpfile())
    file:write("0123456789")
    file:flush()
    assert.equal(5, client:sendfile(file, { offset = 3, count = 5 }))
    assert.equal("34567", server:recv_exactly(5, LONG))
  end)

  everywhere("finds localhost by name", function()
    local listener <close>, port = listen()
    local client <close> = assert(lev.connect("localhost", port, LONG))
    local server <close>, host = assert(listener:accept(LONG))
    assert.equal("127.0.0.1", host)
    assert.same({ client:getsockname() }, { server:getpeername() })
  end)
end)

describe("A UNIX socket", function()
  everywhere("echoes for many clients", function()
    local name = new_name()
    local listener <close> = assert(lev.unix_listen(name))
    serve(listener, echo)
    local clients = {}
    for i = 1, 20 do
      clients[i] = function()
        local socket <close> = assert(lev.unix_connect(name, LONG))
        socket:send("hello " .. i .. "\n")
        assert.equal("hello " .. i .. "\n", socket:recv_until("\n", LONG))
      end
    end
    assert(lev.all(clients))
  end)

  everywhere("passes descriptors", function()
    local a, b = unix_pair { pass_fds = true }
    local client, server = pair()
    assert.equal(4, a:send_fds("take", { server }))
    server:close()
    local data, objects = b:recv_fds(100, LONG)
    assert.equal("take", data)
    local passed <close> = objects[1]
    client:send("to the new owner")
    assert.equal("to the new owner", passed:recv(100, LONG))
  end)

  everywhere("takes datagrams", function()
    local name = new_name()
    local server <close> = assert(lev.unix_dgram(name))
    local client <close> = assert(lev.unix_dgram())
    assert(client:connect(name))
    client:send("one")
    client:send("")
    assert.same({ "one", "" }, { server:recvfrom(10, LONG) })
    assert.equal("", server:recv(10, LONG))
  end)
end)

describe("UDP", function()
  everywhere("asks and answers", function()
    local server <close> = assert(lev.udp())
    assert(server:bind("127.0.0.1", 0))
    local client <close> = assert(lev.udp())
    assert(client:connect(server:getsockname()))
    local task = lev.spawn(function()
      for _ = 1, 10 do
        local data, host, port = server:recvfrom(100, LONG)
        server:sendto(data:upper(), host, port)
      end
    end)
    for i = 1, 10 do
      client:send("question " .. i)
      assert.equal("QUESTION " .. i, client:recv(100, LONG))
    end
    assert(task:await() == nil)
  end)

  everywhere("hears that nobody is there", function()
    local server = assert(lev.udp())
    assert(server:bind("127.0.0.1", 0))
    local client <close> = assert(lev.udp())
    assert(client:connect(server:getsockname()))
    server:close()
    client:send("anybody?")
    assert.same({ nil, "Connection refused" }, { client:recv(10, LONG) })
  end)

  everywhere("reaches a group", function()
    local member <close> = assert(lev.udp())
    assert(member:bind("0.0.0.0", 0))
    assert(member:join("239.17.4.3", "lo"))
    local sender <close> = assert(lev.udp())
    assert(sender:setsockopt("multicast_if", "lo"))
    local _, port = member:getsockname()
    assert.equal(5, sender:sendto("hello", "239.17.4.3", port))
    local data, host = member:recvfrom(10, LONG)
    assert.same({ "hello", "127.0.0.1" }, { data, host })
  end)
end)

describe("TLS", function()
  everywhere("echoes, and ends with a goodbye", function()
    local client, err, server = tls_client({}, echo)
    assert.is_nil(err)
    assert.is_true(client:tls_info().verified)
    local text = ("secret "):rep(10000)
    local sender = lev.spawn(function() return client:send(text, LONG) end)
    assert.equal(text, client:recv_exactly(#text, LONG))
    assert.equal(#text, lev.await(sender))
    client:shutdown("w")
    assert.same({ nil, "closed" }, { client:recv(1, LONG) })
    assert.is_true(lev.await(server))
  end)

  everywhere("half-closes: what the other still says is heard", function()
    local client, _, server = tls_client({}, function(socket)
      assert.same({ nil, "closed" }, { socket:recv(1, LONG) })
      socket:send("after your goodbye")
    end)
    client:shutdown("w")
    assert.equal("after your goodbye", client:recv(100, LONG))
    assert.is_true(lev.await(server))
  end)

  everywhere("refuses a certificate for another name", function()
    local client, err, server = tls_client { server_name = "example.org" }
    assert.is_nil(client)
    assert.equal("certificate verify failed: hostname mismatch", err)
    assert.is_nil((lev.await(server)))
  end)

  everywhere("says that a stream was cut off", function()
    local client, server = pair()
    local task = lev.spawn(function() return server:starttls(tls.server()) end)
    assert(client:starttls(tls.client()))
    assert(lev.await(task))
    server:setsockopt("linger", 0)
    server:close()
    local data, err = client:recv(1, LONG)
    assert.is_nil(data)
    assert.is_string(err)
  end)

  everywhere("keeps to its timeout when nobody answers", function()
    local client, server = pair()
    assert.same({ nil, "timeout" },
      { client:starttls(tls.client { timeout = 0.05 }) })
    assert.same({ nil, "socket is closed" }, { client:recv(1) })
    assert.is_string(server:recv(1 << 16, LONG))
  end)
end)

describe("Channels", function()
  everywhere("make a pipeline", function()
    local numbers, squares = lev.channel(), lev.channel(4)
    lev.spawn(function()
      for i = 1, 100 do assert(numbers:send(i)) end
      numbers:close()
    end)
    lev.spawn(function()
      for n in numbers do assert(squares:send(n * n)) end
      squares:close()
    end)
    local sum = 0
    for n in squares do sum = sum + n end
    assert.equal(338350, sum)
  end)

  everywhere("and sockets are chosen from", function()
    local client, server = pair()
    local channel = lev.channel()
    local choice = { data = server:recv_op(10), news = channel }
    lev.spawn(function() channel:send("from the channel") end)
    assert.same({ "news", "from the channel" }, { lev.select(choice, LONG) })
    client:send("from afar")
    assert.same({ "data", "from afar" }, { lev.select(choice, LONG) })
    assert.same({ nil, "timeout" }, { lev.select(choice, 0.01) })
  end)
end)

describe("A wait", function()
  everywhere("ends with its timeout or its token, and loses nothing", function()
    local client, server = pair()
    client:send("half a li")
    assert.same({ nil, "timeout" }, { server:recv_until("\n", 0.01) })
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.01) token:cancel() end)
    assert.same({ nil, "cancelled" },
      { server:recv_until("\n", { cancel = token }) })
    client:send("ne\n")
    assert.equal("half a line\n", server:recv_until("\n", LONG))
  end)

  everywhere("ends with the scope it is in", function()
    local client, server = pair()
    assert.same({ nil, "timeout" }, { lev.with_timeout(0.01, function()
      return server:recv(1)
    end) })
    client:send("x")
    assert.equal("x", server:recv(1, LONG))
  end)

  everywhere("for somebody else's descriptor ends when it is ready", function()
    local client, server = pair()
    assert.is_true(lev.wait_writable(client, LONG))
    assert.same({ nil, "timeout" }, { lev.wait_readable(server:fd(), 0.01) })
    lev.spawn(function() lev.sleep(0.01) client:send("x") end)
    assert.is_true(lev.wait_readable(server:fd(), LONG))
    assert.equal("x", server:recv(1, LONG))
  end)

  everywhere("ends when the socket is closed by another task", function()
    local client, server = pair()
    lev.spawn(function() lev.sleep(0.01) server:close() end)
    assert.same({ nil, "socket is closed" }, { server:recv(1, LONG) })
    assert.same({ nil, "closed" }, { client:recv(1, LONG) })
  end)
end)
