-- Tests lev/lua/lua_runtime.cc: what ends a run before its time.

local lev = require "lev"
local support = require "support"
local run = support.run

describe("lev.stop", function()
  it("makes lev.run return nil and 'stopped'", function()
    assert.same({ nil, "stopped", n = 2 }, table.pack(run(function()
      lev.stop()
      lev.sleep(1)
    end)))
  end)

  it("lets the main function's results through if it has ended", function()
    assert.equal(7, run(function()
      lev.spawn(function() lev.sleep(1) lev.stop() lev.sleep(1) end)
      return 7
    end))
  end)

  it("works from a spawned task", function()
    local reached = false
    local _, err = run(function()
      lev.spawn(function() lev.sleep(5) lev.stop() end)
      lev.sleep(10)
      reached = true
    end)
    assert.equal("stopped", err)
    assert.is_false(reached)
  end)

  it("works from a coroutine inside a task", function()
    local _, err = run(function()
      coroutine.wrap(lev.stop)()
      lev.sleep(1)
    end)
    assert.equal("stopped", err)
  end)

  it("works from a branch of a race inside an all", function()
    local reached = false
    local _, err = run(function()
      lev.all({
        function()
          lev.race({ function() lev.stop() lev.sleep(1) end,
                     function() lev.sleep(2) end })
        end,
        function() lev.sleep(3) end,
      })
      reached = true
    end)
    assert.equal("stopped", err)
    assert.is_false(reached)
  end)

  it("works from a cleanup", function()
    local _, err = run(function()
      lev.spawn(function() lev.defer(lev.stop) end)
      lev.sleep(10)
    end)
    assert.equal("stopped", err)
  end)

  it("works from a logger", function()
    lev.set_logger(lev.stop)
    local _, err = run(function()
      lev.spawn(error, { detached = true })
      lev.sleep(10)
    end)
    lev.set_logger(nil)
    assert.equal("stopped", err)
  end)

  it("keeps tasks that have not begun from beginning", function()
    local began = false
    run(function()
      lev.spawn(function() began = true end)
      lev.stop()
    end)
    assert.is_false(began)
  end)

  it("aborts the remaining tasks", function()
    local task
    run(function()
      task = lev.spawn(function() lev.sleep(10) end)
      lev.sleep(1)
      lev.stop()
    end)
    assert.equal("aborted", task.status)
    assert.is_true(task:done())
  end)

  it("runs the cleanups of the remaining tasks", function()
    local add, read = support.trace()
    run(function()
      lev.spawn(function()
        lev.defer(function() add "a" end)
        lev.own({ close = function() add "b" end })
        lev.sleep(10)
      end)
      lev.sleep(1)
      lev.stop()
    end)
    assert.equal("ba", read())
  end)

  it("runs cleanups that cannot suspend, and says so", function()
    local message
    run(function()
      lev.spawn(function()
        lev.defer(function() message = select(2, pcall(lev.sleep, 1)) end)
        lev.sleep(10)
      end)
      lev.sleep(1)
      lev.stop()
    end)
    assert.matches("lev.sleep: cannot suspend", message, 1, true)
  end)

  it("closes the to-be-closed variables of the remaining tasks", function()
    local closed
    run(function()
      lev.spawn(function()
        local _ <close> = setmetatable({}, {
          __close = function() closed = select(2, pcall(lev.sleep, 1)) end })
        lev.sleep(10)
      end)
      lev.sleep(1)
      lev.stop()
    end)
    assert.matches("lev.sleep: cannot suspend", closed, 1, true)
  end)

  it("runs the cleanups of the task that called it", function()
    local add, read = support.trace()
    run(function()
      lev.defer(function() add "m" end)
      lev.stop()
      lev.sleep(1)
      add "x"
    end)
    assert.equal("m", read())
  end)

  it("logs errors in the cleanups of the remaining tasks", function()
    local messages = support.logged(function()
      run(function()
        lev.defer(function() error("cannot tidy up") end)
        lev.stop()
        lev.sleep(1)
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("cannot tidy up", messages[1])
  end)

  it("refuses new tasks in the cleanups that it causes", function()
    local ok, err
    run(function()
      lev.defer(function() ok, err = pcall(lev.spawn, print) end)
      lev.stop()
      lev.sleep(1)
    end)
    assert.is_false(ok)
    assert.matches("lev.spawn", err)
  end)

  it("leaves nothing behind for the next run", function()
    run(function()
      for _ = 1, 10 do lev.spawn(function() lev.sleep(10) end) end
      lev.yield()
      lev.stop()
    end)
    run(function()
      assert.same({ active_coros = 1, registered_fds = 0, timer_count = 0,
                    ready_count = 0, task_count = 1 }, lev.stats())
      assert.is_true(lev.sleep(1))
    end)
  end)

  it("may be called twice", function()
    assert.equal("stopped", select(2, run(function()
      lev.stop()
      lev.stop()
      lev.sleep(1)
    end)))
  end)
end)

describe("a deadlock", function()
  it("names the tasks and what they wait for", function()
    local result, err = run(function()
      local never = lev.spawn(coroutine.yield, { name = "never" })
      lev.await(never)
    end)
    assert.is_nil(result)
    assert.equal('deadlock: task #1 "main" waits for task #2 "never"; '
                 .. 'task #2 "never" waits for nothing', err)
  end)

  it("names the children of a race", function()
    local _, err = run(function()
      lev.race({ coroutine.yield, coroutine.yield })
    end)
    assert.matches('task #1 "main" waits for its 2 children; task #2 waits '
                   .. 'for nothing; task #3 waits for nothing', err, 1, true)
  end)

  it("names a token that is waited for", function()
    local _, err = run(function()
      local never = lev.spawn(coroutine.yield)
      lev.await(never, { cancel = lev.cancel_token() })
    end)
    assert.matches("waits for a cancel token or task #2", err, 1, true)
  end)

  it("counts the tasks beyond the first twenty", function()
    local _, err = run(function()
      for _ = 1, 30 do lev.spawn(coroutine.yield) end
    end)
    assert.matches("; and 10 more$", err)
  end)

  it("runs the cleanups of the blocked tasks", function()
    local cleaned = false
    run(function()
      lev.defer(function() cleaned = true end)
      coroutine.yield()
    end)
    assert.is_true(cleaned)
  end)

  it("is not reported while a timer is pending", function()
    assert.equal("slept", run(function()
      local sleeper = lev.spawn(function() lev.sleep(1e6) return "slept" end)
      return lev.await(sleeper)
    end))
  end)

  it("is reported for tasks that await each other", function()
    local _, err = run(function()
      local first, second
      first = lev.spawn(function() lev.await(second) end, { name = "one" })
      second = lev.spawn(function() lev.await(first) end, { name = "two" })
    end)
    assert.equal('deadlock: task #2 "one" waits for task #3 "two"; '
                 .. 'task #3 "two" waits for task #2 "one"', err)
  end)
end)
