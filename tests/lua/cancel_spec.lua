-- Tests lev/lua/lua_task.cc: the cancellation of tasks.

local lev = require "lev"
local support = require "support"
local inside = support.inside

-- Spawns a task that waits in `wait`, and cancels it a second later. Returns
-- how it ended, and when.
local function cancelled_in(wait, reason)
  local task = lev.spawn(wait)
  lev.sleep(1)
  task:cancel(reason)
  local results = table.pack(lev.await(task))
  return results, lev.now()
end

describe("task:cancel", function()
  it("makes await return nil, 'cancelled' and the reason", inside(function()
    for _, reason in ipairs({ "why", 42, true, false, {}, print }) do
      local results = cancelled_in(function() lev.sleep(9) end, reason)
      assert.equal(3, results.n)
      assert.is_nil(results[1])
      assert.equal("cancelled", results[2])
      assert.equal(reason, results[3])
    end
  end))

  it("does without a reason", inside(function()
    local results = cancelled_in(function() lev.sleep(9) end)
    assert.is_nil(results[1])
    assert.equal("cancelled", results[2])
    assert.is_nil(results[3])
  end))

  it("returns at once, and nothing", inside(function()
    local task = lev.spawn(function() lev.sleep(9) end)
    lev.yield()
    assert.equal(0, select("#", task:cancel()))
    assert.equal("pending", task.status)
    lev.await(task)
    assert.equal("cancelled", task.status)
  end))

  for name, wait in pairs({
    sleep = function() lev.sleep(9) end,
    ["sleep for ever"] = function() lev.sleep(math.huge) end,
    ["sleep with a token"] = function() lev.sleep(9, lev.cancel_token()) end,
    await = function()
      local other = lev.spawn(function() lev.sleep(5) end)
      lev.await(other)
    end,
    ["await with a timeout"] = function()
      local other = lev.spawn(function() lev.sleep(5) end)
      lev.await(other, 5)
    end,
    ["a raw yield"] = function() coroutine.yield() end,
    race = function() lev.race({ function() lev.sleep(9) end }) end,
    all = function() lev.all({ function() lev.sleep(9) end }) end,
    ["a loop of yields"] = function()
      while lev.now() < 1 do lev.sleep(0.5) end
      while true do lev.yield() end
    end,
    ["a nested call"] = function()
      local function deep(n)
        if n == 0 then return lev.sleep(9) end
        return (deep(n - 1))
      end
      deep(50)
    end,
    ["an iterator"] = function() for _ in lev.sleep, 9 do lev.sleep(9) end end,
  }) do
    it("ends a task in " .. name, inside(function()
      local results, now = cancelled_in(wait, "why")
      assert.same({ nil, "cancelled", "why", n = 3 }, results)
      assert.equal(1, now)
    end))
  end

  it("raises an object that reads well", inside(function()
    local caught = {}
    for i, reason in ipairs({ "why", 42, false }) do
      cancelled_in(function()
        local _, err = pcall(lev.sleep, 9)
        caught[i] = tostring(err)
        assert.equal(reason, err.reason)
      end, reason)
    end
    cancelled_in(function()
      caught[4] = tostring(select(2, pcall(lev.sleep, 9)))
    end)
    assert.same({ "cancelled: why", "cancelled: 42", "cancelled: false",
                  "cancelled" }, caught)
  end))

  it("counts as handled when the task returns", inside(function()
    local results = cancelled_in(function()
      pcall(lev.sleep, 9)
      return "tidied up"
    end)
    assert.same({ "tidied up", n = 1 }, results)
  end))

  it("gives way to another error", inside(function()
    local results = cancelled_in(function()
      pcall(lev.sleep, 9)
      error("boom", 0)
    end)
    assert.equal("boom", results[2])
  end))

  it("counts when its error is raised again", inside(function()
    local results = cancelled_in(function()
      local _, err = pcall(lev.sleep, 9)
      error(err)
    end, "why")
    assert.same({ nil, "cancelled", "why", n = 3 }, results)
  end))

  it("raises at every later suspension point", inside(function()
    local raised = 0
    cancelled_in(function()
      local token = lev.cancel_token()
      local ended = lev.spawn(function() end)
      for _, call in ipairs({
        function() lev.sleep(9) end, function() lev.sleep(0) end,
        lev.yield, function() lev.await(ended) end,
        function() lev.race({ print }) end, function() lev.all({}) end,
        function() lev.sleep(9, token) end,
      }) do
        local ok, err = pcall(call)
        if not ok and tostring(err) == "cancelled: x" then
          raised = raised + 1
        end
      end
    end, "x")
    assert.equal(7, raised)
  end))

  it("is not lost in ten thousand protected calls, nor starves others",
     inside(function()
       local others = 0
       local task = lev.spawn(function()
         for _ = 1, 10000 do assert.is_false((pcall(lev.sleep, 9))) end
         lev.sleep(9)
       end)
       lev.yield()
       task:cancel("why")
       while not task:done() do
         others = others + 1
         lev.yield()
       end
       assert.equal("cancelled", task.status)
       assert.is_true(others >= 9999)
     end))

  it("does not reach a task that never waits", inside(function()
    local task
    task = lev.spawn(function() task:cancel() return "done" end)
    assert.equal("done", lev.await(task))
  end))

  it("of itself is raised at its next suspension point", inside(function()
    local after = false
    local task
    task = lev.spawn(function()
      task:cancel("enough")
      after = true
      lev.sleep(1)
    end)
    assert.same({ nil, "cancelled", "enough" }, { lev.await(task) })
    assert.is_true(after)
    assert.equal(0, lev.now())
  end))

  it("before a task began is raised at its first suspension point",
     inside(function()
       local began = false
       local task = lev.spawn(function() began = true lev.sleep(1) end)
       task:cancel("early")
       assert.same({ nil, "cancelled", "early" }, { lev.await(task) })
       assert.is_true(began)
     end))

  it("has no effect on a task that ended", inside(function()
    local task = lev.spawn(function() return "done" end)
    lev.await(task)
    task:cancel()
    task:cancel("again")
    assert.equal("done", task.status)
    assert.equal("done", lev.await(task))
  end))

  it("keeps its first reason", inside(function()
    local task = lev.spawn(function() lev.sleep(9) end)
    task:cancel("first")
    task:cancel("second")
    assert.equal("first", select(3, lev.await(task)))
  end))

  it("comes after a result of the same turn", inside(function()
    local result
    local source = lev.spawn(function() lev.sleep(1) return "result" end)
    lev.yield()
    local task = lev.spawn(function()
      result = lev.await(source)
      lev.yield()
    end)
    lev.await(source)
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    assert.equal("result", result)
  end))

  it("does not spread to tasks that the task spawned", inside(function()
    local child
    cancelled_in(function()
      child = lev.spawn(function() lev.sleep(5) return "independent" end)
      lev.sleep(9)
    end)
    assert.equal("independent", lev.await(child))
  end))

  it("leaves the awaited task alone", inside(function()
    local source = lev.spawn(function() lev.sleep(5) return "result" end)
    cancelled_in(function() lev.await(source) end)
    assert.equal("result", lev.await(source))
  end))

  it("leaves no timer behind", inside(function()
    cancelled_in(function() lev.sleep(1e6) end)
    assert.equal(0, lev.stats().timer_count)
    assert.equal(1, lev.stats().active_coros)
  end))

  it("runs the defers, which can suspend", inside(function()
    local seen
    local task = lev.spawn(function()
      lev.defer(function()
        seen = { lev.sleep(5), lev.await(lev.spawn(function() return 7 end)) }
      end)
      lev.sleep(99)
    end)
    lev.sleep(1)
    task:cancel("why")
    assert.same({ nil, "cancelled", "why" }, { lev.await(task) })
    assert.same({ true, 7 }, seen)
    assert.equal(6, lev.now())
  end))

  it("runs the defers of a raw yield, which can suspend", inside(function()
    local slept
    cancelled_in(function()
      lev.defer(function() slept = lev.sleep(5) end)
      coroutine.yield()
    end)
    assert.is_true(slept)
    assert.equal(6, lev.now())
  end))

  it("does not interrupt the defers", inside(function()
    local task = lev.spawn(function()
      lev.defer(function() lev.sleep(10) end)
      return "result"
    end)
    lev.sleep(1)
    task:cancel()
    assert.equal("result", lev.await(task))
    assert.equal(10, lev.now())
  end))

  it("closes to-be-closed variables", inside(function()
    local add, read = support.trace()
    cancelled_in(function()
      local _ <close> = setmetatable({}, { __close = function() add "c" end })
      lev.defer(function() add "d" end)
      lev.sleep(9)
    end)
    assert.equal("cd", read())
  end))
end)
