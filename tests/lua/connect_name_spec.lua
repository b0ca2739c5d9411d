-- lev.connect to a host that has a name: its addresses are raced.

local dns = require "dns_support"
local lev = require "lev"
local net = require "net_support"

local RECORDS = {
  "v4.test A 127.0.0.1",
  "v6.test AAAA ::1",
  "both.test A 127.0.0.1",
  "both.test AAAA ::1",
  "slow6.test A 127.0.0.1",
  "slow6.test AAAA ::1",
  "slow6.test SLOW AAAA",
  "half.test A 127.0.0.1",
  "half.test SILENT AAAA",
  "several.test A 127.0.0.1",
  "several.test A 127.0.0.2",
  "several.test A 127.0.0.3",
  "silent.test SILENT ANY",
}

-- Whom a connection to `host` reaches.
local function reached(host, port, options)
  local socket <close> = assert(lev.connect(host, port, options or 10))
  return (socket:getpeername())
end

describe("lev.connect to a name", function()
  local stop
  setup(function() stop = dns.serve(RECORDS) end)
  teardown(function() stop() end)

  it("connects to its address", net.inside(function()
    local _, port = net.listen()
    assert.equal("127.0.0.1", reached("v4.test", port))
    local _, port6 = net.listen("::1")
    assert.equal("::1", reached("v6.test", port6))
  end))

  it("makes a socket like any other", net.inside(function()
    local port = net.serve(function(socket)
      socket:send(socket:recv_exactly(5, 5) .. "!")
    end)
    local socket <close> = assert(lev.connect("both.test", port, 5))
    assert(socket:send("hello"))
    assert.equal("hello!", socket:recv_exactly(6, 5))
  end))

  it("prefers IPv6", net.inside(function()
    local listener, port = net.listen("::1")
    local other = assert(lev.listen("127.0.0.1", port))
    assert.equal("::1", reached("both.test", port))
    assert.truthy(listener and other)
  end))

  it("goes on when one family is refused", net.inside(function()
    local _, port = net.listen("127.0.0.1")
    assert.equal("127.0.0.1", reached("both.test", port))
    local _, port6 = net.listen("::1")
    assert.equal("::1", reached("both.test", port6))
  end))

  it("goes on when one family is not answered", net.inside(function()
    local _, port = net.listen("127.0.0.1")
    assert.equal("127.0.0.1", reached("half.test", port))
    assert.equal("127.0.0.1", reached("slow6.test", port))
  end))

  it("tries all its addresses", net.inside(function()
    local _, port = net.listen("127.0.0.3")
    assert.equal("127.0.0.3", reached("several.test", port))
  end))

  it("takes localhost in either family", net.inside(function()
    local _, port = net.listen("127.0.0.1")
    assert.equal("127.0.0.1", reached("localhost", port))
    local _, port6 = net.listen("::1")
    assert.equal("::1", reached("localhost", port6))
    assert.equal("::1", reached("[::1]", port6))
  end))

  it("connects from an address of its own", net.inside(function()
    local _, port = net.listen()
    for _, host in ipairs { "127.0.0.1", "v4.test", "both.test" } do
      local socket <close> = assert(lev.connect(host, port,
        { timeout = 5, local_addr = "127.0.0.9" }))
      assert.equal("127.0.0.9", (socket:getsockname()))
    end
    assert.same({ nil, 'not an IPv4 or IPv6 address: "x"', n = 2 },
      table.pack(lev.connect("v4.test", port, { local_addr = "x" })))
    assert.same({ nil, "Cannot assign requested address", n = 2 },
      table.pack(lev.connect("v4.test", port, { local_addr = "192.0.2.1" })))
    local ok, err = pcall(lev.connect, "v4.test", port, { local_addr = 5 })
    assert.is_false(ok)
    assert.truthy(err:find("#3.*local_addr: string expected"), err)
  end))

  it("says why it cannot", net.inside(function()
    local listener, port = net.listen()
    listener:close()
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(lev.connect("both.test", port, 5)))
    assert.same({ nil, 'name not found: "none.test"', n = 2 },
      table.pack(lev.connect("none.test", port, 5)))
    assert.same({ nil, 'no address for "v6.test"', n = 2 },
      table.pack(lev.connect("v6.test", port,
        { timeout = 5, local_addr = "127.0.0.1" })))
  end))

  it("leaves nothing when it fails, times out, is cancelled or aborted",
    net.inside(function()
      local listener, port = net.listen()
      listener:close()
      lev.connect("v4.test", port, 5)
      local fds, stats = net.count_fds(), lev.stats()
      local function check()
        assert.equal(fds, net.count_fds())
        assert.equal(stats.timer_count, lev.stats().timer_count)
        assert.equal(stats.registered_fds, lev.stats().registered_fds)
      end
      lev.connect("both.test", port, 5)
      check()
      assert.same({ nil, "timeout", n = 2 },
        table.pack(lev.connect("silent.test", port, 0.01)))
      check()
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(0.01) token:cancel() end)
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(lev.connect("silent.test", port, { cancel = token })))
      lev.sleep(0.001)
      check()
      for _, way in ipairs { "cancel", "abort" } do
        local task = lev.spawn(function() lev.connect("silent.test", port) end)
        lev.sleep(0.01)
        task[way](task)
        lev.await(task)
        check()
      end
    end))

  it("leaves nothing when its coroutine is closed by somebody else",
    net.inside(function()
      local thread
      local task = lev.spawn(function()
        thread = coroutine.running()
        lev.connect("silent.test", 80)
      end)
      lev.sleep(0.01)
      coroutine.close(thread)
      collectgarbage()
      collectgarbage()
      task:abort()
      lev.await(task)
      assert.equal(0, lev.stats().registered_fds)
    end))

  it("says in a dump what is waited for", net.inside(function()
    local connecting = lev.spawn(function() lev.connect("silent.test", 80) end)
    local resolving = lev.spawn(function() lev.resolve("silent.test") end)
    lev.sleep(0.01)
    local waits = {}
    for _, entry in ipairs(lev.task_dump()) do waits[entry.id] = entry.wait end
    local function words(task)
      local wait = waits[task.id]
      task:abort()
      return { wait.verb, wait.on }
    end
    assert.same({ "lev.connect", 'a connection to "silent.test"' },
      words(connecting))
    assert.same({ "lev.resolve", 'the addresses of "silent.test"' },
      words(resolving))
  end))

  it("does not outlive the run", function()
    local before = net.count_fds()
    lev.run(function()
      lev.spawn(function() lev.connect("silent.test", 80) end)
      lev.sleep(0.01)
      lev.stop()
    end)
    assert.equal(before, net.count_fds())
  end)

  it("says that virtual time has no names", function()
    lev.run(function()
      assert.same({ nil, "names cannot be resolved in virtual time", n = 2 },
        table.pack(lev.connect("v4.test", 80)))
    end, { poller = "fake" })
  end)
end)
