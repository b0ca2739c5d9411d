-- lev.on_signal. Tests lev/lua/lua_signals.cc.

local lev = require "lev"
local net = require "net_support"
local support = require "support"

local inside = net.inside

local function raise(name)
  os.execute(("kill -%s %d"):format(name, net.pid()))
end

local function status(field)
  for line in io.lines("/proc/self/status") do
    local value = line:match("^" .. field .. ":%s*(%S+)")
    if value then return value end
  end
end

-- Waits until `condition` holds.
local function await(condition)
  for _ = 1, 1000 do
    if condition() then return end
    lev.sleep(0.005)
  end
  error("in vain", 2)
end

describe("A signal", function()
  it("calls its handler with its number, once for each that comes",
    inside(function()
      local came = {}
      assert.is_true(lev.on_signal(lev.SIGUSR1, function(...)
        came[#came + 1] = table.pack(...)
      end))
      raise("USR1")
      await(function() return #came == 1 end)
      raise("USR1")
      await(function() return #came == 2 end)
      assert.same({ lev.SIGUSR1, n = 1 }, came[1])
    end))

  it("calls all its handlers, in order, even the same one twice",
    inside(function()
      local trace = ""
      local function add(letter)
        local function handler() trace = trace .. letter end
        assert(lev.on_signal(lev.SIGUSR1, handler))
        return handler
      end
      add("a")
      local b = add("b")
      add("c")
      assert(lev.on_signal(lev.SIGUSR1, b))
      raise("USR1")
      await(function() return #trace == 4 end)
      assert.equal("abcb", trace)
    end))

  it("does not disturb others", inside(function()
    local one, two = 0, 0
    lev.on_signal(lev.SIGUSR1, function() one = one + 1 end)
    lev.on_signal(lev.SIGUSR2, function() two = two + 1 end)
    raise("USR2")
    await(function() return two == 1 end)
    assert.equal(0, one)
  end))

  it("that comes while a task sleeps does not wake it early",
    inside(function()
      local came = false
      lev.on_signal(lev.SIGUSR1, function() came = true end)
      lev.spawn(function() raise("USR1") end)
      local began = lev.now()
      assert.is_true(lev.sleep(0.1))
      assert.is_true(lev.now() - began >= 0.1)
      assert.is_true(came)
    end))

  it("may end the run", function()
    local result = table.pack(lev.run(function()
      lev.on_signal(lev.SIGTERM, function() lev.stop() end)
      lev.spawn(function() raise("TERM") end)
      lev.sleep(30)
    end))
    assert.same({ nil, "stopped", n = 2 }, result)
  end)

  it("whose disposition is to be ignored comes, too", inside(function()
    local came = 0
    lev.on_signal(lev.SIGWINCH, function() came = came + 1 end)
    lev.on_signal(lev.SIGCHLD, function() came = came + 1 end)
    raise("WINCH")
    await(function() return came >= 1 end)
  end))
end)

describe("A handler", function()
  it("is a task: it may suspend, spawn, and has a name", inside(function()
    local name, slept
    lev.on_signal(lev.SIGUSR1, function()
      name = lev.task_name()
      lev.sleep(0.01)
      lev.await(lev.spawn(function() slept = true end))
    end)
    raise("USR1")
    await(function() return slept end)
    assert.equal("signal 10", name)
  end))

  it("keeps the run going only while it works", function()
    local done
    lev.run(function()
      lev.on_signal(lev.SIGUSR1, function()
        lev.sleep(0.05)
        done = true
      end)
      local came
      lev.on_signal(lev.SIGUSR1, function() came = true end)
      raise("USR1")
      await(function() return came end)
    end)
    assert.is_true(done)
  end)

  it("that fails is logged, and the others run", function()
    local other
    local messages = support.logged(function()
      net.run(function()
        lev.on_signal(lev.SIGUSR1, function() error("oh dear") end)
        lev.on_signal(lev.SIGUSR1, function() other = true end)
        raise("USR1")
        await(function() return other end)
      end)
    end)
    assert.equal(1, #messages)
    assert.truthy(messages[1]:find("oh dear", 1, true))
    assert.truthy(messages[1]:find("signal 10", 1, true))
  end)

  it("and the dump of tasks both hear of a signal", function()
    for first = 1, 2 do
      local came
      local messages = support.logged(function()
        net.run(function()
          if first == 1 then assert(lev.enable_dump_signal()) end
          lev.on_signal(lev.SIGUSR1, function() came = true end)
          if first == 2 then assert(lev.enable_dump_signal()) end
          raise("USR1")
          lev.sleep(0.01)
          await(function() return came end)
        end)
      end)
      assert.equal(1, #messages)
      assert.truthy(messages[1]:find("LEV task dump", 1, true))
    end
  end)

  it("may be added by a handler", inside(function()
    local inner = 0
    lev.on_signal(lev.SIGUSR1, function()
      lev.on_signal(lev.SIGUSR2, function() inner = inner + 1 end)
      raise("USR2")
    end)
    raise("USR1")
    await(function() return inner == 1 end)
  end))

  it("may be added by a finalizer that the start of another sets off",
    inside(function()
      local called, added = 0, 0
      local function handler() called = called + 1 end
      for _ = 1, 3 do lev.on_signal(lev.SIGUSR1, handler) end
      collectgarbage("stop")
      setmetatable({}, { __gc = function()
        for _ = 1, 100 do lev.on_signal(lev.SIGUSR2, handler) end
        added = called + 1
      end })
      raise("USR1")
      -- The next allocation, which is the first handler's, collects it all.
      collectgarbage("incremental", 0, 1000, 63)
      collectgarbage("restart")
      lev.sleep(0.02)
      collectgarbage("incremental", 200, 100, 13)
      await(function() return called == 3 end)
      assert.equal(1, added)
    end))

  it("alone does not keep the run, and is no deadlock", function()
    assert.equal("done", lev.run(function()
      lev.on_signal(lev.SIGTERM, function() end)
      return "done"
    end))
    net.run(function()
      local woken = lev.cancel_token()
      lev.on_signal(lev.SIGUSR1, function() woken:cancel() end)
      local waiting = lev.spawn(function() coroutine.yield() end)
      os.execute(("(sleep 0.05; kill -USR1 %d) &"):format(net.pid()))
      assert.same({ nil, "cancelled" }, { lev.await(waiting,
        { cancel = woken }) })
      waiting:abort()
    end)
  end)

  it("can be taken back", inside(function()
    local mask = status("SigBlk")
    local came = 0
    lev.on_signal(lev.SIGURG, function() came = came + 1 end)
    assert.is_true(lev.on_signal(lev.SIGURG, nil))
    assert.is_true(lev.on_signal(lev.SIGURG, nil))
    assert.equal(mask, status("SigBlk"))
    raise("URG")
    lev.sleep(0.05)
    assert.equal(0, came)
    lev.on_signal(lev.SIGURG, function() came = came + 10 end)
    raise("URG")
    await(function() return came == 10 end)
  end))
end)

describe("A run's end", function()
  it("gives mask and dispositions back, and a second run works", function()
    local function all()
      return { status("SigBlk"), status("SigIgn"), status("SigCgt"),
        net.count_fds() }
    end
    local before = all()
    for _ = 1, 2 do
      local came = 0
      net.run(function()
        for _, signal in ipairs { lev.SIGTERM, lev.SIGINT, lev.SIGUSR1 } do
          lev.on_signal(signal, function() came = came + 1 end)
        end
        assert.not_equal(before[1], status("SigBlk"))
        raise("INT")
        await(function() return came == 1 end)
      end)
      assert.same(before, all())
    end
  end)

  it("drops what has come and was not handled", function()
    lev.run(function()
      lev.on_signal(lev.SIGTERM, function() error("too late") end)
      lev.stop()
      raise("TERM")
    end)
  end)

  it("is the end of its handlers", function()
    local came = false
    lev.run(function()
      lev.on_signal(lev.SIGUSR1, function() came = true end)
    end)
    net.run(function()
      local second
      lev.on_signal(lev.SIGUSR1, function() second = true end)
      raise("USR1")
      await(function() return second end)
    end)
    assert.is_false(came)
  end)

  it("leaves a signal that kills deadly", function()
    local _, code = support.program([[
      lev.run(function() lev.on_signal(lev.SIGTERM, function() end) end)
      os.execute("kill -TERM " .. io.open("/proc/self/stat"):read("n"))
    ]])
    assert.equal(128 + lev.SIGTERM, code)
  end)
end)

describe("lev.on_signal", function()
  it("says what cannot be taken", inside(function()
    for _, signal in ipairs { lev.SIGKILL, lev.SIGSTOP, 32 } do
      assert.same({ nil, "Invalid argument" },
        { lev.on_signal(signal, function() end) })
    end
  end))

  it("rejects misuse", inside(function()
    assert.has_error(function() lev.on_signal(0, print) end)
    assert.has_error(function() lev.on_signal(65, print) end)
    assert.has_error(function() lev.on_signal("TERM", print) end)
    assert.has_error(function() lev.on_signal(lev.SIGTERM) end)
    assert.has_error(function() lev.on_signal(lev.SIGTERM, 1) end)
  end))

  it("must be called within a run", function()
    assert.has_error(function() lev.on_signal(lev.SIGTERM, print) end,
      "lev.on_signal: must be called within lev.run")
  end)

  it("knows the signals by name", function()
    local numbers = { HUP = 1, INT = 2, QUIT = 3, ABRT = 6, KILL = 9,
      USR1 = 10, SEGV = 11, USR2 = 12, PIPE = 13, ALRM = 14, TERM = 15,
      CHLD = 17, CONT = 18, STOP = 19, TSTP = 20, TTIN = 21, TTOU = 22,
      URG = 23, XCPU = 24, XFSZ = 25, VTALRM = 26, WINCH = 28 }
    for name, number in pairs(numbers) do
      assert.equal(number, lev["SIG" .. name], name)
    end
  end)
end)
