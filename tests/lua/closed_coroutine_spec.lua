-- A user can get hold of a task's coroutine and close it. The task is lost
-- then; what it was in the middle of must not be.

local lev = require "lev"
local net = require "net_support"

-- A task that does `body`, and whose coroutine is closed while it waits.
local function close_within(body)
  local thread
  local task = lev.spawn(function()
    thread = coroutine.running()
    body()
  end)
  lev.sleep(0.005)
  assert.is_false(task:done())
  assert.is_true(coroutine.close(thread))
  return task
end

local function full_pair()
  local a, b = net.pair()
  return a, b, net.fill(a)
end

describe("Closing the coroutine of a task", function()
  it("that sends lets the next one send", net.inside(function()
    local a, b, before = full_pair()
    local lost = close_within(function() a:send("lost") end)
    local next_one = lev.spawn(function() return a:send("next", 10) end)
    local drain = lev.spawn(function()
      return b:recv_exactly(before + 4, 10):sub(-4)
    end)
    assert.is_nil(lev.await(lost))
    assert.equal(4, lev.await(next_one))
    assert.equal("next", lev.await(drain))
  end))

  it("that sends, and aborting it, lets the next one send",
    net.inside(function()
      local a, b, before = full_pair()
      local lost = close_within(function() a:send("lost") end)
      lost:abort()
      lev.spawn(function() b:recv_exactly(before, 10) end)
      assert.equal(4, a:send("next", 10))
    end))

  it("that waits for its turn to send lets those behind it send",
    net.inside(function()
      local a, b, before = full_pair()
      local first = lev.spawn(function() return a:send("first", 10) end)
      lev.yield()
      local lost = close_within(function() a:send("lost") end)
      local last = lev.spawn(function() return a:send("last", 10) end)
      lev.yield()
      local all = b:recv_exactly(before + 9, 10)
      assert.equal(5, lev.await(first))
      assert.is_nil(lev.await(lost))
      assert.equal(4, lev.await(last))
      assert.equal("firstlast", all:sub(-9))
    end))

  it("that reads leaves the bytes to the next one", net.inside(function()
    local a, b = net.pair()
    local lost = close_within(function() a:recv_exactly(10) end)
    b:send("bytes")
    assert.is_nil(lev.await(lost))
    assert.equal("bytes", a:recv(10, 5))
  end))

  it("that accepts leaves the arrival to the next one", net.inside(function()
    local listener, port = net.listen()
    local lost = close_within(function() listener:accept() end)
    local other = lev.spawn(function() return listener:accept(10) end)
    lev.yield()
    local client = assert(lev.connect("127.0.0.1", port, 5))
    assert.is_nil(lev.await(lost))
    assert.truthy(lev.await(other))
    client:close()
  end))

  it("that receives datagrams leaves them to the next one",
    net.inside(function()
      local socket = assert(lev.udp("inet"))
      assert(socket:bind("127.0.0.1", 0))
      local _, port = socket:getsockname()
      local lost = close_within(function() socket:recvfrom(10) end)
      local other = lev.spawn(function()
        local data = socket:recv(10, 20)
        socket:close()
        return data
      end)
      lev.yield()
      lev.udp("inet"):sendto("x", "127.0.0.1", port)
      -- Not only when its time is over.
      local took = lev.now()
      assert.equal("x", lev.await(other))
      assert.is_true(lev.now() - took < 15)
      assert.is_nil(lev.await(lost))
    end))

  it("that sends a file or descriptors leaves nothing open",
    net.inside(function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(("x"):rep(1 << 20))
      file:close()
      local name = "@lev closed coroutine " .. net.pid()
      local listener = assert(lev.unix_listen(name))
      local a = assert(lev.unix_connect(name, 5))
      local b = assert(listener:accept(5))
      net.fill(a)
      local before = net.count_fds()
      local lost = {
        close_within(function() a:sendfile(path) end),
        close_within(function() a:send_fds("x", { io.stdout }) end),
      }
      b:close()
      for _, task in ipairs(lost) do assert.is_nil(lev.await(task)) end
      assert.equal(before - 1, net.count_fds())
      os.remove(path)
    end))

  it("that waits for a body with a deadline leaves no timer",
    net.inside(function()
      local before = lev.stats().timer_count
      local lost = close_within(function()
        lev.with_timeout(1000, function() lev.sleep(0.05) end)
      end)
      while not lost:done() do lev.sleep(0.01) end
      assert.equal(before, lev.stats().timer_count)
      assert.is_nil(lev.await(lost))
    end))
end)
