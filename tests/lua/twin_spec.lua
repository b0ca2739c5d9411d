-- Tests that each twin makes the operation of its verb: performed, it does
-- what the verb does. (op_spec and select_spec have the others.)

local lev = require "lev"
local support = require "support"
local inside = support.inside

local function real(body)
  return function() assert(lev.run(function() body() return true end)) end
end

-- Two ends of a UNIX stream.
local function unix_pair(options)
  local path = os.tmpname()
  os.remove(path)
  local listener = assert(lev.unix_listen(path, options))
  local connecting = lev.spawn(function()
    return lev.unix_connect_op(path, options):perform()
  end)
  local server = assert(listener:accept_op():perform())
  listener:close()
  return assert(connecting:await_op():perform()), server
end

describe("the twins", function()
  it("of tasks and tokens", inside(function()
    local task = lev.spawn(function() return "result" end)
    assert.equal("result", task:join_op():perform())
    assert.equal("result", task:await_op():perform())
    assert.equal("result", lev.await_op(task):perform())
    local token = lev.cancel_token()
    assert.same({ nil, "timeout" }, { token:wait(1) })
    lev.spawn(function() token:cancel("why") end)
    assert.same({ true, "why" }, { token:wait() })
    assert.same({ true, "why" }, { token:wait_op():perform() })
  end))

  it("of locks", inside(function()
    local lock, mutex = lev.rwlock(), lev.mutex()
    assert.is_true(lock:read_lock_op():perform())
    lock:unlock()
    assert.is_true(lock:write_lock_op():perform())
    lock:unlock()
    assert.is_true(mutex:lock_op():perform())
    mutex:unlock()
    local semaphore = lev.semaphore(2)
    assert.is_true(semaphore:acquire_op(2):perform())
    assert.same({ nil, "timeout" }, { semaphore:acquire_op(1, 1):perform() })
  end))

  it("of streams", real(function()
    local a, b = unix_pair()
    assert.equal(12, a:send_op("one\ntwothree"):perform())
    assert.equal("one", b:peek_op(3):perform())
    assert.equal("one\n", b:recv_until_op("\n"):perform())
    assert.equal("two", b:recv_exactly_op(3):perform())
    assert.equal("three", b:recv_op(100):perform())
    assert.is_true(lev.wait_writable_op(a):perform())
    assert.same({ nil, "timeout" }, { lev.wait_readable_op(b, 0.01):perform() })
    a:close()
    assert.is_true(lev.wait_readable_op(b):perform())
    b:close()
  end))

  it("of passing descriptors, at each perform", real(function()
    local a, b = unix_pair { pass_fds = true }
    local sending = a:send_fds_op("x", { 0 })
    for _ = 1, 2 do
      assert.equal(1, sending:perform())
      local data, fds = b:recv_fds_op(10):perform()
      assert.same({ "x", 1 }, { data, #fds })
      fds[1]:close()
    end
    a:close()
    b:close()
  end))

  it("of a socket's connect and starttls", real(function()
    local listener <close> = assert(lev.listen("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local socket <close> = lev.tcp()
    assert.is_true(socket:connect_op("127.0.0.1", port):perform())
    local shaking = socket:starttls_op { verify = false, timeout = 0.01 }
    assert.same({ nil, "timeout" }, { shaking:perform() })
    assert.same({ nil, "socket is closed" }, { socket:recv(1) })
  end))

  it("of datagrams", real(function()
    local a, b = lev.udp(), lev.udp()
    b:bind("127.0.0.1", 0)
    local _, port = b:getsockname()
    local message = { "x", "127.0.0.1", port }
    assert.equal(1, a:sendto_many_op({ message }):perform())
    assert.equal("x", b:recvfrom_many_op(1, 10):perform()[1].data)
    a:connect("127.0.0.1", port)
    assert.equal(1, a:send_op("y"):perform())
    assert.equal("y", b:recv_op(10):perform())
    a:close()
    b:close()
  end))

  it("of names", real(function()
    local found = assert(lev.resolve_op("localhost"):perform())
    assert.is_true(#found > 0)
    assert.is_true(lev.resolve_op("127.0.0.1"):perform()[1] == "127.0.0.1")
  end))

  it("of processes", real(function()
    local process <close> = assert(lev.exec("/bin/sh",
      { "-c", "cat; echo oops >&2" }))
    process:send_op("a\nbcd"):perform()
    process:close_stdin()
    assert.equal("a", process:peek_op(1):perform())
    assert.equal("a\n", process:recv_until_op("\n"):perform())
    assert.equal("b", process:recv_exactly_op(1):perform())
    assert.equal("oops\n", process:recv_stderr_op(10):perform())
    assert.equal("cd", process:read_all_op():perform())
    assert.equal(0, (process:wait_op():perform()))
  end))
end)

describe("The twin", function()
  it("of a barrier is one party, at two places too", inside(function()
    local barrier = lev.barrier(2)
    local both = { barrier, barrier }
    assert.same({ nil, "timeout" }, { lev.select(both, 1) })
    local task = lev.spawn(function() return lev.select(both) end)
    lev.yield()
    assert.equal(2, barrier:wait())
    assert.same({ 1, 1 }, { task:await() })
  end))
end)
