-- Tests lev/lua/lua_fds.cc: pipes, adopted descriptors, those a service
-- manager leaves, and those that sockets pass.

local lev = require "lev"
local net = require "net_support"

local CLOSED = { nil, "closed", n = 2 }

-- Connected UNIX sockets that keep what they are passed.
local number = 0
local function pair(options)
  options = options or { pass_fds = true }
  number = number + 1
  local name = ("@lev fds spec %d %d"):format(net.pid(), number)
  local listener = assert(lev.unix_listen(name, options))
  local a = assert(lev.unix_connect(name, options))
  local b = assert(listener:accept(5))
  listener:close()
  return a, b
end

describe("lev.pipe", function()
  it("has one end to read and one to write", net.inside(function()
    local reader, writer = lev.pipe()
    assert.equal(5, writer:send("hello"))
    assert.equal("hello", reader:recv(10, 5))
    assert.matches("^lev.pipe: fd %d+$", tostring(reader))
    assert.same({ nil, "Bad file descriptor", 0, n = 3 },
      table.pack(reader:send("x")))
    assert.same({ nil, "Bad file descriptor", n = 2 },
      table.pack(writer:recv(1)))
  end))

  it("makes a reader wait, and every verb of reading works",
    net.inside(function()
      local reader, writer = lev.pipe()
      lev.spawn(function()
        net.send_pieces(writer, { "one\ntw", "o\n1234", "567", "rest" })
        writer:close()
      end)
      assert.equal("one\n", reader:recv_until("\n", 5))
      assert.equal("two", reader:lines()())
      assert.equal("123", reader:peek(3, 5))
      assert.equal("1234567", reader:recv_exactly(7, 5))
      assert.equal("rest", (net.read_all(reader)))
    end))

  it("ends for the reader when the writer closes, and the reverse",
    net.inside(function()
      local reader, writer = lev.pipe()
      writer:send("last")
      writer:close()
      assert.equal("last", reader:recv(10, 5))
      assert.same(CLOSED, table.pack(reader:recv(10, 5)))
      reader, writer = lev.pipe()
      reader:close()
      assert.same({ nil, "closed", 0, n = 3 }, table.pack(writer:send("x")))
    end))

  it("wakes a sender when its reader closes", net.inside(function()
    local reader, writer = lev.pipe()
    net.fill(writer)
    local sender = lev.spawn(function() return writer:send("x") end)
    lev.sleep(0.005)
    reader:close()
    assert.same({ nil, "closed", 0 }, { lev.await(sender) })
  end))

  it("moves much, with backpressure", net.inside(function()
    local reader, writer = lev.pipe()
    local text = ("0123456789"):rep(200000)
    local sender = lev.spawn(function()
      local sent = writer:send(text)
      writer:close()
      return sent
    end)
    assert.is_true(net.read_all(reader) == text)
    assert.equal(#text, lev.await(sender))
  end))

  it("is not a socket", net.inside(function()
    local reader = lev.pipe()
    local err = "Socket operation on non-socket"
    assert.same({ nil, err }, { reader:shutdown() })
    assert.same({ nil, err }, { reader:getsockname() })
    assert.same({ nil, err }, { reader:getpeername() })
    assert.same({ nil, err }, { reader:peer_credentials() })
    assert.same({ nil, err }, { reader:setsockopt("sndbuf", 1) })
  end))

  it("closes with the run, and is not left to children #kernel", function()
    local before = net.count_fds()
    net.run(function()
      local reader, writer = lev.pipe()
      assert.truthy(reader and writer)
      for _, object in ipairs { reader, writer } do
        local path = ("/proc/%d/fdinfo/%d"):format(net.pid(), object:fd())
        local flags = io.open(path):read("a"):match("flags:%s+(%d+)")
        assert.truthy(tonumber(flags, 8) & tonumber("02000000", 8) ~= 0)
      end
    end)
    assert.equal(before, net.count_fds())
  end)
end)

describe("lev.adopt", function()
  -- A duplicate of it, adopted as the receiver of a message does.
  local function duplicate(object)
    local a, b = pair()
    assert(a:send_fds("x", { object }))
    local _, objects = b:recv_fds(10, 5)
    return objects[1]
  end

  it("makes an object of each kind of descriptor", function()
    local out = net.subprocess([[
      local lev = require "lev"
      lev.run(function()
        local socket = lev.adopt(0)
        print(socket)
        print(socket:recv_until("\n", 5))
      end)
    ]], "echo line |")
    assert.equal("lev.pipe: fd 0\nline\n\nexit 0\n", out)
  end)

  it("reads a file to its end", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("one\ntwo")
    file:close()
    local out = net.subprocess(([[
      local lev = require "lev"
      lev.run(function()
        local file = lev.adopt(3)
        for line in file:lines() do print(line) end
        print(file:recv(1))
      end)
    ]]), "exec 3<" .. path .. ";")
    os.remove(path)
    assert.equal("one\ntwo\nnil\tclosed\nexit 0\n", out)
  end)

  it("reads much of a file at once, which no poller watches", function()
    local path = os.tmpname()
    io.open(path, "w"):write(("x"):rep(3 << 20)):close()
    local out = net.subprocess([[
      local lev = require "lev"
      lev.run(function()
        local file = lev.adopt(3)
        local data, err = file:recv_exactly(5 << 19)
        print(data and #data, err)
        print(#file:recv_until(("x"):rep(1 << 19) ))
      end)
    ]], "exec 3<" .. path .. ";")
    os.remove(path)
    assert.equal("2621440\tnil\n524288\nexit 0\n", out)
  end)

  it("owns what it adopts", function()
    local out = net.subprocess([[
      local lev = require "lev"
      lev.run(function()
        local socket = lev.adopt(3)
        socket:close()
        print(lev.adopt(3))
      end)
    ]], "exec 3</dev/null;")
    assert.equal("nil\tBad file descriptor\nexit 0\n", out)
  end)

  it("keeps the kind of sockets and listeners that are passed",
    net.inside(function()
      local a, b = net.pair()
      local got = duplicate(a)
      assert.matches("^lev.tcp: fd", tostring(got))
      assert.same({ a:getpeername() }, { got:getpeername() })
      b:send("hello")
      assert.equal("hello", got:recv(10, 5))
      local listener, port = net.listen()
      local other = duplicate(listener)
      assert.matches("^lev.listener: fd", tostring(other))
      listener:close()
      local client = assert(lev.connect("127.0.0.1", port, 5))
      assert.truthy(other:accept(5))
      client:close()
      local c, d = pair()
      assert.matches("^lev.unix: fd", tostring(duplicate(c)))
      local reader, writer = lev.pipe()
      local read_too = duplicate(reader)
      assert.matches("^lev.pipe: fd", tostring(read_too))
      writer:send("x")
      assert.equal("x", read_too:recv(1, 5))
      assert.truthy(d)
    end))

  it("keeps the kind of datagram sockets that are passed",
    net.inside(function()
      local udp = assert(lev.udp())
      assert(udp:bind("127.0.0.1", 0))
      local copy = duplicate(udp)
      local _, port = udp:getsockname()
      assert.matches("^lev.udp: ", tostring(copy))
      assert.equal(2, copy:sendto("me", "127.0.0.1", port))
      assert.same({ "me", "127.0.0.1", port }, { udp:recvfrom(10, 5) })
      local local_socket = assert(lev.unix_dgram())
      assert.matches("^lev.unix_dgram: ", tostring(duplicate(local_socket)))
    end))

  it("refuses what is none, and leaves it alone", net.inside(function()
    assert.same({ nil, "Bad file descriptor", n = 2 },
      table.pack(lev.adopt(1000000)))
    for _, bad in ipairs { -1, 1.5, "1", 2 ^ 40, true } do
      local ok, err = pcall(function() lev.adopt(bad) end)
      assert.is_false(ok)
      assert.truthy(err:find("bad argument #1 to 'adopt'", 1, true), err)
    end
  end))
end)

describe("lev.listen_fds", function()
  local PROGRAM = [[
    local lev = require "lev"
    lev.run(function()
      local objects, names = lev.listen_fds()
      print(#objects, names)
      for _, object in ipairs(objects) do
        print((tostring(object):gsub("%d+", "N")))
      end
      print(os.getenv("LISTEN_FDS"), os.getenv("LISTEN_PID"),
        os.getenv("LISTEN_FDNAMES"))
      print(#lev.listen_fds())
    end)
  ]]

  -- The shell becomes the interpreter, so that the number is right.
  local function with(environment)
    return net.subprocess(PROGRAM,
      ("exec 3</dev/null 4</dev/null; env sh -c '%s exec \"$@\"' x")
      :format(environment))
  end

  it("takes what the service manager has left, once", function()
    local out = with("export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b;")
    assert.equal("2\ta:b\nlev.pipe: fd N\nlev.pipe: fd N\nnil\tnil\tnil\n0\n" ..
      "exit 0\n", out)
  end)

  it("is empty without, for another process, and for nonsense", function()
    for _, environment in ipairs { "", "export LISTEN_PID=1 LISTEN_FDS=2;",
      "export LISTEN_PID=$$ LISTEN_FDS=-1;",
      "export LISTEN_PID=$$ LISTEN_FDS=many;",
      "export LISTEN_PID=$$;", "export LISTEN_FDS=2;" } do
      local out = with(environment)
      assert.equal("0\t\nnil\tnil\tnil\n0\nexit 0\n", out, environment)
    end
  end)
end)

describe("socket:send_fds and recv_fds", function()
  it("pass objects, files of io and numbers, with their bytes",
    net.inside(function()
      local a, b = pair()
      local reader, writer = lev.pipe()
      local file = assert(io.tmpfile())
      file:write("in the file")
      file:flush()
      file:seek("set", 0)
      assert.equal(5, a:send_fds("three", { reader, file, writer:fd() }))
      local data, objects, more = b:recv_fds(100, 5)
      assert.equal("three", data)
      assert.equal(3, #objects)
      assert.is_nil(more)
      assert.equal("in the file", objects[2]:recv(100, 5))
      objects[3]:send("through")
      assert.equal("through", objects[1]:recv(100, 5))
    end))

  it("keep messages apart, and lose none", net.inside(function()
    local a, b = pair()
    for i = 1, 20 do
      assert.equal(1, a:send_fds(tostring(i % 10), { io.stdout }))
      assert.equal(1, a:send("."))
    end
    local text, count = "", 0
    while #text < 40 do
      local data, objects = assert(b:recv_fds(100, 5))
      text = text .. data
      count = count + #objects
    end
    assert.equal("1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.", text)
    assert.equal(20, count)
  end))

  it("give what came with bytes that others have read", net.inside(function()
    local a, b = pair()
    a:send_fds("abc", { io.stdout, io.stderr })
    assert.equal("abc", b:recv_exactly(3, 5))
    a:send("d")
    local data, objects = b:recv_fds(10, 5)
    assert.equal("d", data)
    assert.equal(2, #objects)
  end))

  it("give an empty table when nothing came along", net.inside(function()
    local a, b = pair()
    a:send("x")
    assert.same({ "x", {}, n = 2 }, table.pack(b:recv_fds(10, 5)))
  end))

  it("send copies: the owner may close his own at once", net.inside(function()
    local a, b = pair()
    local reader, writer = lev.pipe()
    a:send_fds("x", { reader })
    reader:close()
    writer:send("hello")
    local _, objects = b:recv_fds(10, 5)
    assert.equal("hello", objects[1]:recv(10, 5))
  end))

  it("leave nothing open, whatever happens", function()
    local before = net.count_fds()
    net.run(function()
      local a, b = pair()
      a:send_fds("never read", { io.stdout, io.stderr })
      local c, d = pair()
      c:send_fds("read, not taken", { io.stdout })
      d:recv(100, 5)
      local e, f = pair()
      net.fill(e)
      e:send_fds("x", { io.stdout }, 0.01)
      local aborted = lev.spawn(function() e:send_fds("x", { io.stdout }) end)
      lev.yield()
      aborted:abort()
      pcall(function() a:send_fds("x", { io.stdout, "not one" }) end)
      a:send_fds("x", { io.stdout, 1000000 })
      assert.truthy(b and f)
    end)
    assert.equal(before, net.count_fds())
  end)

  it("time out, are cancelled, and see the end", net.inside(function()
    local a, b = pair()
    assert.same({ nil, "timeout", n = 2 }, table.pack(b:recv_fds(1, 0.01)))
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled", n = 2 },
      table.pack(b:recv_fds(1, { cancel = token })))
    a:close()
    assert.same(CLOSED, table.pack(b:recv_fds(1, 5)))
    b:close()
    assert.same({ nil, "socket is closed", n = 2 }, table.pack(b:recv_fds(1)))
    assert.same({ nil, "socket is closed", 0, n = 3 },
      table.pack(b:send_fds("x", { io.stdout })))
  end))

  it("name what is wrong with their arguments", net.inside(function()
    local a = pair()
    local closed = lev.pipe()
    closed:close()
    local many = {}
    for i = 1, 254 do many[i] = 1 end
    for _, row in ipairs {
      { "must not be empty", "", { 1 } },
      { "table expected", "x", 1 },
      { "open descriptor expected at index 2", "x", { 1, "2" } },
      { "open descriptor expected at index 1", "x", { closed } },
      { "open descriptor expected at index 1", "x", { -1 } },
      { "more than 253 descriptors", "x", many },
    } do
      local ok, err = pcall(function() a:send_fds(row[2], row[3]) end)
      assert.is_false(ok)
      assert.truthy(err:find(row[1], 1, true), err)
      assert.truthy(err:find("to 'send_fds'", 1, true), err)
    end
    assert.same({ nil, "Bad file descriptor" }, { a:send_fds("x", { 9999 }) })
    many[254] = nil
    assert.equal(1, a:send_fds("x", many))
  end))

  it("are for UNIX sockets that were asked to", net.inside(function()
    local a = pair {}
    local ok, err = pcall(function() a:recv_fds(1) end)
    assert.is_false(ok)
    assert.truthy(err:find("pass_fds = true", 1, true), err)
    for _, other in ipairs { (net.pair()), (select(2, lev.pipe())) } do
      ok, err = pcall(function() other:send_fds("x", { 1 }) end)
      assert.is_false(ok)
      assert.truthy(err:find("only UNIX sockets", 1, true), err)
    end
  end))

  it("are dropped by a socket that was not asked to", net.inside(function()
    local a, b = pair {}
    local before = net.count_fds()
    for _ = 1, 3 do a:send_fds("x", { io.stdout }) end
    assert.equal("xxx", b:recv_exactly(3, 5))
    assert.equal(before, net.count_fds())
  end))
end)
