// Memory that runs out in tasks, runs and sockets.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, LoadingTheModule) {
  Try("loading", "", R"(require "lev")");
}

TEST_F(OutOfMemory, TasksWithResults) {
  Try("results", kRequire, R"(
    local n, a, b, c, d = lev.run(function()
      local one = lev.spawn(function() return 1 end, {name = "one"})
      local many = lev.spawn(function()
        lev.sleep(0.0001)
        return 1, nil, "three", {4}
      end)
      lev.yield()
      return lev.await(one), lev.await(many)
    end)
    assert(n == 1 and a == 1 and b == nil and c == "three" and d[1] == 4)
  )");
}

TEST_F(OutOfMemory, TasksThatFail) {
  Try("failures", kRequire, R"(
    assert(lev.run(function()
      local failed = lev.spawn(function() lev.yield() error({code = 7}) end)
      local value, err, trace = lev.await(failed)
      assert(value == nil and err.code == 7 and trace)
      lev.spawn(function() error("nobody hears") end)
      lev.spawn(function() error("logged") end, {detached = true})
      return true
    end))
  )");
}

TEST_F(OutOfMemory, AStepwiseRun) {
  Try("stepping", kRequire, R"(
    local run <close> = assert(lev.start(function()
      local task = lev.spawn(function() lev.yield() return {4} end)
      return lev.await(task)[1]
    end))
    while run:step() do end
    assert(run:results() == 4)
    local stuck <close> = assert(lev.start(function() lev.event():wait() end))
    while stuck:step(math.huge) do end
    assert(stuck:results() == nil)
  )");
}

TEST_F(OutOfMemory, ManySuspendedTasks) {
  Try("many", kRequire, R"(
    assert(lev.run(function()
      local tasks = {}
      for i = 1, 30 do
        tasks[i] = lev.spawn(function(...) lev.sleep(0.0001) return i, i end)
      end
      for i = 1, 30 do assert(lev.await(tasks[i]) == i) end
      return lev.stats().task_count
    end))
  )");
}

TEST_F(OutOfMemory, RaceAndAll) {
  Try("race and all", kRequire, R"(
    assert(lev.run(function()
      assert(lev.race {
        function() lev.sleep(0.0001) return "first" end,
        function(token) return lev.sleep(0.02, token) end,
        function() lev.sleep(0.02) end,
      } == "first")
      local all = assert(lev.all {
        function() return 1, 2 end,
        function() lev.yield() return 3 end,
      })
      assert(all[1][2] == 2 and all[2][1] == 3)
      local _, err = lev.all {
        function() error("x", 0) end,
        function() lev.sleep(0.02) end,
      }
      return err == "x"
    end))
  )");
}

TEST_F(OutOfMemory, Scopes) {
  Try("scopes", kRequire, R"(
    assert(lev.run(function()
      lev.locals().x = 1
      local log = {}
      assert(lev.scope({name = "s", timeout = 5}, function(scope)
        scope:defer(function() lev.yield() log[#log + 1] = "d" end)
        scope:spawn(function() lev.sleep(0.0001) log[#log + 1] = "c" end)
        return lev.shield(function() lev.yield() return lev.locals().x end)
      end) == 1)
      assert(table.concat(log) == "cd")
      local _, err = lev.scope(function(scope)
        scope:spawn(function() error("x", 0) end)
        lev.sleep(0.02)
      end)
      assert(err == "x")
      assert(not pcall(lev.scope, function() error("y") end))
      return lev.with_timeout(5, function(scope)
        scope:spawn(lev.yield)
        return scope:token()
      end)
    end))
  )");
}

TEST_F(OutOfMemory, OwnAndDefer) {
  Try("own and defer", kRequire, R"(
    assert(lev.run(function()
      local log = {}
      lev.await(lev.spawn(function()
        lev.own({close = function() lev.sleep(0) log[#log + 1] = "owned" end})
        lev.defer(function() log[#log + 1] = "deferred" end)
        lev.defer(function() error("in a cleanup") end)
        lev.disown(lev.own({close = function() log[#log + 1] = "no" end}))
      end))
      assert(table.concat(log, " ") == "deferred owned")
      local aborted = lev.spawn(function()
        lev.defer(function() log[#log + 1] = "aborted" end)
        lev.sleep(0.02)
      end)
      lev.yield()
      aborted:abort()
      return log[3] == "aborted"
    end))
  )");
}

TEST_F(OutOfMemory, Cancelling) {
  Try("cancelling", kRequire, R"(
    assert(lev.run(function()
      local token = lev.cancel_token()
      local child = token:child()
      local sleeper = lev.spawn(function() return lev.sleep(0.02, child) end)
      local waiter = lev.spawn(function()
        pcall(lev.sleep, 0.02)
        lev.sleep(0.02)
      end)
      lev.yield()
      token:cancel({why = "reason"})
      waiter:cancel("reason")
      assert(child.cancelled and child.reason.why == "reason")
      assert(not pcall(child.check, child))
      assert(select(2, lev.await(sleeper)) == "cancelled")
      return select(2, lev.await(waiter)) == "cancelled"
    end))
  )");
}

TEST_F(OutOfMemory, Channels) {
  Try("channels", kRequire, R"(
    assert(lev.run(function()
      local channel, full = lev.channel(), lev.channel({capacity = 2})
      local sender = lev.spawn(function()
        for i = 1, 5 do channel:send({i}) end
        channel:close()
      end)
      local sum = 0
      for message in channel do sum = sum + message[1] end
      assert(full:try_send(nil) and full:send("x") and not full:try_send(1))
      assert(select(2, full:send("y", 0.0001)) == "timeout")
      assert(full:stats().size == 2 and lev.await(sender) == nil)
      local aborted = lev.spawn(function() channel:send({}) end)
      lev.yield()
      aborted:abort()
      return sum == 15
    end))
  )");
}

TEST_F(OutOfMemory, LocksAndMeetings) {
  Try("locks", kRequire, R"(
    assert(lev.run(function()
      local mutex, group = lev.mutex(), lev.waitgroup()
      local condition, lock = lev.condition(mutex), lev.rwlock()
      local semaphore, barrier = lev.semaphore(1), lev.barrier(2)
      local event, told = lev.event(), false
      for _ = 1, 2 do
        group:add()
        lev.spawn(function()
          mutex:with(function()
            while not told do condition:wait() end
          end)
          semaphore:acquire()
          lev.yield()
          semaphore:release()
          barrier:wait()
          lock:write_lock()
          lev.yield()
          lock:unlock()
          group:done()
        end)
      end
      lev.spawn(function() event:wait() end)
      lev.yield()
      mutex:with(function() told = true condition:notify_all() end)
      event:set()
      assert(group:wait(0.02))
      assert(select(2, lev.interval(60):wait(0)) == "timeout")
      return lev.interval(0.0001):wait() >= 1
    end))
  )");
}

TEST_F(OutOfMemory, EndingARun) {
  Try("ending", kRequire, R"(
    local _, stopped = lev.run(function()
      lev.spawn(function() lev.defer(function() end) lev.sleep(0.02) end)
      lev.yield()
      lev.stop()
      lev.sleep(0.02)
    end)
    assert(stopped == "stopped")
    local _, deadlock = lev.run(function()
      lev.await(lev.spawn(coroutine.yield, {name = "stuck"}))
    end)
    assert(deadlock:find("stuck"))
    assert(lev.run(function() return true end, {poller = "fake", seed = 3}))
  )");
}

TEST_F(OutOfMemory, LookingInside) {
  Try("looking inside", kRequire, R"(
    assert(lev.run(function()
      assert(lev.enable_dump_signal("json"))
      local task = lev.spawn(function() lev.sleep(0.02) end, {name = "a"})
      lev.yield()
      assert(#lev.task_tree() == 2)
      local dump = lev.task_dump()
      assert(dump[2].name == "a" and dump[2].wait.on == "a timer")
      task:abort()
      return lev.stats().active_coros == 1
    end, {slow = 60}))
  )");
}

TEST_F(OutOfMemory, Sockets) {
  Try("sockets", kRequire, R"(
    assert(lev.run(function()
      local listener <close> = assert(lev.listen("::1", 0, {backlog = 5}))
      local host, port = listener:getsockname()
      lev.spawn(function()
        local socket <close> = assert(listener:accept(0.02))
        local name = assert(socket:recv_until("\n", 0.02))
        local rest = assert(socket:recv_exactly(4, {timeout = 0.02}))
        assert(socket:send(rest .. name, {timeout = 0.02}))
      end)
      local socket <close> = assert(lev.connect(host, port, 0.02))
      assert(socket:setsockopt("keepalive", true))
      assert(socket:getpeername() == host and socket:getsockname())
      assert(socket:send("na") and lev.sleep(0) and socket:send("me\nrest"))
      assert(socket:shutdown("w"))
      assert(socket:recv_until("%a\n", 0.02) == "restname\n")
      local token = lev.cancel_token()
      return select(2, socket:recv(1, {cancel = token})) == "closed"
    end))
  )");
}

TEST_F(OutOfMemory, SocketsThatFail) {
  Try("failing sockets", kRequire, R"(
    assert(lev.run(function()
      local listener = assert(lev.listen("::ffff:127.0.0.1", 0))
      local host, port = listener:getsockname()
      assert(not lev.listen(host, port))
      assert(select(2, listener:accept(0)) == "timeout")
      local socket = assert(lev.connect(host, port, 0.02))
      local peer, from = assert(listener:accept(0.02))
      assert(from == "::ffff:127.0.0.1")
      assert(peer:send(("x"):rep(100)))
      assert(not socket:recv_until("not there", 0.02, 20))
      assert(not socket:recv_until("not %a+ there", 0.02, 20))
      assert(not socket:recv_exactly(1000, 0.001))
      peer:close()
      assert(not peer:send("x") and not peer:recv(1))
      assert(not peer:getpeername() and not peer:setsockopt("nodelay", 1))
      assert(not peer:shutdown())
      listener:close()
      assert(not listener:accept() and not listener:getsockname())
      assert(not lev.connect(host, port, 0.02))
      return not lev.connect("not an address", 1)
    end))
  )");
}

TEST_F(OutOfMemory, Datagrams) {
  Try("datagrams", kRequire, R"(
    assert(lev.run(function()
      local server <close> = assert(lev.udp())
      assert(server:setsockopt("reuseaddr", true))
      assert(server:bind("::1", 0))
      local host, port = server:getsockname()
      local client <close> = assert(lev.udp())
      assert(client:sendto_many({{"a", host, port}, {"b", host, port}}, 1) == 2)
      local all = assert(server:recvfrom_many(5, 100, 1))
      assert(#all == 2 and server:sendto_many(all) == 2)
      assert(client:recv(10, 1) == "a")
      assert(select(4, client:recvfrom(0x1000, 1)) == nil)
      assert(not client:sendto("x", "not an address", 1))
      assert(not client:sendto_many{{"x", "not an address", 1}})
      assert(not client:join("::1", "lo") and not client:send("x"))
      local named <close> = assert(lev.unix_dgram("@lev-out-of-memory"))
      assert(not lev.unix_dgram("@lev-out-of-memory"))
      assert(lev.unix_dgram():sendto("x", "@lev-out-of-memory"))
      return named:recv(1, 1) == "x"
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
