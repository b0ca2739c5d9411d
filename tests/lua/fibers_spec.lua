-- Tests lev/lua/faces/fibers/fibers.lua and scope.lua: runs, fibers, and how a
-- failure spreads. What else a scope can do is in fibers_scope_spec.lua.

local lev = require "lev"
local support = require "support"
local fibers_support = require "fibers_support"
local fibers = require "fibers"
local scopes = require "fibers.scope"
local sleep = require "fibers.sleep"

local fiber, failure = fibers_support.fiber, fibers_support.failure
local outcome = fibers_support.outcome

describe("fibers.run", function()
  it("passes the scope and the arguments, and returns all results", function()
    assert.same({ n = 5, true, 1, nil, 3, nil },
      table.pack(outcome(function(scope, a, b, c)
        assert.equal(scope, fibers.current_scope())
        return a, b, c, nil
      end, 1, nil, 3)))
  end)

  it("begins a run of lev where there is none", function()
    assert.equal(7, fibers.run(function()
      sleep.sleep(0.001)
      return 7
    end))
  end)

  it("raises the error of its main function, as it is", function()
    local thrown = {}
    assert.equal(thrown, select(2, outcome(function() error(thrown) end)))
    assert.same({ false, "text" }, { outcome(function() error("text", 0) end) })
  end)

  it("raises the error of any of its fibers", function()
    assert.same({ false, "boom" }, { outcome(function()
      fibers.spawn(function() error("boom", 0) end)
    end) })
  end)

  it("raises why its scope was cancelled", function()
    assert.same({ false, "enough" },
      { outcome(function(scope) scope:cancel("enough") end) })
    assert.same({ false, "scope cancelled" },
      { outcome(function(scope) scope:cancel() end) })
  end)

  it("waits for all fibers, and for what is deferred", function()
    local log = {}
    outcome(function(scope)
      scope:defer(function() log[#log + 1] = "deferred" end)
      fibers.spawn(function() sleep.sleep(1) log[#log + 1] = "fiber" end)
      log[#log + 1] = "main"
    end)
    assert.same({ "main", "fiber", "deferred" }, log)
  end)

  it("can be used again after a failure", function()
    outcome(function() error("boom") end)
    assert.same({ true, 1 }, { outcome(function() return 1 end) })
  end)

  it("does not work inside a fiber", fiber(function()
    assert.equal("fibers.run must not be called from inside a fiber",
                 failure(fibers.run, print))
  end))

  it("raises when nobody can go on", function()
    local err = failure(fibers.run, function()
      fibers.perform(fibers.never())
    end)
    assert.matches("^deadlock: ", err)
  end)

  it("ends with the task that called it, when that is cancelled", function()
    local closed, err
    support.run(function()
      local task = lev.spawn(function()
        fibers.run(function(scope)
          scope:defer(function() closed = scope:status() end)
          fibers.spawn(function() sleep.sleep(60) end)
          sleep.sleep(60)
        end)
      end)
      lev.sleep(1)
      task:cancel("stop")
      err = { lev.await(task) }
    end)
    assert.same({ nil, "cancelled", "stop" }, err)
    assert.equal("cancelled", closed)
  end)
end)

describe("fibers.spawn", function()
  it("calls the function later, and returns nothing", fiber(function()
    local begun = false
    assert.equal(0, select("#", fibers.spawn(function() begun = true end)))
    assert.is_false(begun)
    sleep.sleep(0.001)
    assert.is_true(begun)
  end))

  it("passes exactly its arguments, or the scope if there are none",
     fiber(function(scope)
    local got = {}
    fibers.spawn(function(...) got[1] = table.pack(...) end)
    fibers.spawn(function(...) got[2] = table.pack(...) end, "fast", nil)
    scope:spawn(function(...) got[3] = table.pack(...) end, 5)
    sleep.sleep(0.001)
    assert.same({ n = 1, scope }, got[1])
    assert.same({ n = 2, "fast", nil }, got[2])
    assert.same({ n = 2, scope, 5 }, got[3])
  end))

  it("is refused by a scope that does not run", fiber(function()
    local message = "cannot spawn on a non-running scope"
    local status, err = fibers.run_scope(function(scope)
      scope:cancel()
      assert.equal(message, failure(fibers.spawn, print))
      assert.equal(message, failure(scope.spawn, scope, print))
    end)
    assert.same({ "cancelled", "scope cancelled" }, { status, err })
  end))

  it("is refused outside a run", function()
    assert.matches("inside a fiber", failure(fibers.spawn, print))
  end)
end)

describe("the first failure in a scope", function()
  it("cancels the siblings with itself as reason", fiber(function()
    local thrown, seen = {}, {}
    local status, err = fibers.run_scope(function()
      for i = 1, 2 do
        fibers.spawn(function() seen[i] = failure(sleep.sleep, 60) end)
      end
      sleep.sleep(1)
      error(thrown)
    end)
    assert.equal("failed", status)
    assert.equal(thrown, err)
    assert.equal(thrown, seen[1])
    assert.equal(thrown, seen[2])
  end))

  it("raises again at every perform, and at those that are ready",
     fiber(function()
    local seen = {}
    fibers.run_scope(function()
      fibers.spawn(function()
        seen[1] = failure(sleep.sleep, 60)
        seen[2] = failure(fibers.perform, fibers.always(1))
        seen[3] = failure(sleep.sleep, 0)
      end)
      sleep.sleep(1)
      error("boom", 0)
    end)
    assert.same({ "boom", "boom", "boom" }, seen)
  end))

  it("starves nobody who catches it for ever", fiber(function()
    local last
    fibers.run_scope(function(scope)
      fibers.spawn(function()
        scope:cancel()
        for i = 1, 5 do
          failure(sleep.sleep, 1)
          last = last or i
        end
      end)
      pcall(sleep.sleep, 60)
      last = "the sibling"
    end)
    assert.equal("the sibling", last)
  end))

  it("does not interrupt who performs nothing", fiber(function()
    local done
    fibers.run_scope(function(scope)
      scope:cancel()
      done = true
    end)
    assert.is_true(done)
  end))

  it("interrupts calls of lev itself, too", fiber(function()
    local status, err = fibers.run_scope(function()
      fibers.spawn(function() lev.sleep(60) end)
      sleep.sleep(1)
      error("boom", 0)
    end)
    assert.same({ "failed", "boom" }, { status, err })
    assert.is_true(lev.now() < 1e9)
  end))

  it("is data for who joins, and goes no further", fiber(function(scope)
    local status, err = fibers.run_scope(function() error("inner", 0) end)
    assert.same({ "failed", "inner" }, { status, err })
    assert.equal("running", scope:status())
    sleep.sleep(0.001)
  end))

  it("comes before the later ones, which are failures()", fiber(function()
    local kept
    fibers.run_scope(function(scope)
      kept = scope
      fibers.spawn(function() pcall(sleep.sleep, 60) error("second", 0) end)
      sleep.sleep(1)
      error("first", 0)
    end)
    assert.same({ "failed", "first" }, { kept:status() })
    assert.same({ "second" }, kept:failures())
  end))

  it("lets what was taken in the same turn through", fiber(function()
    local channel = require("fibers.channel").new()
    local got
    fibers.run_scope(function(scope)
      fibers.spawn(function() got = channel:get() end)
      sleep.sleep(1)
      channel:put("message")
      scope:cancel()
    end)
    assert.equal("message", got)
  end))
end)

describe("fibers.run_scope", function()
  it("returns status, error and results", fiber(function()
    assert.same({ n = 5, "ok", nil, 1, nil, 3 },
      table.pack(fibers.run_scope(function(child, a, b, c)
        assert.equal(child, fibers.current_scope())
        return a, b, c
      end, 1, nil, 3)))
  end))

  it("returns results of a body that cancelled itself", fiber(function()
    assert.same({ "cancelled", "why", "result" },
      { fibers.run_scope(function(scope)
        scope:cancel("why")
        return "result"
      end) })
  end))

  it("runs as a shield in a scope that is cancelled", fiber(function()
    local slept
    fibers.run_scope(function(scope)
      scope:cancel()
      local status = fibers.run_scope(function()
        sleep.sleep(1)
        slept = true
      end)
      assert.equal("ok", status)
    end)
    assert.is_true(slept)
  end))

  it("waits for its child although the caller's scope is cancelled",
     fiber(function()
    local log = {}
    fibers.run_scope(function(outer)
      fibers.spawn(function()
        local _, err = fibers.run_scope(function(inner)
          inner:defer(function() log[#log + 1] = "deferred" end)
          sleep.sleep(60)
        end)
        log[#log + 1] = err
      end)
      sleep.sleep(1)
      outer:cancel("stop")
    end)
    assert.same({ "deferred", "stop" }, log)
  end))

  it("works inside a fiber alone", function()
    assert.equal("scope.run must be called from inside a fiber",
                 failure(fibers.run_scope, print))
  end)
end)

describe("fibers.perform", function()
  it("wants an operation", fiber(function()
    assert.equal("perform: expected op, got number (5)",
                 failure(fibers.perform, 5))
    assert.matches("^perform: expected op, got table %(table: ",
                   failure(fibers.perform, {}))
  end))

  it("works inside a fiber alone", function()
    assert.equal("perform: must be called from inside a fiber (use " ..
                 "fibers.run as an entry point)",
                 failure(fibers.perform, fibers.always()))
  end)
end)

describe("fibers.current_scope and now", function()
  it("are the root's outside all fibers, and lev's clock", function()
    assert.equal(scopes.root(), fibers.current_scope())
    assert.equal("running", scopes.root():status())
    assert.is_number(fibers.now())
    fibers.set_unscoped_error_handler(print)
  end)
end)
