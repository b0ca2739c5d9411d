-- Tests lev/lua/lua_wait_fd.cc: lev.wait_readable and lev.wait_writable, for
-- descriptors of others, files of the io library, and objects of lev.

local lev = require "lev"
local net = require "net_support"

local TIMEOUT = { nil, "timeout", n = 2 }
local CANCELLED = { nil, "cancelled", n = 2 }
local BAD = { nil, "Bad file descriptor", n = 2 }

-- The ends of a pipe, of which lev watches neither: numbers.
local function pipe()
  local reader, writer = lev.pipe()
  return reader, writer
end

describe("lev.wait_readable", function()
  it("returns true when something arrives, and takes nothing",
    net.inside(function()
      local a, b = net.pair()
      lev.spawn(function() lev.sleep(0.005) b:send("x") end)
      assert.is_true(lev.wait_readable(a, 5))
      assert.is_true(lev.wait_readable(a, 5))
      assert.equal("x", a:recv(10, 5))
      assert.same(TIMEOUT, table.pack(lev.wait_readable(a, 0.01)))
    end))

  it("takes a number, an object of lev, and a file of io #kernel",
    net.inside(function()
      local reader, writer = pipe()
      writer:send("x")
      assert.is_true(lev.wait_readable(reader:fd(), 5))
      assert.is_true(lev.wait_readable(reader, 5))
      local program <close> = io.popen("sleep 0.01; echo hello")
      assert.is_true(lev.wait_readable(program, 10))
      assert.equal("hello", program:read("l"))
      local listener, port = net.listen()
      local client = assert(lev.connect("127.0.0.1", port, 5))
      assert.is_true(lev.wait_readable(listener, 5))
      assert.truthy(listener:accept(0))
      client:close()
    end))

  it("takes any object with a method fd", net.inside(function()
    local reader, writer = pipe()
    writer:send("x")
    local Wrapper = { fd = function(self) return self.inner:fd() end }
    Wrapper.__index = Wrapper
    assert.is_true(lev.wait_readable(
      setmetatable({ inner = reader }, Wrapper), 5))
    local ok, err = pcall(lev.wait_readable, setmetatable({}, {
      __index = { fd = function() return nil, "socket is closed" end } }))
    assert.is_false(ok)
    assert.truthy(err:find("open descriptor expected", 1, true), err)
  end))

  it("is at once true for a regular file", net.inside(function()
    local file <close> = assert(io.tmpfile())
    assert.is_true(lev.wait_readable(file, 5))
    assert.is_true(lev.wait_writable(file, 5))
  end))

  it("is true at the end of the file", net.inside(function()
    local reader, writer = pipe()
    lev.spawn(function() lev.sleep(0.005) writer:close() end)
    assert.is_true(lev.wait_readable(reader, 5))
    assert.same({ nil, "closed", n = 2 }, table.pack(reader:recv(1, 5)))
  end))

  it("obeys its token and its timeout, and leaves no trace",
    net.inside(function()
      local reader = pipe()
      local before = lev.stats()
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(0.005) token:cancel() end)
      assert.same(CANCELLED,
        table.pack(lev.wait_readable(reader, { cancel = token })))
      assert.same(CANCELLED,
        table.pack(lev.wait_readable(reader, { cancel = token })))
      assert.same(TIMEOUT, table.pack(lev.wait_readable(reader, 0)))
      assert.same(TIMEOUT, table.pack(lev.wait_readable(reader, 0.01)))
      lev.yield()
      local after = lev.stats()
      assert.equal(before.timer_count, after.timer_count)
    end))

  it("wakes all who wait for the same", net.inside(function()
    local reader, writer = pipe()
    local tasks = {}
    for i = 1, 5 do
      tasks[i] = lev.spawn(function() return lev.wait_readable(reader, 5) end)
    end
    lev.yield()
    writer:send("x")
    for i = 1, 5 do assert.is_true(lev.await(tasks[i])) end
  end))

  it("waits beside a recv of the same socket", net.inside(function()
    local a, b = net.pair()
    local reader = lev.spawn(function() return a:recv(10, 5) end)
    lev.yield()
    local waiter = lev.spawn(function() return lev.wait_readable(a, 5) end)
    lev.yield()
    b:send("x")
    assert.equal("x", lev.await(reader))
    b:send("y")
    assert.is_true(lev.await(waiter))
    assert.equal("y", a:recv(10, 5))
  end))

  it("waits for both directions at once", net.inside(function()
    local a, b = net.pair()
    net.fill(a)
    local readable = lev.spawn(function() return lev.wait_readable(a, 5) end)
    local writable = lev.spawn(function() return lev.wait_writable(a, 5) end)
    lev.sleep(0.005)
    assert.is_false(readable:done())
    assert.is_false(writable:done())
    b:send("x")
    assert.is_true(lev.await(readable))
    assert.is_false(writable:done())
    lev.spawn(function() while b:recv(1 << 20, 1) do end end)
    assert.is_true(lev.await(writable))
  end))

  it("says so when the object is closed meanwhile", net.inside(function()
    local reader, other = pipe()
    local socket, peer = net.pair()
    for _, object in ipairs { reader, socket, (net.listen()) } do
      local before = net.count_fds()
      local waiter = lev.spawn(function()
        return lev.wait_readable(object, 10)
      end)
      lev.yield()
      object:close()
      lev.yield()
      lev.yield()
      assert.is_true(waiter:done())
      assert.same(BAD, table.pack(lev.await(waiter)))
      assert.equal(before - 1, net.count_fds())
    end
    assert.truthy(other and peer)
  end))

  it("says so also when lev itself watched the socket", net.inside(function()
    local a, b = net.pair()
    local reader = lev.spawn(function() return a:recv(1) end)
    lev.yield()
    local waiter = lev.spawn(function() return lev.wait_readable(a, 10) end)
    lev.yield()
    a:close()
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(lev.await(reader)))
    assert.same(BAD, table.pack(lev.await(waiter)))
    -- The peer sees the end: no duplicate is left open.
    assert.same({ nil, "closed", n = 2 }, table.pack(b:recv(1, 5)))
  end))

  it("does not take a new owner of the number for the old #kernel",
    net.inside(function()
      local reader = pipe()
      local number = reader:fd()
      local waiter = lev.spawn(function()
        return lev.wait_readable(reader, 10)
      end)
      lev.yield()
      reader:close()
      local fresh, out = pipe()
      assert.equal(number, fresh:fd())
      out:send("x")
      assert.same(BAD, table.pack(lev.await(waiter)))
    end))

  it("keeps its object open while it waits", net.inside(function()
    local reader, writer = pipe()
    local given = { reader }
    reader = nil
    local waiter = lev.spawn(function()
      return lev.wait_readable(table.remove(given), 5)
    end)
    lev.yield()
    collectgarbage()
    collectgarbage()
    writer:send("x")
    assert.is_true(lev.await(waiter))
  end))

  it("returns an error for a number that is no descriptor",
    net.inside(function()
      assert.same(BAD, table.pack(lev.wait_readable(1000000, 5)))
      assert.same(BAD, table.pack(lev.wait_writable(1000000, 5)))
    end))

  it("raises for what is closed already", net.inside(function()
    local reader = pipe()
    reader:close()
    local file = io.tmpfile()
    file:close()
    for _, closed in ipairs { reader, file } do
      local ok, err = pcall(lev.wait_readable, closed)
      assert.is_false(ok)
      assert.truthy(err:find("open descriptor expected", 1, true), err)
    end
  end))

  it("raises for an object whose number is none", net.inside(function()
    local reader = pipe()
    for _, number in ipairs { (1 << 32) + reader:fd(), -1, "1", 1.5 } do
      local object = setmetatable({}, { __index = {
        fd = function() return number end } })
      local ok, err = pcall(lev.wait_readable, object, 0)
      assert.is_false(ok)
      assert.truthy(err:find("open descriptor expected", 1, true), err)
    end
  end))

  it("can be aborted and cancelled; the next waits as if nothing had been",
    net.inside(function()
      local reader, writer = pipe()
      for _, how in ipairs { "abort", "cancel" } do
        local waiter = lev.spawn(function() lev.wait_readable(reader) end)
        lev.yield()
        waiter[how](waiter)
        lev.await(waiter)
      end
      lev.spawn(function() lev.sleep(0.005) writer:send("x") end)
      assert.is_true(lev.wait_readable(reader, 5))
    end))

  it("survives that its coroutine is closed", net.inside(function()
    local reader, writer = pipe()
    local thread
    local waiter = lev.spawn(function()
      thread = coroutine.running()
      lev.wait_readable(reader)
    end)
    lev.yield()
    coroutine.close(thread)
    lev.spawn(function() lev.sleep(0.005) writer:send("x") end)
    assert.is_true(lev.wait_readable(reader, 5))
    assert.is_nil(lev.await(waiter))
  end))

  it("does not spin while only the other direction is ready",
    net.inside(function()
      local a, b = net.pair()
      net.fill(a)
      b:send("unread")
      lev.sleep(0.01)
      local before = os.clock()
      assert.same(TIMEOUT, table.pack(lev.wait_writable(a, 0.3)))
      assert.is_true(os.clock() - before < 0.2)
    end))
end)

describe("lev.wait_writable", function()
  it("is true at once when there is room", net.inside(function()
    local a, b = net.pair()
    assert.is_true(lev.wait_writable(a, 0))
    assert.is_true(lev.wait_writable(b:fd()))
  end))

  it("waits until there is room", net.inside(function()
    local reader, writer = pipe()
    local sent = net.fill(writer)
    assert.same(TIMEOUT, table.pack(lev.wait_writable(writer, 0.01)))
    lev.spawn(function() reader:recv_exactly(sent, 5) end)
    assert.is_true(lev.wait_writable(writer, 5))
  end))

  it("is true when the reader has gone: writing will tell",
    net.inside(function()
      local reader, writer = pipe()
      net.fill(writer)
      lev.spawn(function() lev.sleep(0.005) reader:close() end)
      assert.is_true(lev.wait_writable(writer, 5))
      assert.equal("closed", (select(2, writer:send("x"))))
    end))
end)
