-- Tests lev/lua/faces/std_task.lua: scopes, cancellation, and timeouts.

local lev = require "lev"
local support = require "support"
local task = require "std.task"

local inside = support.inside

local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

-- In milliseconds of virtual time.
local function timed(fn, ...)
  local before = lev.now()
  pcall(fn, ...)
  return math.floor((lev.now() - before) * 1000 + 0.5)
end

local function forever() task.sleep(1e9) end

-- Hears of no cancellation, until it is aborted.
local function stubborn(on_close)
  local _ <close> = setmetatable({}, { __close = on_close or function() end })
  lev.shield(forever)
end

describe("std.task.scope", function()
  it("calls the function with the scope, and returns its first result",
     inside(function()
    local name
    assert.same({ 1 }, { task.scope("named", function(scope)
      name = scope.name
      return 1, 2
    end) })
    assert.equal("named", name)
    assert.is_nil(task.scope(function(scope) return scope.name end))
  end))

  it("waits for its children, and for what those spawn", inside(function()
    local log = {}
    task.scope(function(scope)
      scope:spawn(function()
        task.spawn(function() task.sleep(20) log[#log + 1] = "grandchild" end)
        log[#log + 1] = "child"
      end)
      task.spawn(function() task.sleep(10) log[#log + 1] = "by spawn" end)
      log[#log + 1] = "body"
    end)
    assert.same({ "body", "child", "by spawn", "grandchild" }, log)
  end))

  it("cancels its children when the body fails, and waits", inside(function()
    local seen
    local err = failure(task.scope, function(scope)
      scope:spawn(function()
        seen = failure(forever)
        error(seen, 0)
      end)
      task.yield()
      error("boom", 0)
    end)
    assert.same({ "boom", "task cancelled" }, { err, seen })
  end))

  it("leaves the errors of its children to those who join", inside(function()
    local handle
    local sibling = false
    local result = task.scope(function(scope)
      handle = scope:spawn(function() error("child", 0) end)
      scope:spawn(function() task.sleep(10) sibling = true end)
      return "fine"
    end)
    assert.same({ "fine", true }, { result, sibling })
    assert.equal("child", failure(handle.join, handle))
  end))

  it("does not take its own cancellation for an error", inside(function()
    assert.equal(1, task.scope(function(scope) scope:cancel() return 1 end))
  end))

  it("raises what cut its body short", inside(function()
    assert.equal("task cancelled", failure(task.scope, function(scope)
      scope:cancel()
      task.checkpoint()
    end))
    task.checkpoint()
  end))

  it("raises so for calls of lev itself, too", inside(function()
    assert.equal("task cancelled", failure(task.scope, function(scope)
      scope:cancel()
      lev.sleep(1)
    end))
  end))

  it("has one token, which is the scope's", inside(function()
    local seen
    task.scope(function(scope)
      assert.equal(scope:token(), scope:token())
      scope:spawn(function() seen = failure(forever) error(seen, 0) end)
      task.yield()
      assert.is_false(scope:token():is_cancelled())
      scope:token():cancel()
      assert.is_true(scope:token():is_cancelled())
    end)
    assert.equal("task cancelled", seen)
  end))

  it("spawns even when it has ended", inside(function()
    local kept
    task.scope(function(scope) kept = scope end)
    assert.equal("late", kept:spawn(function() return "late" end):join())
  end))
end)

describe("cancellation", function()
  it("comes again after each pcall, and starves nobody", inside(function()
    local log = {}
    task.scope(function(scope)
      scope:spawn(function()
        for i = 1, 3 do log[i] = failure(task.sleep, 10) end
        log[4] = failure(task.yield)
        log[5] = failure(task.checkpoint)
        log[6] = failure(task.sleep, 0)
      end)
      scope:spawn(function() task.yield() log.other = true end)
      task.yield()
      scope:cancel()
    end)
    for i = 1, 6 do assert.equal("task cancelled", log[i]) end
    assert.is_nil(log.other)
  end))

  it("lets a timeout end a task that catches it for ever", function()
    local err
    lev.run(function()
      err = failure(task.with_timeout, 1, function(scope)
        scope:spawn(function() while true do pcall(task.sleep, 1e6) end end)
        forever()
      end, { grace_ms = 5 })
    end)
    assert.equal("task.with_timeout: exceeded 1 ms", err)
  end)

  it("goes down into scopes within scopes", inside(function()
    local seen = {}
    task.scope(function(outer)
      outer:spawn(function()
        task.scope(function(inner)
          inner:spawn(function()
            seen[1] = failure(forever)
            error(seen[1], 0)
          end)
          seen[2] = failure(forever)
        end)
      end)
      task.yield()
      task.yield()
      outer:cancel()
    end)
    assert.same({ "task cancelled", "task cancelled" }, seen)
  end))

  it("reaches the body of an inner scope, from either", inside(function()
    task.scope(function(outer)
      assert.equal("task cancelled", failure(task.scope, function(inner)
        inner:cancel()
        task.checkpoint()
      end))
      task.checkpoint()
      task.scope(function()
        outer:cancel()
        assert.equal("task cancelled", failure(task.checkpoint))
      end)
    end)
  end))

  it("is no failure that anybody hears of", function()
    local messages = support.logged(function()
      support.run(function()
        task.scope(function(scope)
          scope:spawn(forever)
          task.yield()
          scope:cancel()
        end)
      end)
    end)
    assert.same({}, messages)
  end)

  it("comes from lev's own scopes as well", inside(function()
    local seen
    lev.scope(function(scope)
      scope:spawn(function() seen = failure(forever) error(seen, 0) end)
      lev.yield()
      scope:cancel("why")
    end)
    assert.equal("task cancelled", seen)
  end))
end)

describe("std.task.with_timeout", function()
  it("returns the first result of a function that is in time",
     inside(function()
    assert.same({ "done" }, { task.with_timeout(50, function(scope)
      assert.is_nil(scope.name)
      task.sleep(10)
      return "done", "more"
    end) })
  end))

  it("waits for the children of a body that was in time", inside(function()
    local late = false
    assert.equal(30, timed(task.with_timeout, 10, function(scope)
      scope:spawn(function() task.sleep(30) late = true end)
    end))
    assert.is_true(late)
  end))

  it("cancels at the deadline, and says what was exceeded", inside(function()
    local child
    local err = failure(task.with_timeout, 20, function(scope)
      scope:spawn(function() child = failure(forever) error(child, 0) end)
      forever()
    end)
    assert.same({ "task.with_timeout: exceeded 20 ms", "task cancelled" },
                { err, child })
    err = failure(task.with_timeout, 2.5, forever)
    assert.equal("task.with_timeout: exceeded 2.5 ms", err)
  end))

  it("takes no longer than the deadline if all obey", inside(function()
    assert.equal(20, timed(task.with_timeout, 20, forever))
  end))

  it("gives cleanups the grace, which is a second if not given",
     inside(function()
    local cleaned = false
    assert.equal(70, timed(task.with_timeout, 20, function()
      pcall(forever)
      lev.shield(task.sleep, 50)
      cleaned = true
    end))
    assert.is_true(cleaned)
    assert.equal(1020, timed(task.with_timeout, 20, function()
      stubborn()
    end))
  end))

  it("aborts all that is left then, however many", inside(function()
    local closed, handles = 0, {}
    local function on_close() closed = closed + 1 end
    assert.equal(120, timed(task.with_timeout, 20, function(scope)
      for i = 1, 3 do
        handles[i] = scope:spawn(function() stubborn(on_close) end)
      end
      forever()
    end, { grace_ms = 100 }))
    assert.equal(3, closed)
    for _, handle in ipairs(handles) do
      assert.is_true(handle:is_finished())
      assert.equal("task aborted", failure(handle.join, handle))
    end
  end))

  it("aborts at once when the grace is 0", inside(function()
    assert.equal(20, timed(task.with_timeout, 20, function(scope)
      scope:spawn(stubborn)
      stubborn()
    end, { grace_ms = 0 }))
  end))

  it("keeps the body's own error, and ends its children", inside(function()
    local child
    local before = lev.now()
    local err = failure(task.with_timeout, 1000, function(scope)
      child = scope:spawn(stubborn)
      task.yield()
      error("boom", 0)
    end, { grace_ms = 30 })
    assert.equal("boom", err)
    assert.is_true(child:is_finished())
    assert.near(0.03, lev.now() - before, 0.002)
  end))

  it("is cancelled with the scope around", inside(function()
    local seen
    assert.equal(0, timed(task.scope, function(scope)
      scope:spawn(function()
        seen = failure(task.with_timeout, 1000, forever)
        error(seen, 0)
      end)
      task.yield()
      task.yield()
      scope:cancel()
    end))
    assert.equal("task cancelled", seen)
  end))

  it("ends with its caller, who is aborted", inside(function()
    local closed = 0
    local handle = task.spawn(function()
      task.with_timeout(1000, function(scope)
        scope:spawn(function() stubborn(function() closed = closed + 1 end) end)
        stubborn(function() closed = closed + 1 end)
      end)
    end)
    task.sleep(5)
    handle:abort()
    task.yield()
    assert.equal(2, closed)
  end))

  it("has the tasks that its body spawns as its children", inside(function()
    local child
    failure(task.with_timeout, 10, function()
      task.spawn(function() child = failure(forever) error(child, 0) end)
      forever()
    end)
    assert.equal("task cancelled", child)
  end))
end)
