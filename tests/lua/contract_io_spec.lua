-- Each piece of code that the contract of the module shows, section by section:
-- UDP, TCP, signals, stopping, processes, looking inside. The addresses
-- are loopback ones. What goes beyond the contract is tested elsewhere.

local lev = require "lev"
local net = require "net_support"
local support = require "support"

describe("UDP sockets", function()
  it("bind, send and receive", net.inside(function()
    local sock = lev.udp()
    assert(sock:bind("0.0.0.0", 0))
    assert(sock:setsockopt("reuseaddr", 1))
    local peer = lev.own(lev.udp())
    assert(peer:bind("127.0.0.1", 0))
    local _, peer_port = peer:getsockname()

    assert.equal(4, sock:sendto("data", "127.0.0.1", peer_port))
    local question, from, from_port = peer:recvfrom(4096, 5.0)
    assert.equal("data", question)
    assert.equal("127.0.0.1", from)
    assert(peer:sendto("reply", from, from_port))

    -- Yields until data arrives or timeout
    local data, addr, port = sock:recvfrom(4096, 5.0)
    assert.equal("reply", data)
    assert.equal("127.0.0.1", addr)
    assert.equal(peer_port, port)

    data, addr = sock:recvfrom(4096, 0.01)
    assert.is_nil(data)
    -- addr contains error: "timeout", "cancelled", etc.
    assert.equal("timeout", addr)
    assert.equal("number", type(sock:fd()))
    sock:close()
  end))

  it("take a table of options", net.inside(function()
    local sock = lev.own(lev.udp())
    assert(sock:bind("127.0.0.1", 0))
    local token = lev.cancel_token()
    local data, err = sock:recvfrom(4096, {
      timeout = 0.01,
      cancel = token,
    })
    assert.is_nil(data)
    assert.equal("timeout", err)
  end))
end)

describe("TCP sockets", function()
  it("listen", net.inside(function()
    local listener = lev.listen("0.0.0.0", 0, { reuseport = true })
    local _, listening = listener:getsockname()
    lev.spawn(function()
      while true do
        local client, addr, port = listener:accept(5.0)
        if not client then return end
        assert.equal("127.0.0.1", addr)
        assert.equal("number", type(port))
        lev.spawn(function()
          client:recv(4096, 10)
          client:send("HTTP/1.0 200 OK\r\n\r\nHello")
          client:close()
        end, { detached = true })
      end
    end)
    local sock = assert(lev.connect("127.0.0.1", listening, { timeout = 5 }))
    sock:send("GET / HTTP/1.0\r\n\r\n")
    assert.equal("HTTP/1.0 200 OK\r\n\r\nHello", (net.read_all(sock)))
    sock:close()
    listener:close()
  end))

  it("have the methods of the contract", net.inside(function()
    local client, server = net.pair()
    assert.equal(6, client:send("a\nbcde", { timeout = 1 }))
    assert.equal("a\n", (server:recv_until("\n", 5, 100)))
    assert.equal("bcd", (server:recv_exactly(3, 5)))
    assert.equal("e", (server:recv(10, 5)))
    for _, name in ipairs {
      "reuseaddr", "reuseport", "keepalive", "nodelay" } do
      assert.is_true(client:setsockopt(name, 1))
    end
    assert.is_true(client:setsockopt("rcvbuf", 65536))
    assert.is_true(client:setsockopt("sndbuf", 65536))
    local addr, port = client:getpeername()
    assert.equal("127.0.0.1", addr)
    assert.equal("number", type(port))
    assert.is_true(client:shutdown("w"))
    local data, err = server:recv(1, 5)
    assert.is_nil(data)
    assert.equal("closed", err)
    client:close()
    local _, closed = client:send("x")
    assert.equal("socket is closed", closed)
    assert.equal("lev.tcp: closed", tostring(client))
    server:close()
    lev.tcp():close()
  end))
end)

describe("Signal handling", function()
  it("calls the handler with the number", net.inside(function()
    local shutdown
    assert(lev.on_signal(lev.SIGTERM, function(signo)
      shutdown = signo
    end))
    os.execute("kill -TERM " .. net.pid())
    while not shutdown do
      -- serve requests
      lev.sleep(0.01)
    end
    assert.equal(15, shutdown)
  end))

  it("can enforce a deadline with stop", function()
    local ok, err = lev.run(function()
      local shutdown
      lev.on_signal(lev.SIGTERM, function()
        shutdown = true
        lev.spawn(function()
          lev.sleep(0.02) -- grace period for in-flight work
          lev.stop()      -- force exit
        end, { detached = true })
      end)
      os.execute("kill -TERM " .. net.pid())
      while true do lev.sleep(0.01) end
    end)
    assert.is_nil(ok)
    assert.equal("stopped", err)
  end)

  it("has the constants", function()
    assert.same({ 15, 2, 1, 10, 12, 9 }, { lev.SIGTERM, lev.SIGINT,
      lev.SIGHUP, lev.SIGUSR1, lev.SIGUSR2, lev.SIGKILL })
  end)

  it("is no deadlock while a signal may come", net.inside(function()
    local woken = lev.cancel_token()
    lev.on_signal(lev.SIGUSR2, function() woken:cancel() end)
    os.execute(("(sleep 0.2; kill -USR2 %d) &"):format(net.pid()))
    local _, err = lev.sleep(math.huge, woken)
    assert.equal("cancelled", err)
  end))
end)

describe("Async subprocess", function()
  it("runs a command", net.inside(function()
    local proc = lev.exec("/bin/echo", { "hello" })
    local output = proc:read_all(5)   -- "hello\n"
    local code = proc:wait(5)         -- 0
    assert.equal("hello\n", output)
    assert.equal(0, code)
    proc:close()
  end))

  it("takes cwd, env and stderr_to_stdout", net.inside(function()
    local proc = lev.exec("/bin/sh", { "-c", "pwd; echo $WHO; echo oops >&2" },
      { cwd = "/", env = { "WHO=me" }, stderr_to_stdout = true })
    assert.equal("/\nme\noops\n", (proc:read_all(5)))
    proc:close()
  end))

  it("talks both ways", net.inside(function()
    local big_data = ("x"):rep(1 << 20)
    local proc = lev.exec("/bin/cat")
    local writer = lev.spawn(function()
      proc:send(big_data)
      proc:close_stdin()
    end)
    local reader = lev.spawn(function()
      return proc:read_all(10)
    end)
    lev.await(writer)
    local output = lev.await(reader)
    proc:wait(5)
    proc:close()
    assert.is_true(output == big_data)
  end))

  it("reports a program that cannot run at once", net.inside(function()
    local proc, err = lev.exec("/no/such/program")
    assert.is_nil(proc)
    assert.equal("No such file or directory", err)
  end))

  it("kills, and tells by what", net.inside(function()
    local proc = lev.exec("/bin/sleep", { "60" })
    assert.equal("number", type(proc:pid()))
    assert.is_true(proc:kill(lev.SIGKILL))
    local code, signal = proc:wait(5)
    assert.is_nil(code)
    assert.equal(lev.SIGKILL, signal)
    proc:close()
  end))
end)

describe("Observability", function()
  it("routes errors to a logger object", function()
    local messages = {}
    local logger = {
      error = function(_, message) messages[#messages + 1] = message end,
    }
    lev.set_logger(logger)
    lev.run(function()
      lev.spawn(function() error("lost") end, { detached = true })
    end)
    lev.set_logger(nil)
    assert.matches("lost", messages[1])
  end)

  it("names tasks", support.inside(function()
    lev.await(lev.spawn(function()
      lev.task_name("request-handler")
      assert.equal("request-handler", lev.task_name())
    end))
  end))

  it("counts", support.inside(function()
    local s = lev.stats()
    assert.equal(1, s.active_coros)
    assert.equal(1, s.task_count)
    assert.equal(0, s.registered_fds)
    assert.equal(0, s.timer_count)
    assert.equal(0, s.ready_count)
  end))

  it("lists the tasks, and where each yields", support.inside(function()
    lev.spawn(function() lev.sleep(1) end, { name = "worker" })
    lev.yield()
    local main, worker = table.unpack(lev.task_tree())
    assert.equal("main", main.name)
    assert.equal("running", main.co_status)
    assert.same({ 2, "worker", "pending", false, 1, "suspended" }, { worker.id,
      worker.name, worker.status, worker.detached, worker.parent_id,
      worker.co_status })
    assert.matches("sleep", lev.task_dump()[2].traceback)
  end))

  it("is nil outside a run", function()
    assert.is_nil(lev.stats())
    assert.is_nil(lev.task_tree())
    assert.is_nil(lev.task_dump())
  end)

  it("dumps the tasks on a signal", function()
    local texts = support.logged(function()
      lev.run(function()
        lev.enable_dump_signal()  -- or "json"
        lev.spawn(function() lev.sleep(0.3) end, { name = "sleeper" })
        os.execute(("(sleep 0.1; kill -USR1 %d) &"):format(net.pid()))
        lev.sleep(0.3)
      end)
    end)
    local lines = {}
    for line in texts[1]:gmatch("[^\n]+") do
      if line:match("^===") or line:match("^  task") then
        lines[#lines + 1] = line
      end
    end
    assert.same({
      "=== LEV task dump ===",
      '  task #1 "main"  status=pending  co=suspended  detached=false  ' ..
        "parent=none",
      '  task #2 "sleeper"  status=pending  co=suspended  detached=false  ' ..
        "parent=1",
      "=== end dump ===",
    }, lines)
  end)
end)
