-- Tests lev/lua/lua_cleanup.cc.

local lev = require "lev"
local support = require "support"
local inside, run = support.inside, support.run

-- A resource that appends its letter to a trace when it is closed.
local function resource(add, letter)
  return { close = function() add(letter) end }
end

describe("lev.own", function()
  it("closes the resource when the task ends", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.own(resource(add, "r"))
      add "b"
      lev.sleep(1)
      add "e"
    end)
    lev.await(task)
    assert.equal("ber", read())
  end))

  it("returns the resource, and what comes with it", inside(function()
    local object = { close = function() end }
    assert.same({ object, 2, nil, n = 3 },
                table.pack(lev.own(object, 2, nil)))
  end))

  it("lets a failure pass through", inside(function()
    assert.same({ nil, "timeout", n = 2 }, table.pack(lev.own(nil, "timeout")))
    assert.same({ n = 0 }, table.pack(lev.own()))
  end))

  it("passes the resource to its close method", inside(function()
    local seen
    local object = { close = function(...) seen = table.pack(...) end }
    lev.await(lev.spawn(function() lev.own(object) end))
    assert.same({ object, n = 1 }, seen)
  end))

  it("looks for the close method when it closes", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "x"))
      object.close = function() add "y" end
    end))
    assert.equal("y", read())
  end))

  it("finds a close method that is inherited", inside(function()
    local add, read = support.trace()
    local class = { __index = resource(add, "c") }
    lev.await(lev.spawn(function() lev.own(setmetatable({}, class)) end))
    assert.equal("c", read())
  end))

  it("closes twice what is owned twice", inside(function()
    local add, read = support.trace()
    local object = resource(add, "r")
    lev.await(lev.spawn(function() lev.own(object) lev.own(object) end))
    assert.equal("rr", read())
  end))

  it("owns a file", inside(function()
    local file = io.tmpfile()
    lev.await(lev.spawn(function() lev.own(file) end))
    assert.equal("closed file", io.type(file))
  end))

  it("refuses what cannot be closed", inside(function()
    for _, value in ipairs({ {}, 42, true, print }) do
      assert.error_matches(function() lev.own(value) end,
                           "an object with a close method expected")
    end
  end))

  it("outside a run does nothing", function()
    local add, read = support.trace()
    local object = resource(add, "r")
    assert.equal(object, lev.own(object))
    assert.equal(object, lev.disown(object))
    lev.defer(function() add "d" end)
    run(function() end)
    assert.equal("", read())
  end)

  it("keeps a resource alive that nobody else knows", inside(function()
    local closed = false
    lev.await(lev.spawn(function()
      lev.own({ close = function() closed = true end })
      collectgarbage()
      collectgarbage()
      lev.sleep(1)
    end))
    assert.is_true(closed)
  end))
end)

describe("lev.disown", function()
  it("takes the resource back", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "r"))
      assert.equal(object, lev.disown(object))
    end))
    assert.equal("", read())
  end))

  it("hands a resource to another task", inside(function()
    local add, read = support.trace()
    local second
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "r"))
      lev.disown(object)
      second = lev.spawn(function() lev.own(object) lev.sleep(5) end)
    end))
    assert.equal("", read())
    lev.await(second)
    assert.equal("r", read())
  end))

  it("takes one of two back", inside(function()
    local add, read = support.trace()
    local object = resource(add, "r")
    lev.await(lev.spawn(function()
      lev.own(object)
      lev.own(resource(add, "s"))
      lev.own(object)
      lev.disown(object)
    end))
    assert.equal("sr", read())
  end))

  it("compares by identity", inside(function()
    local add, read = support.trace()
    local same = { __eq = function() return true end }
    local first = setmetatable(resource(add, "a"), same)
    local second = setmetatable(resource(add, "b"), same)
    lev.await(lev.spawn(function()
      lev.own(first)
      lev.own(second)
      lev.disown(first)
    end))
    assert.equal("b", read())
  end))

  it("of what is not owned changes nothing", inside(function()
    local object = {}
    assert.equal(object, lev.disown(object))
    assert.is_nil(lev.disown(nil))
  end))

  it("does not take back a deferred function", inside(function()
    local add, read = support.trace()
    local function cleanup() add "d" end
    lev.await(lev.spawn(function()
      lev.defer(cleanup)
      lev.disown(cleanup)
    end))
    assert.equal("d", read())
  end))
end)
