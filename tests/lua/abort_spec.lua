-- Tests lev/lua/lua_task.cc: tasks that are destroyed where they stand.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

local function sleeper(seconds)
  return lev.spawn(function() lev.sleep(seconds) return "slept" end)
end

describe("task:abort", function()
  it("makes await return nil, 'aborted'", inside(function()
    local task = sleeper(9)
    lev.sleep(1)
    assert.equal(0, select("#", task:abort()))
    assert.equal("aborted", task.status)
    assert.same({ nil, "aborted", n = 2 }, table.pack(lev.await(task)))
    assert.same({ false, "aborted" }, { task:result() })
    assert.equal(1, lev.now())
  end))

  it("wakes those who wait for the task", inside(function()
    local task = sleeper(9)
    lev.spawn(function() lev.sleep(2) task:abort() end)
    assert.same({ nil, "aborted" }, { lev.await(task) })
    assert.equal(2, lev.now())
  end))

  it("cannot be caught", inside(function()
    local caught = false
    local task = lev.spawn(function()
      pcall(lev.sleep, 9)
      caught = true
    end)
    lev.yield()
    task:abort()
    lev.sleep(10)
    assert.is_false(caught)
  end))

  it("runs cleanups at once, last registered first", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() add "a" end)
      local _ <close> = setmetatable({}, { __close = function() add "c" end })
      lev.own({ close = function() add "b" end })
      lev.sleep(9)
    end)
    lev.yield()
    task:abort()
    assert.equal("cba", read())
  end))

  it("runs cleanups that are told why they cannot suspend", inside(function()
    local messages = {}
    local function try()
      local _, err = pcall(lev.yield)
      messages[#messages + 1] = err
    end
    local task = lev.spawn(function()
      lev.defer(try)
      local _ <close> = setmetatable({}, { __close = try })
      lev.sleep(9)
    end)
    lev.yield()
    task:abort()
    assert.equal(2, #messages)
    for i = 1, 2 do
      assert.matches("lev.yield: cannot suspend outside a task",
                     messages[i], 1, true)
    end
    assert.is_true(lev.sleep(1))
  end))

  it("logs errors in the cleanups, and runs the others", function()
    local add, read = support.trace()
    local messages = logged(function()
      run(function()
        local task = lev.spawn(function()
          lev.defer(function() add "a" end)
          lev.defer(function() error("cannot tidy up") end)
          lev.sleep(9)
        end)
        lev.yield()
        task:abort()
      end)
    end)
    assert.equal("a", read())
    assert.equal(1, #messages)
    assert.matches("a cleanup of task #2 failed: .*cannot tidy up",
                   messages[1])
  end)

  it("of a task in its cleanups runs the rest of them", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() add "a" end)
      lev.defer(function() add "b" lev.sleep(9) add "x" end)
    end)
    lev.sleep(1)
    task:abort()
    assert.equal("ba", read())
    assert.equal("aborted", task.status)
  end))

  it("of a task that has not begun keeps it from beginning", inside(function()
    local began = false
    local task = lev.spawn(function() began = true end)
    task:abort()
    lev.sleep(1)
    assert.is_false(began)
    assert.same({ nil, "aborted" }, { lev.await(task) })
  end))

  it("of itself takes effect at the next suspension point", inside(function()
    local add, read = support.trace()
    local task
    task = lev.spawn(function()
      lev.defer(function() add "d" end)
      task:abort()
      add "a"
      lev.sleep(1)
      add "x"
    end)
    assert.same({ nil, "aborted" }, { lev.await(task) })
    assert.equal("ad", read())
  end))

  it("of itself has no effect if it does not suspend any more",
     inside(function()
       local task
       task = lev.spawn(function() task:abort() return "done" end)
       assert.equal("done", lev.await(task))
     end))

  it("has no effect on a task that ended", inside(function()
    local task = sleeper(1)
    lev.await(task)
    task:abort()
    assert.equal("slept", lev.await(task))
  end))

  it("of a task that is ready to run withdraws it", inside(function()
    local task = sleeper(1)
    lev.sleep(1)
    task:abort()
    assert.same({ nil, "aborted" }, { lev.await(task) })
  end))

  it("of a cancelled task overtakes its cleanups", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() add "d" lev.sleep(99) add "x" end)
      lev.sleep(9)
    end)
    lev.yield()
    task:cancel()
    lev.sleep(1)
    task:abort()
    assert.equal("d", read())
    assert.equal("aborted", task.status)
  end))

  it("of a raw yield closes its coroutine", inside(function()
    local closed = false
    local task = lev.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        closed = true
      end })
      coroutine.yield()
    end)
    lev.yield()
    task:abort()
    assert.is_true(closed)
  end))

  it("leaves no timer, task or waiter behind", inside(function()
    local tasks = {}
    for i = 1, 100 do tasks[i] = sleeper(i) end
    lev.yield()
    for i = 1, 100 do tasks[i]:abort() end
    assert.same({ active_coros = 1, registered_fds = 0, timer_count = 0,
                  ready_count = 0, task_count = 1 }, lev.stats())
  end))

  it("from a cleanup of another task works", inside(function()
    local victim = sleeper(9)
    local task = lev.spawn(function()
      lev.defer(function() victim:abort() end)
      lev.sleep(9)
    end)
    lev.yield()
    task:abort()
    assert.equal("aborted", victim.status)
  end))

  it("goes through a chain of a hundred cleanups", inside(function()
    local previous = sleeper(9)
    local first = previous
    for _ = 1, 100 do
      local victim = previous
      previous = lev.spawn(function()
        lev.defer(function() victim:abort() end)
        lev.sleep(9)
      end)
    end
    lev.yield()
    previous:abort()
    assert.equal("aborted", first.status)
  end))

  it("of a task by a branch of its race ends both", inside(function()
    local add, read = support.trace()
    local task
    task = lev.spawn(function()
      lev.defer(function() add "p" end)
      lev.race({ function()
        lev.defer(function() add "c" end)
        task:abort()
        add "a"
        lev.sleep(9)
        add "x"
      end, function() lev.sleep(9) end })
      add "x"
    end)
    assert.same({ nil, "aborted" }, { lev.await(task) })
    assert.equal("acp", read())
    collectgarbage()
    lev.sleep(99)
    assert.equal(1, lev.stats().active_coros)
  end))

  it("of a task by a branch of its race and lev.stop agree", function()
    local task
    local _, err = run(function()
      task = lev.spawn(function()
        lev.race({ function() task:abort() lev.stop() lev.sleep(9) end })
      end)
      lev.sleep(99)
    end)
    assert.equal("stopped", err)
    assert.equal("aborted", task.status)
  end)

  it("of a task by a branch that then returns ends it", inside(function()
    local reached = false
    local task
    task = lev.spawn(function()
      lev.race({ function() task:abort() return "won" end })
      reached = true
    end)
    assert.same({ nil, "aborted" }, { lev.await(task) })
    assert.is_false(reached)
  end))

  it("may abort the next one when it is closed, but not for ever", function()
    local tasks, aborted = {}, 0
    local messages = logged(function()
      return run(function()
        for i = 1, 1000 do
          tasks[i] = lev.spawn(function()
            local _ <close> = setmetatable({}, { __close = function()
              if tasks[i + 1] then tasks[i + 1]:abort() end
            end })
            lev.sleep(1)
          end)
        end
        lev.yield()
        tasks[1]:abort()
        for _, task in ipairs(tasks) do
          if task.status == "aborted" then aborted = aborted + 1 end
        end
        lev.stop()
      end)
    end)
    assert.equal(150, aborted)
    assert.equal(1, #messages)
    assert.matches("too many aborts inside one another", messages[1])
  end)
end)
