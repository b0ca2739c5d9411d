-- Tests lev/lua/lua_unix.cc: sockets of the UNIX domain.

local lev = require "lev"
local net = require "net_support"

-- A path where nothing is; removed at the end of the test.
local paths = {}
local function new_path()
  local path = os.tmpname()
  os.remove(path)
  paths[#paths + 1] = path
  return path
end

local function exists(path)
  return os.rename(path, path) ~= nil
end

-- The body runs inside a run; its paths are removed.
local function inside(body)
  return function()
    local ok, err = pcall(net.run, body)
    for _, path in ipairs(paths) do os.remove(path) end
    paths = {}
    if not ok then error(err, 0) end
  end
end

local function pair(options, name)
  name = name or new_path()
  local listener = assert(lev.unix_listen(name, options))
  local client = assert(lev.unix_connect(name, options or 5))
  local server = assert(listener:accept(5))
  listener:close()
  return client, server
end

describe("A UNIX socket", function()
  it("carries bytes both ways", inside(function()
    local a, b = pair()
    assert.equal(5, a:send("hello"))
    assert.equal("hello", b:recv(10, 5))
    b:send("line\nrest")
    assert.equal("line\n", a:recv_until("\n", 5))
    assert.equal("rest", a:recv_exactly(4, 5))
    a:shutdown("w")
    assert.same({ nil, "closed", n = 2 }, table.pack(b:recv(1, 5)))
    b:send("still")
    assert.equal("still", a:recv(10, 5))
  end))

  it("is called lev.unix", inside(function()
    local a, b = pair()
    assert.matches("^lev.unix: fd %d+$", tostring(a))
    assert.matches("^lev.unix: fd %d+$", tostring(b))
    a:close()
    assert.equal("lev.unix: closed", tostring(a))
  end))

  it("has the path for a name on the listener's side, the other has none",
    inside(function()
      local path = new_path()
      local listener = assert(lev.unix_listen(path))
      assert.same({ path, 0 }, { listener:getsockname() })
      local a = assert(lev.unix_connect(path, 5))
      local b, name, port = listener:accept(5)
      assert.same({ "", 0 }, { name, port })
      assert.same({ path, 0 }, { a:getpeername() })
      assert.same({ "", 0 }, { a:getsockname() })
      assert.same({ path, 0 }, { b:getsockname() })
      assert.same({ "", 0 }, { b:getpeername() })
    end))

  it("moves much, with backpressure", inside(function()
    local a, b = pair()
    local text = ("0123456789"):rep(300000)
    local sender = lev.spawn(function() return a:send(text) end)
    assert.is_true(b:recv_exactly(#text, 20) == text)
    assert.equal(#text, lev.await(sender))
  end))

  it("has options of its own kind only", inside(function()
    local a = pair()
    assert.is_true(a:setsockopt("sndbuf", 10000))
    assert.is_nil((a:setsockopt("nodelay", true)))
  end))

  it("tells who the peer is", inside(function()
    local a, b = pair()
    local uid = tonumber(net.shell("id -u"))
    local gid = tonumber(net.shell("id -g"))
    local expected = { pid = net.pid(), uid = uid, gid = gid }
    assert.same(expected, b:peer_credentials())
    assert.same(expected, a:peer_credentials())
    b:close()
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(b:peer_credentials()))
  end))

  it("is the only kind that can tell", inside(function()
    local a = net.pair()
    local value, err = a:peer_credentials()
    assert.truthy(value == nil or value.pid == 0, err)
  end))
end)

describe("The file of a UNIX socket #kernel", function()
  it("is removed when the listener closes", inside(function()
    local path = new_path()
    local listener = assert(lev.unix_listen(path))
    assert.is_true(exists(path))
    listener:close()
    assert.is_false(exists(path))
  end))

  it("is removed at the end of the run", function()
    local path
    inside(function()
      path = new_path()
      assert(lev.unix_listen(path))
      assert.is_true(exists(path))
      paths = {}
    end)()
    assert.is_false(exists(path))
  end)

  it("stays when somebody else has put another in its place",
    inside(function()
      local path = new_path()
      local first = assert(lev.unix_listen(path))
      os.remove(path)
      local second = assert(lev.unix_listen(path))
      first:close()
      assert.is_true(exists(path))
      assert.truthy(lev.unix_connect(path, 5))
      second:close()
      assert.is_false(exists(path))
    end))

  it("is replaced when nobody listens there any more", inside(function()
    local path = new_path()
    net.subprocess(([[
      local lev = require "lev"
      lev.run(function()
        lev.unix_listen(%q)
        os.execute("kill -9 $PPID")
      end)
    ]]):format(path))
    assert.is_true(exists(path))
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(lev.unix_connect(path, 5)))
    assert.truthy(lev.unix_listen(path))
    assert.truthy(lev.unix_connect(path, 5))
  end))

  it("is not replaced while somebody listens there", inside(function()
    local path = new_path()
    local listener = assert(lev.unix_listen(path))
    assert.same({ nil, "Address already in use", n = 2 },
      table.pack(lev.unix_listen(path)))
    assert.truthy(lev.unix_connect(path, 5))
    assert.truthy(listener:accept(5))
  end))

  it("is not replaced when it is no socket", inside(function()
    local path = new_path()
    local file = assert(io.open(path, "w"))
    file:write("precious")
    file:close()
    assert.same({ nil, "Address already in use", n = 2 },
      table.pack(lev.unix_listen(path)))
    assert.equal("precious", io.open(path):read("a"))
  end))

  it("has the mode that was asked for", inside(function()
    for _, mode in ipairs { 384, 438, 511, 0 } do
      local path = new_path()
      local listener <close> = assert(lev.unix_listen(path, { mode = mode }))
      assert.equal(("%o\n"):format(mode), net.shell("stat -c %a " .. path))
    end
  end))

  it("cannot be where there is no directory, or where a name is too long",
    inside(function()
      assert.same({ nil, "No such file or directory", n = 2 },
        table.pack(lev.unix_listen("/no such directory/socket")))
      assert.same({ nil, "No such file or directory", n = 2 },
        table.pack(lev.unix_connect("/no such directory/socket")))
      for _, call in ipairs { lev.unix_listen, lev.unix_connect } do
        local value, err = call(("x"):rep(108))
        assert.is_nil(value)
        assert.matches("longer than 107 bytes", err)
        assert.matches("empty", (select(2, call(""))))
        assert.matches("NUL byte", (select(2, call("a\0b"))))
      end
    end))
end)

describe("An abstract name", function()
  it("needs no file, and is free again at once", inside(function()
    local name = "@lev unix spec " .. net.pid()
    for _ = 1, 2 do
      local listener <close> = assert(lev.unix_listen(name, { mode = 384 }))
      assert.is_false(exists(name))
      local client <close> = assert(lev.unix_connect(name, 5))
      assert.equal(name, (client:getpeername()))
      assert.equal("Address already in use", (select(2, lev.unix_listen(name))))
    end
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(lev.unix_connect(name, 5)))
  end))
end)

describe("lev.unix_connect", function()
  -- A listener whose queue is full.
  local function full_listener()
    local path = new_path()
    local listener = assert(lev.unix_listen(path, { backlog = 0 }))
    local queued = {}
    repeat
      local socket = lev.unix_connect(path, 0.02)
      queued[#queued + 1] = socket
    until not socket
    return path, listener, queued
  end

  it("waits while the listener's queue is full", inside(function()
    local path, listener = full_listener()
    local connector = lev.spawn(function()
      return lev.unix_connect(path, 10)
    end)
    lev.sleep(0.03)
    assert.is_false(connector:done())
    assert(listener:accept(5))
    assert.truthy(lev.await(connector))
  end))

  it("gives up waiting for the queue in every way", inside(function()
    local path, listener = full_listener()
    local before = net.count_fds()
    assert.same({ nil, "timeout", n = 2 },
      table.pack(lev.unix_connect(path, 0.01)))
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.005) token:cancel() end)
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(lev.unix_connect(path, { cancel = token })))
    local aborted = lev.spawn(function() lev.unix_connect(path) end)
    lev.sleep(0.005)
    aborted:abort()
    assert.equal(before, net.count_fds())
    assert.truthy(listener)
  end))

  it("may be waiting for the queue when the run ends", function()
    for _, stops in ipairs { true, false } do
      lev.run(function()
        local path, listener = full_listener()
        lev.unix_connect(path, 0.001)
        local aborted = lev.spawn(function() lev.unix_connect(path) end)
        lev.yield()
        aborted:abort()
        if stops then
          lev.spawn(function() lev.unix_connect(path) end)
          lev.yield()
          lev.stop()
        end
        assert.truthy(listener)
      end)
    end
    for _, path in ipairs(paths) do os.remove(path) end
  end)
end)

describe("A UNIX listener", function()
  it("gives each acceptor one, and says when it is closed", inside(function()
    local path = new_path()
    local listener = assert(lev.unix_listen(path))
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = lev.spawn(function() return listener:accept(10) end)
    end
    lev.yield()
    local clients = {}
    for i = 1, 2 do clients[i] = assert(lev.unix_connect(path, 5)) end
    assert.truthy(lev.await(tasks[1]))
    assert.truthy(lev.await(tasks[2]))
    listener:close()
    assert.same({ nil, "socket is closed" }, { lev.await(tasks[3]) })
  end))
end)
