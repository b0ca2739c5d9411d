-- lev.test: what a program leaves behind is found, and named.

local lev = require "lev"
local test = require "lev.test"

-- What lev.test.run raises for this function.
local function failure(fn, options)
  local ok, message = pcall(test.run, fn, options)
  assert.is_false(ok)
  return message
end

local LEFT = "^seed 0 .*: left at the end:\n  "

-- This line of this file, less some.
local function line(back)
  return "test_leaks_spec.lua:" .. debug.getinfo(2, "l").currentline - back
end

describe("at the end of a test", function()
  it("tasks are named, when lev.stop has left them", function()
    local message = failure(function()
      lev.spawn(function() lev.sleep(100) end, { name = "worker" })
      lev.spawn(function()
        lev.sleep(1)
        lev.stop()
      end)
    end)
    assert.matches(LEFT .. 'task #2 "worker", which waits for a timer in 99 s$',
                   message)
  end)

  it("descriptors are named: host, kind, names, and where they are from",
     function()
    local message = failure(function(net)
      net:host("server"):spawn(function()
        _G.forgotten = assert(lev.listen("0.0.0.0", 80))
        assert(_G.forgotten:accept()):close()
      end)
      test.settle()
      _G.client = assert(lev.connect("server", 80))
    end)
    _G.forgotten, _G.client = nil, nil
    assert.matches("\n  fd %d+ on server: tcp 0.0.0.0:80, listening, made at "
      .. "[^\n]*" .. line(8):gsub("%p", "%%%0") .. "\n", message)
    assert.matches("\n  fd %d+ on main: tcp 10.0.0.1:49152 %-> 10.0.0.2:80, "
      .. "made at [^\n]*" .. line(6):gsub("%p", "%%%0") .. "$", message)
  end)

  it("descriptors count that were collected before it", function()
    local message = failure(function()
      lev.udp():bind("0.0.0.0", 53)
      collectgarbage()
      collectgarbage()
    end)
    assert.matches(LEFT .. "a lev.udp %(fd .*:53%) made at .*%d+ was collected "
      .. "without close$", message)
  end)

  it("descriptors of a host that has crashed do not count", function()
    test.run(function(net)
      net:host("a"):spawn(function()
        _G.left = assert(lev.listen("0.0.0.0", 80))
        assert(lev.listen("0.0.0.0", 81))
        lev.sleep(10)
      end)
      lev.sleep(1)
      net:host("a"):crash()
      collectgarbage()
    end)
    _G.left = nil
  end)

  it("timers count that nobody waits for", function()
    local message = failure(function(net)
      net:host("main"):limit_fds(1)
      local listener = assert(lev.listen("0.0.0.0", 80))
      local server = lev.spawn(function() return listener:accept(1) end)
      net:host("a"):spawn(function()
        assert(lev.connect("main", 80)):close()
      end)
      lev.await(server)
      _G.forgotten = listener
    end)
    _G.forgotten = nil
    assert.matches("what waits for a timer in", message)
  end)

  it("permits are told, and who has taken them", function()
    local semaphore = lev.semaphore(3)
    local message = failure(function()
      semaphore:acquire(2)
    end)
    assert.matches(LEFT .. '2 of 3 permits of a semaphore not released, last '
      .. 'taken by task #1 "main"$', message)
    test.run(function() semaphore:release(2) end)
  end)

  it("permits that were held before are not the test's", function()
    local semaphore = lev.semaphore(3)
    failure(function() semaphore:acquire() end)
    test.run(function()
      semaphore:acquire()
      semaphore:release()
    end)
    assert.matches("2 of 3 permits",
                   failure(function() assert(semaphore:try_acquire()) end))
  end)

  it("permits count although their semaphore was collected", function()
    local message = failure(function()
      lev.semaphore(1):acquire()
      collectgarbage()
      collectgarbage()
    end)
    assert.matches(LEFT .. 'a lock not released, last taken by task #1',
                   message)
  end)

  it("locks are told of tasks that ended with them", function()
    local message = failure(function()
      local mutex, rwlock = lev.mutex(), lev.rwlock()
      lev.spawn(function()
        mutex:lock()
        rwlock:read_lock()
      end, { name = "careless" })
    end)
    assert.matches('task #2 "careless" ended with 2 locks, now released',
                   message)
  end)

  it("what the tasks of a crashed host have taken does not count", function()
    test.run(function(net)
      net:host("a"):spawn(function()
        lev.mutex():lock()
        lev.semaphore(3):acquire(2)
        lev.sleep(10)
      end)
      lev.sleep(1)
      net:host("a"):crash()
      collectgarbage()
    end)
  end)

  it("failures are told that nobody awaited", function()
    local message = failure(function()
      lev.spawn(function() error("unheard") end, { name = "server" })
    end)
    assert.matches(LEFT .. 'task #2 "server" failed, and nobody awaited it: '
      .. '[^\n]*unheard\n', message)
    assert.matches("stack traceback", message)
  end)

  it("failures beside one that a scope has told of do not count", function()
    local function fail_after_a_second()
      lev.sleep(1)
      error("broken", 0)
    end
    test.run(function()
      local _, err = lev.scope(function(scope)
        for _ = 1, 3 do scope:spawn(fail_after_a_second) end
      end)
      assert.equal("broken", err)
      _, err = lev.race { fail_after_a_second, fail_after_a_second }
      assert.equal("broken", err)
    end)
  end)

  it("they are told although the program has a logger of its own", function()
    local logged
    local message = failure(function()
      lev.set_logger(function(_, text) logged = text end)
      lev.spawn(function() error("unheard") end)
    end)
    assert.matches(LEFT .. "task #2 failed, and nobody awaited it", message)
    assert.matches("task #2 failed: ", logged)
  end)

  it("failures that the program has logged itself do not count", function()
    local logged
    test.run(function()
      lev.set_logger(function(_, text) logged = text end)
      lev.spawn(function() error("told") end, { detached = true })
    end)
    assert.matches("told", logged)
  end)
end)

describe("a hang", function()
  it("tells on which host each task is", function()
    local message = failure(function(net)
      for _, name in ipairs { "a", "b", "c" } do
        net:host(name):spawn(function()
          local socket <close> = assert(lev.udp())
          assert(socket:bind("0.0.0.0", 53))
          socket:recvfrom(100)
        end, { name = "server " .. name })
      end
    end)
    assert.matches('task #3 "server b"[^\n]*\n    on host b\n    waits for '
      .. '[^\n]* in socket:recvfrom on lev.udp: fd %d+, 0.0.0.0:53', message)
    assert.matches("spawned at tests/lua/test_leaks_spec.lua", message)
  end)

  it("tells of the failures that came before it", function()
    local message = failure(function()
      local channel = lev.channel()
      lev.spawn(function()
        error("broken")
        channel:send(1)
      end, { name = "server" })
      channel:recv()
    end)
    assert.matches("^seed 0 .*: deadlock: .*end dump ===\n"
      .. 'task #2 "server" failed: .*broken', message)
  end)
end)
