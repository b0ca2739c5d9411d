-- Scopes without a function, and other handles as to-be-closed variables.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("a scope as a variable", function()
  it("ends its block when its tasks have ended", inside(function()
    local trace = {}
    do
      local scope <close> = lev.scope { name = "block" }
      assert.equal("block", scope.name)
      scope:spawn(function()
        lev.sleep(1)
        trace[#trace + 1] = "child"
      end)
      lev.spawn(function()
        lev.sleep(2)
        trace[#trace + 1] = "spawned"
      end)
      scope:defer(function() trace[#trace + 1] = "deferred" end)
      trace[#trace + 1] = "body"
    end
    assert.same({ "body", "child", "spawned", "deferred" }, trace)
  end))

  it("keeps what the block returns", inside(function()
    local function fetch()
      local scope <close> = lev.scope()
      local task = scope:spawn(function() return "result" end)
      return task:await(), nil, 3
    end
    assert.same({ "result", nil, 3, n = 3 }, table.pack(fetch()))
  end))

  it("cancels its tasks when the block fails, and keeps the error",
    inside(function()
      local task
      local ok, err = pcall(function()
        local scope <close> = lev.scope()
        task = scope:spawn(function() lev.sleep(60) end)
        error("oh no", 0)
      end)
      assert.same({ false, "oh no" }, { ok, err })
      assert.equal("cancelled", task.status)
    end))

  it("raises the error of a child, which ends the block", inside(function()
    local ok, err = pcall(function()
      local scope <close> = lev.scope()
      scope:spawn(function() error("the child's", 0) end)
      lev.sleep(60)
    end)
    assert.same({ false, "the child's" }, { ok, err })
  end))

  it("raises that of a child that fails after the block", inside(function()
    local ok, err = pcall(function()
      local scope <close> = lev.scope()
      scope:spawn(function()
        lev.sleep(1)
        error("late", 0)
      end)
    end)
    assert.same({ false, "late" }, { ok, err })
  end))

  it("raises its timeout and its cancellation", inside(function()
    local ok, err = pcall(function()
      local scope <close> = lev.scope { timeout = 1 }
      lev.sleep(60)
    end)
    assert.same({ false, "timeout" }, { ok, err })
    ok, err = pcall(function()
      local scope <close> = lev.scope()
      scope:cancel("enough")
      lev.sleep(60)
    end)
    assert.same({ false, "cancelled: enough" }, { ok, tostring(err) })
    lev.checkpoint()
  end))

  it("stops its tasks when its own is aborted", inside(function()
    local child
    local task = lev.spawn(function()
      local scope <close> = lev.scope()
      child = scope:spawn(function() lev.sleep(60) end)
      lev.sleep(60)
    end)
    lev.yield()
    task:abort()
    assert.same({ "aborted", "aborted" }, { task.status, child.status })
  end))

  it("stops its tasks when its own fails", function()
    local child
    local messages = support.logged(function()
      support.run(function()
        lev.spawn(function()
          local scope <close> = lev.scope()
          child = scope:spawn(function() lev.sleep(60) end)
          lev.sleep(1)
          error("oh no")
        end)
      end)
    end)
    assert.equal("aborted", child.status)
    assert.matches("oh no", messages[1])
    assert.equal(1, #messages)
  end)

  it("is closed by hand, too, and tells what went wrong", inside(function()
    local scope = lev.scope()
    scope:spawn(function() error("the child's", 0) end)
    pcall(lev.sleep, 1)
    local ok, err = scope:close()
    assert.same({ nil, "the child's" }, { ok, err })
    assert.equal("closed", scope:status())
    assert.is_true(scope:close())
    assert.is_true(lev.scope():close())
  end))

  it("must be the innermost of its task", inside(function()
    local outer = lev.scope()
    local inner = lev.scope()
    assert.error_matches(function() outer:close() end, "inside it is open")
    local elsewhere = lev.spawn(function() return pcall(inner.close, inner) end)
    local ok, message = elsewhere:await()
    assert.is_false(ok)
    assert.matches("not its own", message)
    assert.is_true(inner:close())
    assert.is_true(outer:close())
  end))

  it("of a function is cancelled by its closing", inside(function()
    assert.same({ nil, "cancelled" }, { lev.scope(function(scope)
      scope:spawn(function() lev.sleep(60) end)
      assert.is_true(scope:close())
      lev.sleep(60)
    end) })
  end))

  it("begins nothing in a task that was cancelled", inside(function()
    local task = lev.spawn(function()
      local scope <close> = lev.scope()
      error("not reached")
    end)
    task:cancel()
    assert.same({ nil, "cancelled" }, { task:await() })
  end))
end)

describe("a variable", function()
  it("that is a task's handle cancels it, and waits for its end",
    inside(function()
      local trace, handle = {}, nil
      do
        local task <close> = lev.spawn(function()
          lev.defer(function()
            lev.sleep(1)
            trace[#trace + 1] = "cleaned"
          end)
          lev.sleep(60)
        end)
        handle = task
        lev.yield()
      end
      assert.same({ "cleaned" }, trace)
      assert.equal("cancelled", handle.status)
    end))

  it("that is a task's handle leaves one that has ended", inside(function()
    local handle
    do
      local task <close> = lev.spawn(function() return 1 end)
      handle = task
      task:await()
    end
    assert.equal("done", handle.status)
  end))

  it("that is the handle of a task around this one cancels it, and goes on",
    inside(function()
      local trace, outer = {}, nil
      outer = lev.spawn(function()
        lev.scope(function(scope)
          scope:spawn(function()
            do local task <close> = outer end
            trace[#trace + 1] = "closed"
            lev.yield()
            trace[#trace + 1] = "not cancelled"
          end)
        end)
      end)
      outer:await(30)
      assert.is_true(outer:done())
      assert.same({ "closed" }, trace)
    end))

  it("that is a task's handle aborts it where nothing can suspend",
    inside(function()
      local handle
      local outer = lev.spawn(function()
        local task <close> = lev.spawn(function() lev.sleep(60) end)
        handle = task
        lev.sleep(60)
      end)
      lev.yield()
      outer:abort()
      assert.equal("aborted", handle.status)
    end))

  it("that is a token cancels it", inside(function()
    local token
    do
      local own <close> = lev.cancel_token()
      token = own
      assert.is_false(token:is_cancelled())
    end
    assert.is_true(token:is_cancelled())
  end))
end)
