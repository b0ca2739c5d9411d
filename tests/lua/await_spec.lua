-- Tests lev/lua/lua_tasks.cc and lev/lua/lua_task_outcome.cc: outcomes.

local lev = require "lev"
local support = require "support"
local inside = support.inside

local function sleeper(seconds, ...)
  local results = table.pack(...)
  return lev.spawn(function()
    lev.sleep(seconds)
    return table.unpack(results, 1, results.n)
  end)
end

describe("lev.await", function()
  it("returns the results, with their nils", inside(function()
    assert.same({ nil, 2, nil, n = 3 },
                table.pack(lev.await(sleeper(1, nil, 2, nil))))
    assert.same({ n = 0 }, table.pack(lev.await(sleeper(1))))
    assert.same({ nil, n = 1 }, table.pack(lev.await(sleeper(1, nil))))
  end))

  it("returns two hundred results", inside(function()
    local numbers = {}
    for i = 1, 200 do numbers[i] = i end
    assert.same(numbers, { lev.await(sleeper(1, table.unpack(numbers))) })
  end))

  it("returns at once if the task has ended", inside(function()
    local task = sleeper(1, "result")
    lev.sleep(2)
    local other = false
    lev.spawn(function() other = true end)
    assert.equal("result", lev.await(task))
    assert.is_false(other)
    lev.yield()
  end))

  it("gives the same results every time", inside(function()
    local task = sleeper(1, "a", nil)
    for _ = 1, 3 do
      assert.same({ "a", nil, n = 2 }, table.pack(lev.await(task)))
    end
  end))

  it("returns nil, the error and the traceback", inside(function()
    local results = table.pack(lev.await(lev.spawn(function()
      lev.sleep(1)
      error("boom", 0)
    end)))
    assert.equal(3, results.n)
    assert.is_nil(results[1])
    assert.equal("boom", results[2])
    assert.matches("^stack traceback:.*task #2, spawned at", results[3])
  end))

  it("keeps the identity of an error that is no string", inside(function()
    for _, value in ipairs({ {}, print, 42, true, false }) do
      local _, err = lev.await(lev.spawn(function() error(value) end))
      assert.equal(value, err)
    end
  end))

  it("tells all who wait, in the order in which they came", inside(function()
    local add, read = support.trace()
    local task = sleeper(5, "result")
    for letter in ("abcdef"):gmatch(".") do
      lev.spawn(function()
        assert.equal("result", lev.await(task))
        add(letter)
      end)
    end
    lev.await(task)
    lev.sleep(1)
    assert.equal("abcdef", read())
  end))

  it("tells a thousand who wait", inside(function()
    local task, told = sleeper(1), 0
    for _ = 1, 1000 do
      lev.spawn(function() lev.await(task) told = told + 1 end)
    end
    lev.sleep(2)
    assert.equal(1000, told)
  end))

  it("is also a method, called await or join", inside(function()
    assert.equal("a", sleeper(1, "a"):await())
    assert.equal("b", sleeper(1, "b"):join())
  end))

  it("gives up after a timeout, and the task goes on", inside(function()
    local task = sleeper(10, "result")
    assert.same({ nil, "timeout", n = 2 }, table.pack(lev.await(task, 3)))
    assert.equal(3, lev.now())
    assert.same({ nil, "timeout" }, { task:await({ timeout = 3 }) })
    assert.equal("pending", task.status)
    assert.equal("result", task:await(100))
    assert.equal(10, lev.now())
  end))

  it("with a timeout of 0 gives up after one turn", inside(function()
    local task = sleeper(1, "result")
    assert.same({ nil, "timeout" }, { lev.await(task, 0) })
    assert.equal(0, lev.now())
    lev.await(task)
    assert.equal("result", lev.await(task, 0))
  end))

  it("prefers a result to a timeout at the same time", inside(function()
    local task = sleeper(5, "result")
    lev.yield()
    assert.equal("result", lev.await(task, 5))
  end))

  it("leaves no timer behind", inside(function()
    lev.await(sleeper(1), 1000)
    assert.equal(0, lev.stats().timer_count)
  end))

  it("gives up when its token is cancelled", inside(function()
    local task, token = sleeper(10, "result"), lev.cancel_token()
    lev.spawn(function() lev.sleep(2) token:cancel() end)
    assert.same({ nil, "cancelled", n = 2 },
                table.pack(lev.await(task, { cancel = token })))
    assert.equal(2, lev.now())
    assert.equal("result", lev.await(task))
  end))

  it("gives up at once when its token was cancelled before", inside(function()
    local task, token = sleeper(1), lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled" }, { task:await({ cancel = token }) })
    lev.sleep(2)
    assert.same({ nil, "cancelled" }, { task:await({ cancel = token }) })
  end))

  it("accepts timeout and token together", inside(function()
    local task, token = sleeper(10), lev.cancel_token()
    local options = { timeout = 2, cancel = token }
    assert.same({ nil, "timeout" }, { task:await(options) })
    lev.spawn(function() lev.sleep(1) token:cancel() end)
    assert.same({ nil, "cancelled" }, { task:await(options) })
    assert.equal(3, lev.now())
  end))

  it("refuses that a task awaits itself", inside(function()
    local task
    task = lev.spawn(function() return lev.await(task) end)
    local _, err = lev.await(task)
    assert.matches("a task cannot await itself", err)
  end))

  it("refuses what is no task", inside(function()
    assert.error_matches(function() lev.await({}) end,
                         "lev.task expected, got table")
    assert.error_matches(function() lev.await(sleeper(0), "soon") end,
                         "timeout: number of seconds expected")
    assert.error_matches(function() lev.await(sleeper(0), { tmeout = 1 }) end,
                         "unknown option 'tmeout'")
  end))

  it("gives the outcome of a task of a run that ended", function()
    local task
    support.run(function() task = sleeper(1, "old") end)
    support.run(function() assert.equal("old", lev.await(task)) end)
  end)
end)

describe("a task handle", function()
  it("tells how often the task ran", inside(function()
    local task = lev.spawn(function()
      lev.yield()
      lev.defer(function() lev.sleep(1) end)
    end)
    local runs = { task.runs }
    for i = 1, 3 do
      lev.yield()
      runs[i + 1] = task.runs
    end
    lev.await(task)
    -- Begun, resumed; in its cleanup begun and resumed.
    assert.same({ 0, 1, 3, 3 }, runs)
    assert.equal(4, task.runs)
  end))

  it("tells the task's status", inside(function()
    local done = sleeper(1)
    local failed = lev.spawn(error)
    local cancelled, aborted = sleeper(9), sleeper(9)
    assert.equal("pending", done.status)
    cancelled:cancel()
    aborted:abort()
    lev.sleep(2)
    lev.await(failed)
    assert.same({ "done", "failed", "cancelled", "aborted" },
                { done.status, failed.status, cancelled.status,
                  aborted.status })
  end))

  it("says whether the task has ended", inside(function()
    local task = sleeper(1)
    assert.is_false(task:done())
    assert.is_false(task:is_finished())
    lev.await(task)
    assert.is_true(task:done())
    assert.is_true(task:is_finished())
  end))

  it("gives the result without waiting", inside(function()
    local task = sleeper(1, nil, "b", nil)
    assert.same({ nil, "pending" }, { task:result() })
    lev.await(task)
    assert.same({ true, nil, "b", nil, n = 4 }, table.pack(task:result()))
  end))

  it("tells nil as a result from an error that is nil", inside(function()
    local good, bad = sleeper(0, nil), lev.spawn(function() error() end)
    lev.sleep(1)
    assert.same({ true, nil, n = 2 }, table.pack(good:result()))
    local results = table.pack(bad:result())
    assert.is_false(results[1])
    assert.is_nil(results[2])
    assert.matches("traceback", results[3])
  end))

  it("gives the reason of a cancellation as a result", inside(function()
    local task = sleeper(9)
    task:cancel("enough")
    lev.sleep(1)
    assert.same({ false, "cancelled", "enough" }, { task:result() })
  end))

  it("measures the task's time", inside(function()
    local task = sleeper(10)
    lev.sleep(4)
    assert.equal(4, task:elapsed())
    lev.sleep(96)
    assert.equal(10, task:elapsed())
  end))

  it("reads well", inside(function()
    local task = sleeper(1)
    assert.equal("lev.task: #2 pending", tostring(task))
    lev.await(task)
    assert.equal("lev.task: #2 done", tostring(task))
  end))

  it("tells a hundred who wait of a hundred errors, and nobody else",
     inside(function()
       local told = 0
       for i = 1, 100 do
         local task = lev.spawn(function() lev.sleep(1) error("boom") end)
         lev.spawn(function()
           local _, err = lev.await(task)
           if err:match("boom") then told = told + 1 end
         end)
       end
       lev.sleep(2)
       assert.equal(100, told)
     end))

  it("has no other fields", inside(function()
    assert.is_nil(sleeper(0).nonsense)
    assert.is_false(pcall(function() sleeper(0).name = "x" end))
  end))
end)
