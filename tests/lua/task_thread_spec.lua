-- Tests lev/lua/lua_drive.cc: what others may do to a task's coroutine.

local lev = require "lev"
local support = require "support"
local inside, run = support.inside, support.run

describe("the coroutine of a task", function()
  -- Spawns a task that runs `body`, lets it suspend, and returns the task's
  -- handle and its coroutine.
  local function suspended(body)
    local thread
    local task = lev.spawn(function()
      thread = coroutine.running()
      return body()
    end)
    lev.sleep(1)
    return task, thread
  end

  local waits = {
    sleep = function() lev.sleep(9) end,
    ["sleep with a token"] = function() lev.sleep(9, lev.cancel_token()) end,
    await = function()
      lev.await(lev.spawn(function() lev.sleep(9) end), 99)
    end,
    race = function()
      lev.race({ function() lev.sleep(5) end, function()
        lev.defer(function() pcall(lev.sleep, 5) end)
        lev.sleep(9)
      end })
    end,
    ["a race in a race"] = function()
      lev.race({ function() lev.race({ function() lev.sleep(5) end }) end })
    end,
  }

  for name, wait in pairs(waits) do
    it("in " .. name .. " cannot be resumed by others", inside(function()
      local task, thread = suspended(wait)
      local ok, err = coroutine.resume(thread)
      assert.is_false(ok)
      assert.matches("only the event loop resumes tasks", err)
      collectgarbage()
      collectgarbage()
      assert.is_nil((lev.await(task)))
      assert.equal("failed", task.status)
      collectgarbage()
      assert.is_true(lev.sleep(100))
      assert.equal(1, lev.stats().active_coros)
    end))

    it("in " .. name .. " may be closed: the task fails", inside(function()
      local task, thread = suspended(wait)
      assert.is_true(coroutine.close(thread))
      collectgarbage()
      collectgarbage()
      local _, err = lev.await(task)
      assert.matches("cannot resume dead coroutine", err)
      collectgarbage()
      assert.is_true(lev.sleep(100))
      assert.equal(1, lev.stats().active_coros)
    end))

    it("in " .. name .. " may be closed, and the task aborted",
       inside(function()
         local task, thread = suspended(wait)
         coroutine.close(thread)
         collectgarbage()
         task:abort()
         collectgarbage()
         assert.is_true(lev.sleep(100))
         assert.equal("aborted", task.status)
       end))
  end

  it("may be closed while a token holds its wait", inside(function()
    local token = lev.cancel_token()
    local task, thread = suspended(function() lev.sleep(9, token) end)
    coroutine.close(thread)
    collectgarbage()
    collectgarbage()
    token:cancel()
    assert.is_nil((lev.await(task)))
    assert.equal(1, lev.now())
  end))

  it("may be closed, and the run stopped", function()
    local _, err = run(function()
      local _, thread = suspended(waits.race)
      coroutine.close(thread)
      collectgarbage()
      lev.stop()
      lev.sleep(1)
    end)
    assert.equal("stopped", err)
  end)

  it("does not suspend for another who resumes it in a pcall", inside(function()
    local task, thread = suspended(function()
      pcall(lev.sleep, 9)
      return "went on"
    end)
    assert.same({ true, "went on" }, { coroutine.resume(thread) })
    local _, err = lev.await(task)
    assert.matches("cannot resume dead coroutine", err)
  end))

  it("in a raw yield can be resumed by others", inside(function()
    local task, thread = suspended(function() return coroutine.yield("a") end)
    assert.same({ true, "b" }, { coroutine.resume(thread, "b") })
    task:abort()
    assert.is_true(lev.sleep(1))
  end))

  it("runs its cleanups after it was closed", inside(function()
    local cleaned = false
    local task, thread = suspended(function()
      lev.defer(function() lev.sleep(1) cleaned = true end)
      lev.sleep(9)
    end)
    coroutine.close(thread)
    lev.await(task)
    assert.is_true(cleaned)
  end))

  it("has a traceback and a status", inside(function()
    local task, thread = suspended(waits.sleep)
    assert.equal("suspended", coroutine.status(thread))
    assert.matches("in function 'lev.sleep'", debug.traceback(thread))
    lev.await(task)
    assert.is_string(debug.traceback(thread))
  end))

  it("cannot be closed by the task itself", inside(function()
    local ok = pcall(coroutine.close, (coroutine.running()))
    assert.is_false(ok)
    assert.is_true(lev.sleep(1))
  end))

  it("runs what is left of its cleanups if it is closed in one",
     inside(function()
       local cleaned = false
       local task, thread = suspended(function()
         lev.defer(function() cleaned = true end)
         lev.defer(function() lev.sleep(2) end)
       end)
       coroutine.close(thread)
       lev.await(task)
       assert.is_true(cleaned)
     end))

  it("may be closed in a cleanup that waits for a race", function()
    local child
    local messages, result = support.logged(function()
      return support.run(function()
        local task, thread = suspended(function()
          lev.defer(function()
            lev.race({ function() lev.sleep(2) end, function()
              child = lev.spawn(function()
                lev.defer(function() lev.sleep(50) end)
                lev.sleep(99)
              end)
              lev.sleep(99)
            end })
          end)
        end)
        task:detach()
        coroutine.close(thread)
        lev.sleep(9)
        return "went on"
      end)
    end)
    assert.equal("went on", result)
    assert.equal("aborted", child.status)
    assert.equal(1, #messages)
  end)
end)
