-- Tests lev/lua/lua_tasks.cc and lev/lua/lua_sites.cc: spawning, and
-- lev/lua/lua_failures.cc: failures that nobody awaits.

local lev = require "lev"
local support = require "support"
local run, inside, logged = support.run, support.inside, support.logged

local function fail(text)
  return function() error(text or "boom", 0) end
end

describe("lev.spawn", function()
  it("begins the task later, in the order of the calls", inside(function()
    local add, read = support.trace()
    for letter in ("abc"):gmatch(".") do
      lev.spawn(function() add(letter) end)
    end
    add("m")
    lev.yield()
    assert.equal("mabc", read())
  end))

  it("numbers tasks from the main task's 1", inside(function()
    local first, second = lev.spawn(print), lev.spawn(print)
    first:abort()
    second:abort()
    assert.same({ 2, 3 }, { first.id, second.id })
    assert.equal("integer", math.type(first.id))
  end))

  it("numbers from 1 again in the next run", function()
    for _ = 1, 2 do
      run(function() assert.equal(2, lev.spawn(function() end).id) end)
    end
  end)

  it("names the task", inside(function()
    local task = lev.spawn(function() return lev.task_name() end,
                           { name = "worker" })
    assert.equal("worker", task.name)
    assert.equal("worker", lev.await(task))
    assert.equal("worker", task.name)
  end))

  it("leaves a task without a name", inside(function()
    local task = lev.spawn(function() return lev.task_name() end)
    assert.is_nil(task.name)
    assert.is_nil(lev.await(task))
  end))

  it("works in a coroutine inside a task", inside(function()
    local task = coroutine.wrap(function()
      return lev.spawn(function() lev.sleep(1) return "result" end)
    end)()
    assert.equal("result", lev.await(task))
  end))

  it("works in a callback from C", inside(function()
    local task
    string.gsub("x", "x", function()
      task = lev.spawn(function() lev.sleep(1) return "result" end)
    end)
    assert.equal("result", lev.await(task))
  end))

  it("works in a cleanup", inside(function()
    local ended = false
    lev.await(lev.spawn(function()
      lev.defer(function()
        lev.await(lev.spawn(function() lev.sleep(1) ended = true end))
      end)
    end))
    assert.is_true(ended)
  end))

  it("begins a hundred thousand tasks", inside(function()
    local ended = 0
    for _ = 1, 100000 do
      lev.spawn(function() ended = ended + 1 end)
    end
    lev.sleep(1)
    assert.equal(100000, ended)
  end))

  it("suspends ten thousand tasks at once", inside(function()
    local tasks, sum = {}, 0
    for i = 1, 10000 do
      tasks[i] = lev.spawn(function() lev.sleep(i % 10) return i end)
    end
    for i = 1, #tasks do sum = sum + lev.await(tasks[i]) end
    assert.equal(10000 * 10001 // 2, sum)
  end))

  it("nests ten thousand deep", inside(function()
    local function descend(n)
      if n == 0 then return "bottom" end
      return lev.await(lev.spawn(function() return descend(n - 1) end))
    end
    assert.equal("bottom", descend(10000))
  end))

  it("refuses what is not a function", inside(function()
    assert.error_matches(function() lev.spawn({}) end, "function expected")
  end))

  it("refuses options it does not know", inside(function()
    assert.error_matches(function() lev.spawn(print, { nmae = "x" }) end,
                         "unknown option 'nmae'")
    assert.error_matches(function() lev.spawn(print, { name = 42 }) end,
                         "name: string expected, got number")
  end))
end)

describe("lev.task_name", function()
  it("calls the main task main", inside(function()
    assert.equal("main", lev.task_name())
  end))

  it("sets the name and returns it", inside(function()
    local task = lev.spawn(function()
      assert.equal("second", lev.task_name("second"))
      return lev.task_name()
    end, { name = "first" })
    assert.equal("second", lev.await(task))
    assert.equal("second", task.name)
  end))

  it("speaks of the task in a coroutine inside it", inside(function()
    assert.equal("main", coroutine.wrap(lev.task_name)())
  end))
end)

describe("the coroutines of tasks", function()
  -- The coroutines in which tasks ran that did `step`, each begun after the
  -- one before ended.
  local function coroutines(count, step)
    local seen, distinct = {}, 0
    for _ = 1, count do
      lev.await(lev.spawn(function()
        local thread = coroutine.running()
        if not seen[thread] then distinct = distinct + 1 end
        seen[thread] = true
        step()
      end))
    end
    return distinct
  end

  it("are used again by the next task", inside(function()
    assert.equal(1, coroutines(100, function() lev.sleep(1) end))
  end))

  it("are shared by the tasks that never suspend", inside(function()
    local seen, distinct = {}, 0
    for _ = 1, 100 do
      lev.spawn(function()
        local thread = coroutine.running()
        if not seen[thread] then distinct = distinct + 1 end
        seen[thread] = true
      end)
    end
    lev.yield()
    assert.equal(1, distinct)
  end))

  it("are used again after an error", inside(function()
    assert.equal(1, coroutines(100, function()
      lev.sleep(1)
      pcall(error)
      lev.spawn(function() end)
    end))
    local seen = {}
    for i = 1, 3 do
      local task = lev.spawn(function()
        seen[i] = coroutine.running()
        error("boom")
      end)
      lev.await(task)
    end
    assert.equal(seen[1], seen[2])
    assert.equal(seen[2], seen[3])
  end))

  it("are not the main coroutine, and can suspend", inside(function()
    local thread, main = coroutine.running()
    assert.is_false(main)
    assert.is_true(coroutine.isyieldable())
    assert.equal("running", coroutine.status(thread))
  end))

  it("carry nothing over from the task before", inside(function()
    lev.await(lev.spawn(function()
      lev.sleep(1)
      return table.unpack({}, 1, 100)
    end))
    local task = lev.spawn(function(...)
      lev.sleep(1)
      return select("#", ...), ...
    end)
    assert.same({ 0, n = 1 }, table.pack(lev.await(task)))
  end))
end)

describe("the failure of a task", function()
  it("is logged once, as it happens, if detached", function()
    local at = {}
    lev.set_logger(function(_, text) at[#at + 1] = lev.now() .. " " .. text end)
    run(function()
      lev.spawn(fail("broken"), { detached = true, name = "worker" })
      lev.sleep(7)
    end)
    lev.set_logger(nil)
    assert.equal(1, #at)
    assert.matches('^0.0 task #2 "worker" failed: broken\nstack traceback:',
                   at[1])
    assert.matches("spawned at .*spawn_spec.lua:%d+$", at[1])
  end)

  it("is logged at the end if nobody awaited it", function()
    local at = {}
    lev.set_logger(function(_, text) at[#at + 1] = lev.now() .. " " .. text end)
    run(function()
      lev.spawn(fail())
      lev.sleep(7)
    end)
    lev.set_logger(nil)
    assert.equal(1, #at)
    assert.matches("^7.0 task #2 failed: boom\n", at[1])
  end)

  it("is not logged if the task was awaited", inside(function()
    assert.is_nil((lev.await(lev.spawn(fail()))))
  end))

  it("is not logged if the task was awaited later", inside(function()
    local task = lev.spawn(fail())
    lev.sleep(1)
    assert.equal("boom", select(2, lev.await(task)))
  end))

  it("is not logged if the result was looked at", inside(function()
    local task = lev.spawn(fail())
    lev.sleep(1)
    assert.is_false((task:result()))
  end))

  it("is logged if the result was looked at too early", function()
    local messages = logged(function()
      run(function() lev.spawn(fail()):result() end)
    end)
    assert.equal(1, #messages)
  end)

  it("is logged although the handle was dropped", function()
    local messages = logged(function()
      run(function()
        lev.spawn(fail())
        lev.sleep(1)
        collectgarbage()
        collectgarbage()
      end)
    end)
    assert.equal(1, #messages)
  end)

  it("is logged once for each of two hundred tasks", function()
    local messages = logged(function()
      run(function()
        for i = 1, 200 do lev.spawn(fail("broken " .. i)) end
      end)
    end)
    assert.equal(200, #messages)
    for i = 1, 200 do
      assert.matches("failed: broken " .. i .. "\n", messages[i], 1, true)
    end
  end)

  it("is logged for a task that was detached later", function()
    local messages = logged(function()
      run(function()
        local task = lev.spawn(function() lev.sleep(1) error("late", 0) end)
        assert.equal(task, task:detach())
        lev.sleep(2)
        lev.await(task)
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("failed: late", messages[1])
  end)

  it("does not end the run", inside(function()
    local task = lev.spawn(fail())
    lev.sleep(1)
    assert.equal("failed", task.status)
    lev.await(task)
    assert.is_true(lev.sleep(1))
  end))

  it("is told in words when the error is a table", function()
    local messages = logged(function()
      run(function()
        lev.spawn(function()
          local told = { __tostring = function() return "words" end }
          error(setmetatable({}, told))
        end)
      end)
    end)
    assert.matches("^task #2 failed: words\n", messages[1])
  end)
end)
