-- Tests lev/lua/lua_scope.cc: with_timeout.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.with_timeout", function()
  it("returns what the function returns in time", inside(function()
    assert.same({ 1, nil, n = 2 }, table.pack(lev.with_timeout(1, function()
      return 1, nil
    end)))
    assert.equal(0, lev.stats().timer_count)
  end))

  it("returns nil and timeout otherwise", inside(function()
    local reason
    assert.same({ nil, "timeout", n = 2 },
                table.pack(lev.with_timeout(1, function()
                  reason = select(2, pcall(lev.sleep, 60)).reason
                  lev.sleep(60)
                end)))
    assert.equal("timeout", reason)
    assert.equal(1, lev.now())
    assert.equal(0, lev.stats().timer_count)
  end))

  it("raises the function's error unchanged", inside(function()
    local mark = {}
    local ok, err = pcall(lev.with_timeout, 1, function() error(mark) end)
    assert.is_false(ok)
    assert.equal(mark, err)
  end))

  it("gives a result of the same turn precedence", inside(function()
    assert.equal("result", lev.with_timeout(1, function()
      lev.sleep(1)
      return "result"
    end))
  end))

  it("lets cleanups suspend within the grace period", inside(function()
    local cleaned
    local _, err = lev.with_timeout(1, function()
      lev.defer(function() lev.sleep(0.5) cleaned = true end)
      lev.sleep(60)
    end)
    assert.equal("timeout", err)
    assert.is_true(cleaned)
    assert.equal(1.5, lev.now())
  end))

  it("aborts what is left after it, a second by default", inside(function()
    local _, err = lev.with_timeout(1, function(scope)
      scope:spawn(function() lev.shield(lev.sleep, 60) end)
      lev.shield(lev.sleep, 60)
    end)
    assert.equal("timeout", err)
    assert.equal(2, lev.now())
    assert.equal(1, lev.stats().task_count)
  end))

  it("takes the grace period that is asked for", inside(function()
    for _, grace in ipairs { 0, 3 } do
      local before = lev.now()
      local closed
      lev.with_timeout(1, function()
        local guard <close> = setmetatable({}, { __close = function()
          closed = true
        end })
        lev.shield(lev.sleep, 60)
      end, { grace = grace })
      assert.is_true(closed)
      assert.equal(before + 1 + grace, lev.now())
    end
  end))

  it("waits for what the function spawned, until the deadline",
     inside(function()
       assert.equal("result", lev.with_timeout(5, function(scope)
         scope:spawn(function() lev.sleep(2) end)
         return "result"
       end))
       assert.equal(2, lev.now())
       assert.equal("timeout", select(2, lev.with_timeout(5, function(scope)
         scope:spawn(function() lev.sleep(60) end)
         return "result"
       end)))
     end))

  it("returns a child's error", inside(function()
    local _, err = lev.with_timeout(5, function(scope)
      scope:spawn(function() error("child's", 0) end)
      lev.sleep(60)
    end)
    assert.equal("child's", err)
    assert.equal(0, lev.now())
  end))

  it("runs its scope's cleanups", inside(function()
    local ran
    lev.with_timeout(1, function(scope)
      scope:defer(function() lev.sleep(1) ran = true end)
    end)
    assert.is_true(ran)
  end))

  it("is cancelled and aborted with its caller", inside(function()
    for _, verb in ipairs { "cancel", "abort" } do
      local inner
      local task = lev.spawn(function()
        lev.with_timeout(60, function()
          inner = lev.current()
          lev.sleep(60)
        end)
      end)
      lev.sleep(1)
      task[verb](task)
      task:await()
      assert.equal(verb == "cancel" and "cancelled" or "aborted", inner.status)
    end
    assert.equal(0, lev.stats().timer_count)
  end))

  it("nests: the shorter one wins, and only for itself", inside(function()
    assert.equal("outer", lev.with_timeout(5, function()
      assert.equal("timeout", select(2, lev.with_timeout(1, function()
        lev.sleep(60)
      end)))
      return "outer"
    end))
  end))

  it("bounds what is shielded", inside(function()
    local err
    local task = lev.spawn(function()
      lev.shield(function()
        err = select(2, lev.with_timeout(1, function() lev.sleep(60) end))
      end)
    end)
    lev.yield()
    task:cancel()
    task:await()
    assert.equal("timeout", err)
    assert.equal(1, lev.now())
  end))
end)
