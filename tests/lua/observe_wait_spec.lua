-- Tests lev/lua/lua_dump.cc: what each task waits for.

local lev = require "lev"
local net = require "net_support"
local support = require "support"
local inside = support.inside

-- The `wait` of a task that runs `body`, when it has got as far as it can.
local function wait_of(body)
  local task = lev.spawn(body)
  for _ = 1, 3 do lev.yield() end
  local found
  for _, entry in ipairs(lev.task_dump()) do
    if entry.id == task.id then found = entry.wait end
  end
  task:abort()
  return found
end

-- verb, on and object.
local function words(wait) return { wait.verb, wait.on, wait.object } end

describe("lev.task_dump says that a task waits", function()
  it("for a timer", inside(function()
    assert.same({ on = "a timer", verb = "lev.sleep", since = 0,
      deadline = 5 }, wait_of(function() lev.sleep(5) end))
  end))

  it("for a task", inside(function()
    local target = lev.spawn(function() lev.sleep(1) end, { name = "target" })
    assert.same({ "lev.await", 'task #2 "target"' },
      words(wait_of(function() target:await() end)))
  end))

  it("for a token as well", inside(function()
    local token = lev.cancel_token()
    local wait = wait_of(function() lev.sleep(5, token) end)
    assert.same({ "lev.sleep", "a cancel token" }, words(wait))
    assert.equal(5, wait.deadline)
  end))

  it("for its turn", inside(function()
    assert.same({ "lev.yield", "its turn" }, words(wait_of(function()
      while true do lev.yield() end
    end)))
  end))

  it("for its first turn", inside(function()
    lev.spawn(function() end)
    assert.same({ on = "its turn", since = 0 }, lev.task_dump()[2].wait)
  end))

  it("for the branches of a race", inside(function()
    assert.same({ "lev.race", "its 2 children" }, words(wait_of(function()
      lev.race { function() lev.sleep(1) end, function() lev.sleep(2) end }
    end)))
  end))

  it("for nothing", inside(function()
    assert.same({ on = "nothing", verb = "coroutine.yield", since = 0 },
      wait_of(coroutine.yield))
  end))

  it("for bytes, on which socket", net.inside(function()
    local a, b = net.pair()
    local host, port = a:getpeername()
    local _, own = a:getsockname()
    local wait = wait_of(function() a:recv(1, 20) end)
    assert.same({ "socket:recv", ("fd %d to be readable"):format(a:fd()),
      ("lev.tcp: fd %d, 127.0.0.1:%d -> %s:%d"):format(a:fd(), own, host,
        port) }, words(wait))
    assert.is_true(wait.since >= 0)
    assert.is_true(wait.deadline > 0 and wait.deadline <= 20)
    b:close()
  end))

  it("for room to send", net.inside(function()
    local a, b = net.pair()
    net.fill(a)
    local wait = wait_of(function() a:send(("x"):rep(1 << 24)) end)
    assert.equal("socket:send", wait.verb)
    assert.equal(("fd %d to be writable"):format(a:fd()), wait.on)
    b:close()
  end))

  it("for datagrams, on which socket", net.inside(function()
    local socket <close> = assert(lev.udp())
    assert(socket:bind("127.0.0.1", 0))
    local _, port = socket:getsockname()
    local wait = wait_of(function() socket:recvfrom(10) end)
    assert.matches("^lev.udp: fd %d+, 127.0.0.1:" .. port .. "$", wait.object)
  end))

  it("for connections, on which address", net.inside(function()
    local listener, port = net.listen()
    assert.same({ "listener:accept",
      ("fd %d to be readable"):format(listener:fd()),
      ("lev.listener: fd %d, 127.0.0.1:%d"):format(listener:fd(), port) },
      words(wait_of(function() listener:accept() end)))
    listener:close()
  end))

  it("for a TLS handshake, on which socket", net.inside(function()
    local listener, port = net.listen()
    local task = lev.spawn(function()
      lev.connect("127.0.0.1", port, { tls = { verify = false } })
    end)
    local silent <close> = assert(listener:accept(5))
    lev.sleep(0.001)
    local wait
    for _, entry in ipairs(lev.task_dump()) do
      if entry.id == task.id then wait = entry.wait end
    end
    assert.equal("lev.connect", wait.verb)
    assert.matches("^lev.tcp: fd %d+, .* %-> 127.0.0.1:" .. port, wait.object)
    assert.truthy(silent)
    task:abort()
    listener:close()
  end))

  it("for an address to answer", net.inside(function()
    local listener, port = net.listen("127.0.0.1", { backlog = 0 })
    local waits, sockets = nil, {}
    for _ = 1, 10 do
      local wait = wait_of(function()
        sockets[#sockets + 1] = lev.connect("127.0.0.1", port, 5)
      end)
      if wait then waits = wait end
    end
    assert.same({ "lev.connect", "127.0.0.1:" .. port },
      { waits.verb, waits.object })
    assert.matches("^fd %d+ to be writable$", waits.on)
    listener:close()
    for _, socket in ipairs(sockets) do socket:close() end
  end))
end)

describe("lev.task_dump names", function()
  it("the host that is connected to", net.inside(function()
    -- A name server that says nothing.
    local silent <close> = lev.udp()
    silent:bind("127.0.0.1", 0)
    local _, port = silent:getsockname()
    lev.set_resolver { servers = { "127.0.0.1:" .. port } }
    local wait = wait_of(function() lev.connect("no.such.host.invalid", 1) end)
    lev.set_resolver()
    assert.same({ "lev.connect",
      'a connection to "no.such.host.invalid"' }, words(wait))
  end))

  it("the process that is waited for", net.inside(function()
    local process = assert(lev.exec("sleep", { "30" }))
    local wait = wait_of(function() process:wait() end)
    assert.same({ "process:wait", "lev.process: pid " .. process:pid() },
      { wait.verb, wait.object })
    process:close()
  end))
end)

describe("The time of a wait", function()
  it("is counted from when the call began to wait", inside(function()
    lev.spawn(function() lev.sleep(100) end)
    lev.sleep(30)
    assert.same({ on = "a timer", verb = "lev.sleep", since = 30,
      deadline = 70 }, lev.task_dump()[2].wait)
  end))

  it("goes on when the call is woken in vain", net.inside(function()
    local a, b = net.pair()
    lev.spawn(function() a:recv_exactly(3) end)
    lev.sleep(0.01)
    local entry = lev.task_dump()
    local before = entry[#entry].wait.since
    b:send("x")
    lev.sleep(0.01)
    entry = lev.task_dump()
    assert.is_true(entry[#entry].wait.since > before)
    a:close()
    b:close()
  end))
end)

describe("A deadlock report", function()
  it("says what each task waits for", function()
    local _, report = support.run(function()
      local never = lev.spawn(coroutine.yield, { name = "never" })
      lev.await(never)
    end)
    assert.equal('deadlock: task #1 "main" waits for task #2 "never"; ' ..
      'task #2 "never" waits for nothing', report)
  end)

  it("comes although a dump signal is enabled", function()
    local _, report = lev.run(function()
      lev.enable_dump_signal()
      coroutine.yield()
    end)
    assert.equal('deadlock: task #1 "main" waits for nothing', report)
  end)
end)
