-- Tests lev/lua/lua_drive.cc: where a task can suspend and where it cannot.

local lev = require "lev"
local support = require "support"
local inside, run = support.inside, support.run

describe("a task may suspend inside", function()
  it("pcall", inside(function()
    assert.same({ true, true, "after" },
                { pcall(function() return lev.sleep(1), "after" end) })
    local ok, err = pcall(function() lev.sleep(1) error("boom", 0) end)
    assert.same({ false, "boom" }, { ok, err })
  end))

  it("xpcall, whose handler is called afterwards", inside(function()
    assert.same({ false, "handled boom" }, { xpcall(function()
      lev.sleep(1)
      error("boom", 0)
    end, function(err) return "handled " .. err end) })
  end))

  it("an iterator of a for loop", inside(function()
    local seen = {}
    for i in function(_, last) lev.sleep(1) return last < 3 and last + 1 end,
        nil, 0 do
      if not i then break end
      seen[#seen + 1] = i
    end
    assert.same({ 1, 2, 3 }, seen)
    assert.equal(4, lev.now())
  end))

  it("a metamethod", inside(function()
    local object = setmetatable({}, {
      __index = function(_, key) lev.sleep(1) return key end,
      __add = function() lev.sleep(1) return 7 end,
      __eq = function() lev.sleep(1) return true end,
      __call = function(_, ...) lev.sleep(1) return ... end,
    })
    assert.equal("key", object.key)
    assert.equal(7, object + 1)
    assert.is_true(object == setmetatable({}, getmetatable(object)))
    assert.equal(9, object(9))
    assert.equal(4, lev.now())
  end))

  it("__close of a block that is left normally", inside(function()
    local closed
    do
      local _ <close> = setmetatable({}, {
        __close = function() lev.sleep(1) closed = lev.now() end })
    end
    assert.equal(1, closed)
  end))

  it("__close of a block that an error leaves", inside(function()
    local closed
    pcall(function()
      local _ <close> = setmetatable({}, {
        __close = function() lev.sleep(1) closed = lev.now() end })
      error("boom")
    end)
    assert.equal(1, closed)
  end))

  it("dofile and load", inside(function()
    package.loaded.spec_lev = lev
    assert.is_true(load("return require('spec_lev').sleep(1)")())
    package.loaded.spec_lev = nil
  end))
end)

describe("a blocking call that cannot suspend", function()
  local function refused(message, body)
    return inside(function()
      local ok, err = pcall(body)
      assert.is_false(ok)
      assert.matches(message, tostring(err), 1, true)
      -- And the task goes on.
      assert.is_true(lev.sleep(1))
    end)
  end

  it("in the callback of gsub names it",
     refused("lev.sleep: cannot suspend inside 'gsub'", function()
       string.gsub("x", "x", function() lev.sleep(1) end)
     end))

  it("in a comparator of sort names it",
     refused("lev.sleep: cannot suspend inside 'sort'", function()
       table.sort({ 1, 2, 3 }, function(a, b) lev.sleep(1) return a < b end)
     end))

  it("in the body of a module names require",
     refused("lev.sleep: cannot suspend inside 'require'", function()
       package.preload.lev_spec_module = function() lev.sleep(1) end
       require "lev_spec_module"
     end))

  it("in __tostring names tostring",
     refused("lev.sleep: cannot suspend inside 'tostring'", function()
       tostring(setmetatable({}, {
         __tostring = function() lev.sleep(1) return "" end }))
     end))

  it("in coroutine.wrap says so",
     refused("lev.sleep: cannot suspend inside a coroutine that is not a task",
             function()
               coroutine.wrap(function() lev.sleep(1) end)()
             end))

  it("says so whichever call it is", inside(function()
    local task = lev.spawn(function() end)
    for name, call in pairs({
      ["lev.sleep"] = function() lev.sleep(1) end,
      ["lev.yield"] = lev.yield,
      ["lev.await"] = function() lev.await(task) end,
      ["lev.race"] = function() lev.race({ print }) end,
      ["lev.all"] = function() lev.all({ print }) end,
    }) do
      local _, err = pcall(string.gsub, "x", "x", call)
      assert.matches(name .. ": cannot suspend inside ", err, 1, true)
      local _, inner = pcall(coroutine.wrap(call))
      assert.matches(name .. ": cannot suspend inside a coroutine", inner, 1,
                     true)
    end
    assert.equal(0, lev.stats().timer_count)
  end))

  it("in a finalizer raises there, and harms nobody", inside(function()
    local message
    setmetatable({}, {
      __gc = function() message = select(2, pcall(lev.sleep, 1)) end })
    collectgarbage()
    collectgarbage()
    assert.matches("lev.sleep: cannot suspend", message)
    assert.is_true(lev.sleep(1))
  end))

  it("in a finalizer outside any task raises, too", function()
    local message
    run(function()
      lev.spawn(function() lev.sleep(5) end)
      lev.sleep(1)
      setmetatable({}, {
        __gc = function() message = select(2, pcall(lev.sleep, 1)) end })
    end)
    collectgarbage()
    collectgarbage()
    assert.matches("lev.sleep: must be called within lev.run", message)
  end)

  it("in a logger says so", function()
    local message
    lev.set_logger(function() message = select(2, pcall(lev.sleep, 1)) end)
    run(function() lev.spawn(error, { detached = true }) end)
    lev.set_logger(nil)
    assert.matches("lev.sleep: cannot suspend outside a task", message, 1,
                   true)
  end)
end)

describe("coroutines of the user's own", function()
  it("work as generators inside a task", inside(function()
    local sum = 0
    for i in coroutine.wrap(function()
      for i = 1, 10 do coroutine.yield(i) end
    end) do
      lev.sleep(1)
      sum = sum + i
    end
    assert.equal(55, sum)
    assert.equal(10, lev.now())
  end))

  it("can be handed from task to task", inside(function()
    local generator = coroutine.wrap(function()
      for i = 1, 4 do coroutine.yield(i) end
    end)
    local results = lev.all({
      function() lev.sleep(1) return generator(), generator() end,
      function() lev.sleep(2) return generator(), generator() end,
    })
    assert.same({ { 1, 2 }, { 3, 4 } }, results)
  end))

  it("nest deeply", inside(function()
    local function descend(n)
      if n == 0 then return lev.now() end
      return coroutine.wrap(descend)(n - 1)
    end
    assert.equal(0, descend(100))
    assert.is_true(lev.sleep(1))
  end))
end)
