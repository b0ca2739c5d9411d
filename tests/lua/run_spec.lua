-- Tests lev/lua/lua_run.cc: lev.run and its results.

local lev = require "lev"
local support = require "support"
local run, inside = support.run, support.inside

describe("lev.run", function()
  it("returns nothing when the main function returns nothing", function()
    assert.equal(0, select("#", run(function() end)))
  end)

  it("keeps nils at the end of the results", function()
    assert.same({ "a", nil, nil, n = 3 }, table.pack(run(function()
      lev.sleep(1)
      return "a", nil, nil
    end)))
  end)

  it("returns two hundred results", function()
    local numbers = {}
    for i = 1, 200 do numbers[i] = i end
    assert.same(numbers, { run(function()
      lev.yield()
      return table.unpack(numbers)
    end) })
  end)

  it("returns nil and the error of the main function", function()
    local result, err = run(function() error("boom", 0) end)
    assert.is_nil(result)
    assert.equal("boom", err)
  end)

  it("keeps the identity of errors of any type", function()
    for _, value in ipairs({ {}, print, io.stdout, 42, true, false }) do
      local result, err = run(function() error(value) end)
      assert.is_nil(result)
      assert.equal(value, err)
    end
  end)

  it("reports an error that is nil", function()
    local results = table.pack(run(function() error(nil) end))
    assert.is_nil(results[1])
    assert.is_nil(results[2])
    assert.equal(3, results.n)
  end)

  it("returns the traceback of the failing function", function()
    local function deep() error("boom") end
    local _, _, traceback = run(function()
      lev.sleep(1)
      deep()
      return 1
    end)
    assert.matches("^stack traceback:\n", traceback)
    assert.matches("in upvalue 'deep'", traceback)
  end)

  it("says in the traceback where the task was spawned", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, _, traceback = lev.run(function() error("boom") end)
    assert.matches('task #1 "main", spawned at [^\n]*run_spec.lua:' .. line,
                   traceback)
  end)

  it("names the file and line of an error in its message", function()
    local _, err = run(function() error("boom") end)
    assert.matches("run_spec.lua:%d+: boom$", err)
  end)

  it("can be called again after a failure", function()
    run(function() error("boom") end)
    assert.equal(7, run(function() return 7 end))
  end)

  it("can be called again after a deadlock", function()
    assert.matches("deadlock", select(2, run(coroutine.yield)))
    assert.equal(7, run(function() lev.sleep(1) return 7 end))
  end)

  it("may run inside a coroutine", function()
    local inner = coroutine.wrap(function()
      coroutine.yield("before")
      local result = run(function() lev.sleep(1) return "result" end)
      coroutine.yield(result)
      return "after"
    end)
    assert.equal("before", inner())
    assert.equal("result", inner())
    assert.equal("after", inner())
  end)

  it("waits for detached tasks", function()
    local ended = false
    run(function()
      lev.spawn(function() lev.sleep(100) ended = true end,
                { detached = true })
    end)
    assert.is_true(ended)
  end)

  it("waits for tasks that nobody awaits", function()
    local ended = 0
    run(function()
      lev.spawn(function()
        lev.sleep(1)
        lev.spawn(function() lev.sleep(1) ended = ended + 1 end)
        ended = ended + 1
      end)
    end)
    assert.equal(2, ended)
  end)

  it("waits for the others after the main function failed", function()
    local ended = false
    local _, err = run(function()
      lev.spawn(function() lev.sleep(5) ended = true end)
      error("boom", 0)
    end)
    assert.equal("boom", err)
    assert.is_true(ended)
  end)

  it("keeps its real time when told nothing else", function()
    local before = lev.now()
    lev.run(function() lev.sleep(0.02) end)
    assert.is_true(lev.now() - before >= 0.02)
  end)

  it("starts the virtual clock at zero", function()
    run(function()
      assert.equal(0, lev.now())
      lev.sleep(3600)
      assert.equal(3600, lev.now())
    end)
  end)

  it("refuses anything but a function", function()
    assert.error_matches(function() lev.run(42) end, "function expected")
  end)

  it("counts a loop of a hundred thousand protected calls", function()
    assert.equal(100000, run(function()
      local count = 0
      for _ = 1, 100000 do
        if not pcall(error, "boom") then count = count + 1 end
        if count % 1000 == 0 then lev.yield() end
      end
      return count
    end))
  end)

  it("survives an overflow of the Lua stack", function()
    local function endless() return 1 + endless() end
    local result, err, traceback = run(endless)
    assert.is_nil(result)
    assert.matches("stack overflow", err)
    assert.matches("spawned at", traceback)
  end)
end)

describe("a nested lev.run", function()
  local message = "lev.run: nested calls are not allowed"

  local function refused()
    local ok, err = pcall(lev.run, function() error("must not run") end)
    assert.is_false(ok)
    assert.matches(message, err, 1, true)
  end

  it("raises in the main task", inside(refused))

  it("raises in a spawned task", inside(function()
    lev.await(lev.spawn(refused))
  end))

  it("raises in a coroutine inside a task", inside(function()
    coroutine.wrap(refused)()
  end))

  it("raises in a branch of a race", inside(function()
    local _, err = lev.race({ refused })
    assert.is_nil(err)
  end))

  it("raises in a cleanup", inside(function()
    local raised
    lev.await(lev.spawn(function()
      lev.defer(function() raised = not pcall(lev.run, print) end)
    end))
    assert.is_true(raised)
  end))

  it("raises in a callback from C", inside(function()
    string.gsub("x", "x", function() refused() end)
  end))

  it("raises in a logger", function()
    local raised
    lev.set_logger(function() raised = not pcall(lev.run, print) end)
    run(function() lev.spawn(error, { detached = true }) end)
    lev.set_logger(nil)
    assert.is_true(raised)
  end)

  it("does not disturb the run around it", function()
    assert.equal("fine", run(function()
      pcall(lev.run, print)
      lev.sleep(1)
      return "fine"
    end))
  end)
end)

describe("outside lev.run", function()
  it("blocking calls say that they need a run", function()
    for name, call in pairs({
      ["lev.sleep"] = function() lev.sleep(1) end,
      ["lev.yield"] = function() lev.yield() end,
      ["lev.race"] = function() lev.race({ print }) end,
      ["lev.all"] = function() lev.all({ print }) end,
      ["lev.spawn"] = function() lev.spawn(print) end,
      ["lev.stop"] = function() lev.stop() end,
    }) do
      assert.error_matches(call, name .. ": must be called within lev.run", 1,
                           true)
    end
  end)

  it("now tells the time", function()
    assert.is_true(lev.now() > 0)
  end)

  it("stats and task_name are nil", function()
    assert.is_nil(lev.stats())
    assert.is_nil(lev.task_name())
  end)
end)
