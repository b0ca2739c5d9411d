-- Tests lev/lua/lua_scope.cc, lev/lua/lua_scope_options.cc,
-- lev/lua/lua_task_scope.cc.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

local function sleeper(seconds) return function() lev.sleep(seconds) end end

describe("lev.scope", function()
  it("runs its body in the calling task, and returns its results",
     inside(function()
       local task = lev.current()
       assert.same({ 1, nil, 3, nil, n = 4 }, table.pack(lev.scope(function()
         assert.equal(task, lev.current())
         return 1, nil, 3, nil
       end)))
     end))

  it("returns when all children have ended", inside(function()
    local result = lev.scope(function(scope)
      scope:spawn(sleeper(2))
      lev.spawn(sleeper(3))
      scope:spawn(function() scope:spawn(sleeper(4)) end)
      return "body"
    end)
    assert.equal("body", result)
    assert.equal(4, lev.now())
    assert.equal(1, lev.stats().task_count)
  end))

  it("raises its body's error unchanged, after its children have ended",
     inside(function()
       local mark, reason = {}, nil
       local ok, err = pcall(lev.scope, function(scope)
         scope:spawn(function()
           lev.defer(function() lev.sleep(1) end)
           local _, cancelled = pcall(lev.sleep, 60)
           reason = cancelled.reason
         end)
         lev.sleep(1)
         error(mark)
       end)
       assert.is_false(ok)
       assert.equal(mark, err)
       assert.equal(mark, reason)
       assert.equal(2, lev.now())
     end))

  it("is cancelled by a child's error, and returns that", inside(function()
    local nothing, err, trace = lev.scope({ name = "s" }, function(scope)
      scope:spawn(function() lev.sleep(1) error("broken", 0) end)
      scope:spawn(sleeper(60))
      lev.sleep(60)
    end)
    assert.is_nil(nothing)
    assert.equal("broken", err)
    assert.matches("scope_spec.lua", trace)
    assert.equal(1, lev.now())
  end))

  it("keeps a child's error although its handle is dropped", inside(function()
    local _, err = lev.scope(function(scope)
      scope:spawn(function() error({ code = 7 }) end)
      scope:spawn(function()
        pcall(lev.sleep, 60)
        collectgarbage()
        collectgarbage()
      end)
    end)
    assert.equal(7, err.code)
  end))

  it("keeps the error of a child that the body has awaited",
     inside(function()
       local _, err = lev.scope(function(scope)
         local _, seen = lev.await(scope:spawn(function() error("x", 0) end))
         collectgarbage()
         return seen
       end)
       assert.equal("x", err)
     end))

  it("leaves errors to the handles if it collects", function()
    local messages = logged(function()
      run(function()
        local task
        assert.equal("done", lev.scope({ on_error = "collect" }, function(s)
          task = s:spawn(function() error("seen", 0) end)
          s:spawn(function() error("unseen", 0) end)
          s:spawn(sleeper(1))
          lev.sleep(2)
          return "done"
        end))
        assert.equal("seen", select(2, task:await()))
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("unseen", messages[1])
  end)

  it("logs a child's error when its body raised another", function()
    local messages = logged(function()
      run(function()
        local _, err = pcall(lev.scope, function(scope)
          scope:spawn(function() error("child's", 0) end)
          pcall(lev.sleep, 1)
          error("body's", 0)
        end)
        assert.equal("body's", err)
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("child's", messages[1])
  end)
end)

describe("a scope's cancellation", function()
  it("raises in its body, at every suspension point, until the scope ends",
     inside(function()
       local count = 0
       local results = table.pack(lev.scope(function(scope)
         scope:cancel("enough")
         for _ = 1, 3 do
           local ok, err = pcall(lev.sleep, 60)
           assert.is_false(ok)
           assert.equal("enough", err.reason)
           count = count + 1
         end
         lev.checkpoint()
       end))
       assert.equal(3, count)
       assert.same({ nil, "cancelled", "enough", n = 3 }, results)
       assert.is_true(lev.sleep(1))
     end))

  it("reaches the body from a child", inside(function()
    local _, err, reason = lev.scope(function(scope)
      scope:spawn(function() lev.sleep(1) scope:cancel("child") end)
      lev.sleep(60)
    end)
    assert.equal("cancelled", err)
    assert.equal("child", reason)
    assert.equal(1, lev.now())
  end))

  it("does not beat the results of the body", inside(function()
    assert.equal("result", lev.scope(function(scope)
      scope:spawn(sleeper(60))
      scope:cancel()
      return "result"
    end))
  end))

  it("reaches the scopes inside, and is caught by its own", inside(function()
    local inner, reason
    local outer = table.pack(lev.scope(function(scope)
      scope:spawn(function() lev.sleep(1) scope:cancel("outer") end)
      inner = table.pack(pcall(lev.scope, function(s)
        s:spawn(function()
          reason = select(2, pcall(lev.sleep, 60)).reason
        end)
        lev.sleep(60)
      end))
      lev.sleep(60)
    end))
    assert.is_false(inner[1])
    assert.equal("outer", inner[2].reason)
    assert.equal("outer", reason)
    assert.same({ nil, "cancelled", "outer", n = 3 }, outer)
  end))

  it("of the inner one leaves the outer one alone", inside(function()
    assert.equal("outer", lev.scope(function()
      local _, err, reason = lev.scope(function(inner)
        inner:cancel("inner")
        lev.sleep(60)
      end)
      assert.equal("cancelled", err)
      assert.equal("inner", reason)
      assert.is_true(lev.sleep(1))
      return "outer"
    end))
  end))

  it("by the caller's is raised when the children have ended", function()
    run(function()
      local task = lev.spawn(function()
        lev.scope(function(scope)
          scope:spawn(function()
            lev.defer(function() lev.sleep(1) end)
            lev.sleep(60)
          end)
          lev.sleep(60)
        end)
      end)
      lev.yield()
      task:cancel("why")
      assert.same({ nil, "cancelled", "why" }, { task:await() })
      assert.equal(1, lev.now())
    end)
  end)

  it("reaches races, and what is spawned afterwards", inside(function()
    local task
    local _, _, reason = lev.scope(function(scope)
      scope:spawn(function() lev.sleep(1) scope:cancel("stop") end)
      pcall(lev.race, { sleeper(60), sleeper(61) })
      task = scope:spawn(sleeper(60))
    end)
    assert.is_nil(reason)
    assert.equal("cancelled", task.status)
    assert.equal(1, lev.now())
  end))

  it("ends a raw coroutine.yield with the task", function()
    run(function()
      local ended = {}
      local task = lev.spawn(function()
        lev.scope({ timeout = 1 }, function(scope)
          scope:defer(function() ended[#ended + 1] = "defer" end)
          scope:spawn(sleeper(60))
          coroutine.yield()
        end)
      end)
      assert.same({ nil, "cancelled", "timeout" }, { task:await() })
      assert.same({ "defer" }, ended)
    end)
  end)
end)

describe("a scope's deadline", function()
  it("cuts the body and its children short", inside(function()
    local results = table.pack(lev.scope({ timeout = 2 }, function(scope)
      assert.equal(2, scope.deadline)
      scope:spawn(sleeper(60))
      lev.sleep(60)
    end))
    assert.same({ nil, "timeout", n = 2 }, results)
    assert.equal(2, lev.now())
    assert.equal(0, lev.stats().timer_count)
  end))

  it("may be given as a time, and then the earlier one counts",
     inside(function()
       lev.sleep(1)
       assert.equal("timeout", select(2, lev.scope({ deadline = 3,
         timeout = 5 }, sleeper(60))))
       assert.equal(3, lev.now())
     end))

  it("tells of children that were cut although the body returned",
     inside(function()
       assert.same({ nil, "timeout" },
                   { lev.scope({ timeout = 1 }, function(scope)
                     scope:spawn(sleeper(60))
                     return "started"
                   end) })
     end))

  it("does not beat a result of the same turn", inside(function()
    assert.equal("result", lev.scope({ timeout = 1 }, function()
      lev.sleep(1)
      return "result"
    end))
  end))

  it("leaves nothing behind when all ends before", inside(function()
    assert.is_true(lev.scope({ timeout = 5 }, function() return true end))
    assert.equal(0, lev.stats().timer_count)
  end))
end)

describe("scopes", function()
  it("tell a deadlock what they wait for", function()
    local _, report = run(function()
      lev.scope(function(scope)
        scope:spawn(coroutine.yield, { name = "stuck" })
      end)
    end)
    assert.matches("its 1 child", report)
    assert.matches("stuck", report)
  end)

  it("end with lev.stop", function()
    local add, read = support.trace()
    local _, err = run(function()
      lev.scope(function(scope)
        scope:defer(function() add "d" end)
        scope:spawn(function() lev.stop() lev.sleep(1) end)
        lev.sleep(60)
      end)
    end)
    assert.equal("stopped", err)
    assert.equal("d", read())
  end)

  it("are of tasks only", function()
    assert.error_matches(function() lev.scope(print) end,
                         "lev.scope: must be called within lev.run")
  end)

  it("do the same for the same seed", function()
    local function trace(seed)
      local letters = {}
      run(function()
        lev.scope({ timeout = 3 }, function(scope)
          for i = 1, 6 do
            scope:spawn(function()
              lev.sleep(i % 3)
              letters[#letters + 1] = i
              if i == 5 then scope:cancel() end
              lev.with_timeout(1, sleeper(i), { grace = 0 })
              letters[#letters + 1] = -i
            end)
          end
          lev.sleep(60)
        end)
      end, seed)
      return table.concat(letters, " ")
    end
    for seed = 1, 200 do assert.equal(trace(seed), trace(seed)) end
  end)
end)
