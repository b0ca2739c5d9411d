-- Tests lev/lua/lua_current.cc: locals.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.locals", function()
  it("is a table of the running task", inside(function()
    lev.locals().request = 1
    lev.yield()
    assert.equal(1, lev.locals().request)
    assert.equal(lev.locals(), lev.locals())
  end))

  it("is copied to the tasks that are spawned", inside(function()
    lev.locals().request = 1
    local task = lev.spawn(function()
      assert.equal(1, lev.locals().request)
      lev.locals().request = 2
      return lev.await(lev.spawn(function() return lev.locals().request end))
    end)
    lev.locals().request = 3
    assert.equal(2, task:await())
    assert.equal(3, lev.locals().request)
  end))

  it("reaches the functions of race, scopes and timeouts", inside(function()
    lev.locals().request = 1
    local function read() return lev.locals().request end
    assert.equal(1, lev.race { read })
    assert.equal(1, lev.with_timeout(1, read))
    assert.equal(1, lev.scope(read))
    lev.scope(function(scope) assert.equal(1, scope:spawn(read):await()) end)
  end))

  it("is not shared by tasks of the same parent", inside(function()
    local one = lev.spawn(function() lev.locals().x = 1 end)
    one:await()
    assert.is_nil(lev.await(lev.spawn(function() return lev.locals().x end)))
  end))

  it("goes with its task", inside(function()
    local weak = setmetatable({}, { __mode = "k" })
    lev.await(lev.spawn(function()
      local value = {}
      weak[value] = true
      lev.locals().value = value
    end))
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end))

  it("is of tasks only", function()
    assert.error_matches(function() lev.locals() end,
                         "lev.locals: must be called within a task")
  end)
end)
