-- What sockets in memory do beyond carrying bytes: groups, descriptors in
-- messages, waits of other libraries.

local lev = require "lev"
local test = require "lev.test"

local GROUP = "239.1.2.3"

-- A task on the host that joins the group and returns what it hears within ten
-- seconds, and when the first came.
local function member(host)
  return host:spawn(function()
    local socket <close> = assert(lev.udp())
    assert(socket:bind("0.0.0.0", 5000))
    assert(socket:join(GROUP))
    local heard, first = {}, nil
    while true do
      local data = socket:recv(100, 10)
      if not data then return table.concat(heard, " "), first end
      first = first or ("%.1f"):format(test.now())
      heard[#heard + 1] = data
    end
  end)
end

describe("a group in memory", function()
  it("is heard on all hosts, each by its own link", function()
    test.run(function(net)
      local near, far, cut = net:host("near"), net:host("far"), net:host("cut")
      net:link("main", far, { latency = 0.5 })
      net:partition("main", cut)
      local tasks = { member(near), member(far), member(cut) }
      test.settle()
      local sender <close> = assert(lev.udp())
      for i = 1, 3 do assert(sender:sendto("beat" .. i, GROUP, 5000)) end
      assert.same({ "beat1 beat2 beat3", "0.0" }, { lev.await(tasks[1]) })
      assert.same({ "beat1 beat2 beat3", "0.5" }, { lev.await(tasks[2]) })
      assert.equal("", (lev.await(tasks[3])))
    end)
  end)

  it("loses for each member what its link loses", function()
    test.run(function(net)
      local hosts = { net:host("a"), net:host("b") }
      net:links { loss = 0.5 }
      local tasks = { member(hosts[1]), member(hosts[2]) }
      test.settle()
      local sender <close> = assert(lev.udp())
      for i = 1, 50 do assert(sender:sendto(tostring(i), GROUP, 5000)) end
      local one, other = lev.await(tasks[1]), lev.await(tasks[2])
      assert.are_not_equal(one, other)
      assert.is_true(#one > 0 and #other > 0)
    end, { seed = 3 })
  end)

  it("may be that of all: a broadcast, if it is asked for", function()
    test.run(function(net)
      local task = net:host("a"):spawn(function()
        local socket <close> = assert(lev.udp())
        assert(socket:bind("0.0.0.0", 67))
        return socket:recvfrom(100, 10)
      end)
      test.settle()
      local sender <close> = assert(lev.udp())
      assert.same({ nil, "Permission denied" },
        { sender:sendto("who?", "255.255.255.255", 67) })
      assert(sender:setsockopt("broadcast", true))
      assert(sender:sendto("who?", "255.255.255.255", 67))
      local data, host = lev.await(task)
      assert.same({ "who?", "10.0.0.1" }, { data, host })
    end)
  end)

  it("has IPv6, too, where the hosts have", function()
    test.run(function(net)
      local listener = net:host("a", { "fd00::a" }):spawn(function()
        local socket <close> = assert(lev.udp("inet6"))
        assert(socket:bind("::", 5000))
        assert(socket:join("ff02::77", "eth0"))
        return (select(2, assert(socket:recvfrom(100, 10))))
      end)
      local sender = net:host("b", { "fd00::b" }):spawn(function()
        lev.sleep(1)
        local socket <close> = assert(lev.udp())
        return assert(socket:sendto("hello", "ff02::77", 5000))
      end)
      assert.equal(5, lev.await(sender))
      assert.equal("fd00::b", lev.await(listener))
    end)
  end)
end)

describe("TLS in memory", function()
  it("resumes no session of an earlier run", function()
    local tls = require "tls_support"
    for _ = 1, 2 do
      test.run(function()
        local listener <close> = assert(lev.listen("127.0.0.1", 443))
        local server = lev.spawn(function()
          for _ = 1, 2 do
            local socket <close> = assert(listener:accept())
            assert(socket:starttls(tls.server()))
            socket:send("x")
            socket:recv(1)
          end
        end)
        local resumed = {}
        for i = 1, 2 do
          local socket <close> = assert(lev.connect("127.0.0.1", 443,
            { tls = tls.client() }))
          assert.equal("x", socket:recv(1))
          resumed[i] = socket:tls_info().resumed
        end
        assert.same({ false, true }, resumed)
        lev.await(server)
      end)
    end
  end)
end)

describe("descriptors in memory", function()
  -- A pair that passes descriptors.
  local function pair()
    local listener <close> = assert(lev.unix_listen("/run/x",
                                                    { pass_fds = true }))
    local client = assert(lev.unix_connect("/run/x", { pass_fds = true }))
    return lev.own(client), lev.own((assert(listener:accept())))
  end

  it("are closed with the message that nobody has received", function()
    test.run(function(net)
      local main = net:host("main")
      local a, b = pair()
      local before = main:open_fds()
      local udp = assert(lev.udp())
      assert(udp:bind("127.0.0.1", 53))
      assert(a:send_fds("x", { udp, udp }))
      udp:close()
      assert.equal(before + 2, main:open_fds())
      b:close()
      assert.equal(before - 1, main:open_fds())
      local again <close> = assert(lev.udp())
      assert.is_true(again:bind("127.0.0.1", 53))
    end)
  end)

  it("run out on arrival, which is told", function()
    test.run(function(net)
      local main = net:host("main")
      local a, b = pair()
      main:limit_fds(main:open_fds() + 2)
      assert(a:send_fds("x", { a, b }))
      main:limit_fds(main:open_fds() - 1)
      local data, objects, more = b:recv_fds(10)
      assert.same({ "x", 1, "truncated" }, { data, #objects, more })
      objects[1]:close()
    end)
  end)

  it("of the system travel, but cannot be waited for", function()
    test.run(function()
      local a, b = pair()
      local program <close> = assert(io.popen("sleep 0.1"))
      assert(a:send_fds("x", { program }))
      local _, objects = b:recv_fds(10)
      local pipe <close> = objects[1]
      for _, wait in ipairs { lev.wait_readable,
                              function() return pipe:recv(10) end } do
        local none, why = wait(pipe)
        assert.is_nil(none)
        assert.matches(
          "^cannot wait for descriptor %d+ of the system in virtual time$", why)
      end
      local ready <close> = assert(io.open("/dev/null"))
      assert.is_true(lev.wait_readable(ready))
    end)
  end)

  it("are known by their numbers, and adopted", function()
    test.run(function()
      local a, b = pair()
      assert.is_true(lev.wait_writable(a:fd()))
      local waiter = lev.spawn(function()
        return lev.wait_readable(b:fd(), 60)
      end)
      lev.sleep(50)
      a:send("x")
      assert.is_true(lev.await(waiter))
      assert.same({ nil, "timeout" }, { lev.wait_readable(a, 3600 - 100) })
      assert.same({ nil, "Bad file descriptor" },
        { lev.wait_readable(1 << 21) })
    end)
  end)
end)
