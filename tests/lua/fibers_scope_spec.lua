-- Tests lev/lua/faces/fibers/scope.lua: what scopes can do.

local fibers_support = require "fibers_support"
local fibers = require "fibers"
local op = require "fibers.op"
local scopes = require "fibers.scope"
local sleep = require "fibers.sleep"

local fiber, failure = fibers_support.fiber, fibers_support.failure

describe("a scope", function()
  it("knows its parent and its children", fiber(function(scope)
    local child = scope:new_child()
    assert.equal(scope, child:parent())
    assert.same({ child }, scope:children())
    assert.equal("fail_fast", child.failure_mode)
    fibers.perform(child:join_op())
    assert.same({}, scope:children())
  end))

  it("can be cancelled once, while it runs", fiber(function(scope)
    local child = scope:new_child()
    assert.equal("running", child:status())
    child:cancel("first")
    child:cancel("second")
    assert.same({ "cancelled", "first" }, { child:status() })
    local done = scope:new_child()
    fibers.perform(done:join_op())
    done:cancel("late")
    assert.same({ "ok" }, { done:status() })
  end))

  it("takes its children along, with the reason", fiber(function(scope)
    local child = scope:new_child()
    local grandchild = child:new_child()
    local seen
    grandchild:spawn(function() seen = failure(sleep.sleep, 60) end)
    sleep.sleep(1)
    child:cancel("why")
    sleep.sleep(1)
    assert.same({ "cancelled", "why" }, { grandchild:status() })
    assert.equal("why", seen)
  end))

  it("has children that run although it is cancelled", fiber(function(scope)
    local child = scope:new_child()
    child:cancel()
    assert.equal("running", child:new_child():status())
  end))
end)

describe("join_op", function()
  it("waits for the fibers, and can be performed again", fiber(function(scope)
    local child = scope:new_child()
    local done
    child:spawn(function() sleep.sleep(1) done = true end)
    assert.same({ "ok" }, { fibers.perform(child:join_op()) })
    assert.is_true(done)
    assert.same({ "ok" }, { fibers.perform(child:join_op()) })
  end))

  it("tells of a failure", fiber(function(scope)
    local child = scope:new_child()
    child:spawn(function() error("boom", 0) end)
    assert.same({ "failed", "boom" }, { fibers.perform(child:join_op()) })
  end))
end)

describe("done_op", function()
  it("tells of failures and cancellations", fiber(function(scope)
    local child = scope:new_child()
    child:spawn(function() sleep.sleep(1) error("boom", 0) end)
    assert.equal("boom", fibers.perform(child:done_op()))
    local other = scope:new_child()
    other:cancel()
    assert.equal("scope cancelled", fibers.perform(other:done_op()))
  end))

  it("does not tell of success", fiber(function(scope)
    local child = scope:new_child()
    fibers.perform(child:join_op())
    assert.equal("nothing", fibers.perform(child:done_op():or_else(function()
      return "nothing"
    end)))
  end))
end)

describe("deferred functions", function()
  it("run last first, after all fibers, with the scope", fiber(function()
    local log = {}
    fibers.run_scope(function(scope)
      for i = 1, 2 do
        scope:defer(function(given)
          assert.equal(scope, given)
          assert.equal(scope, fibers.current_scope())
          log[#log + 1] = i
        end)
      end
      fibers.spawn(function() sleep.sleep(1) log[#log + 1] = "fiber" end)
    end)
    assert.same({ "fiber", 2, 1 }, log)
  end))

  it("run after failures and cancellations, too", fiber(function()
    local log = {}
    for _, fn in ipairs { error, function() scopes.current():cancel() end } do
      fibers.run_scope(function(scope)
        scope:defer(function() log[#log + 1] = (scope:status()) end)
        fn("boom")
      end)
    end
    assert.same({ "failed", "cancelled" }, log)
  end))

  it("cannot perform or spawn in their scope, but beside it", fiber(function()
    local seen = {}
    fibers.run_scope(function(scope)
      scope:defer(function()
        seen[1] = failure(sleep.sleep, 1)
        seen[2] = failure(fibers.spawn, print)
        op.perform_raw(sleep.sleep_op(1))
        seen[3] = fibers.run_scope(function() sleep.sleep(1) end)
      end)
    end)
    assert.same({ "scope cancelled", "cannot spawn on a non-running scope",
                  "ok" }, seen)
  end))

  it("fail the scope that was well, or join its failures", fiber(function()
    local kept
    assert.same({ "failed", "in defer", "result" },
      { fibers.run_scope(function(scope)
        kept = scope
        scope:defer(function() error("other", 0) end)
        scope:defer(function() error("in defer", 0) end)
        return "result"
      end) })
    assert.same({ "other" }, kept:failures())
  end))
end)

describe("scope:perform, sync and run_op", function()
  it("are bound to that scope, whoever calls", fiber(function(scope)
    local child = scope:new_child()
    fibers.spawn(function() sleep.sleep(1) child:cancel("why") end)
    assert.equal("why", failure(child.perform, child, sleep.sleep_op(60)))
    assert.equal("why", failure(child.perform, child, op.always(1)))
    assert.equal("why", failure(fibers.perform, child:run_op(op.always(1))))
    assert.same({ false, "why" }, { child:sync(op.always(1)) })
    assert.same({ true, 1, 2 }, { scope:sync(op.always(1, 2)) })
    assert.equal(1, fibers.perform(scope:run_op(op.always(1))))
  end))
end)

describe("fibers.scope_op", function()
  it("has a child scope as long as it takes", fiber(function(scope)
    local log, kept = {}, nil
    local result = fibers.perform(fibers.scope_op(function(child)
      kept = child
      assert.equal(child, fibers.current_scope())
      child:defer(function() log[#log + 1] = "deferred" end)
      child:spawn(function() sleep.sleep(2) log[#log + 1] = "fiber" end)
      return sleep.sleep_op(1):wrap(function() return "result" end)
    end))
    assert.equal("result", result)
    assert.same({ "fiber", "deferred" }, log)
    assert.same({ "ok" }, { kept:status() })
    assert.equal(scope, fibers.current_scope())
  end))

  it("cancels the child when it loses, which ends at once", fiber(function()
    local kept, seen
    local before = fibers.now()
    fibers.perform(fibers.choice(sleep.sleep_op(1),
      fibers.scope_op(function(child)
        kept = child
        child:spawn(function() seen = failure(sleep.sleep, 60) end)
        return fibers.never()
      end)))
    assert.same({ "cancelled", "scope aborted" }, { kept:status() })
    assert.equal("scope aborted", seen)
    assert.near(1, fibers.now() - before, 0.01)
  end))

  it("raises what its function raises, and fails the child", fiber(function()
    local kept
    assert.equal("boom", failure(fibers.perform,
      fibers.scope_op(function(child) kept = child error("boom", 0) end)))
    assert.same({ "failed", "boom" }, { kept:status() })
  end))
end)
