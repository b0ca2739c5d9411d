-- Tests lev/lua/lua_current.cc: shield, checkpoint, current.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.shield", function()
  it("passes arguments and results", inside(function()
    assert.same({ 1, nil, 3, n = 3 },
                table.pack(lev.shield(function(...) return ... end, 1, nil, 3)))
  end))

  it("keeps a cancellation back until the function returns",
     inside(function()
       local slept, raised
       local task = lev.spawn(function()
         slept = lev.shield(lev.sleep, 2)
         raised = not pcall(lev.sleep, 60)
       end)
       lev.sleep(1)
       task:cancel("why")
       task:await()
       assert.is_true(slept)
       assert.is_true(raised)
       assert.equal(2, lev.now())
     end))

  it("ends with an error, which it raises unchanged", inside(function()
    local mark = {}
    local task = lev.spawn(function()
      local ok, err = pcall(lev.shield, function() lev.yield() error(mark) end)
      assert(not ok and err == mark)
      lev.sleep(60)
    end)
    lev.yield()
    task:cancel()
    assert.equal("cancelled", select(2, task:await()))
  end))

  it("nests, and does not outlive an abort", inside(function()
    local task = lev.spawn(function()
      lev.shield(lev.shield, lev.sleep, 60)
    end)
    lev.yield()
    task:cancel()
    lev.yield()
    assert.is_false(task:done())
    task:abort()
    assert.equal("aborted", task.status)
  end))

  it("protects from the scopes outside it only", inside(function()
    local _, err, reason = lev.scope(function(outer)
      outer:cancel("outer")
      lev.shield(function()
        assert.is_true(lev.sleep(1))
        local _, inner, why = lev.scope(function(scope)
          scope:cancel("inner")
          lev.sleep(60)
        end)
        assert.equal("cancelled", inner)
        assert.equal("inner", why)
      end)
      lev.sleep(60)
    end)
    assert.equal("cancelled", err)
    assert.equal("outer", reason)
    assert.equal(1, lev.now())
  end))

  it("just calls outside of tasks", function()
    assert.equal(7, lev.shield(function() return 7 end))
  end)
end)

describe("lev.checkpoint", function()
  it("lets the others run", inside(function()
    local add, read = support.trace()
    lev.spawn(function() add "a" end)
    lev.checkpoint()
    add "b"
    assert.equal("ab", read())
  end))

  it("raises a pending cancellation after a turn", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.current():cancel("self")
      for _ = 1, 2 do
        local _, err = pcall(lev.checkpoint)
        add(err.reason)
      end
    end)
    lev.spawn(function() add "-" end)
    task:await()
    assert.equal("-selfself", read())
  end))
end)

describe("lev.current", function()
  it("is the running task's handle", inside(function()
    local seen
    local task = lev.spawn(function() seen = lev.current() end)
    task:await()
    assert.equal(task, seen)
    assert.not_equal(task, lev.current())
  end))

  it("is nil outside", function() assert.is_nil(lev.current()) end)
end)
