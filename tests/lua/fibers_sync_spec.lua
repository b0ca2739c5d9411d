-- Tests lev/lua/faces/fibers/{channel,queue,sleep,cond,waitgroup,alarm}.lua.

local support = require "support"
local fibers_support = require "fibers_support"
local fibers = require "fibers"
local alarm = require "fibers.alarm"
local channel = require "fibers.channel"
local cond = require "fibers.cond"
local queue = require "fibers.queue"
local sleep = require "fibers.sleep"
local waitgroup = require "fibers.waitgroup"

local fiber, failure = fibers_support.fiber, fibers_support.failure
local perform = fibers.perform

-- Whether the operation cannot be done at once.
local function blocks(operation)
  return perform(operation:or_else(function() return blocks end)) == blocks
end

describe("fibers.channel", function()
  it("has both sides meet", fiber(function()
    for _, new in ipairs { channel.new, function() return channel.new(0) end,
                           function() return channel.new(-1) end } do
      local c = new()
      assert.is_true(blocks(c:put_op(1)))
      assert.is_true(blocks(c:get_op()))
      fibers.spawn(function() assert.equal(0, select("#", c:put("x", "y"))) end)
      assert.same({ "x" }, { c:get() })
    end
  end))

  it("holds so many, in order, nil included", fiber(function()
    local c = channel.new(2)
    c:put(nil)
    c:put(false)
    assert.is_true(blocks(c:put_op(3)))
    assert.same({ n = 1, nil }, table.pack(c:get()))
    assert.same({ n = 1, false }, table.pack(c:get()))
  end))

  it("may hold any number", fiber(function()
    local c = channel.new(math.huge)
    for i = 1, 1000 do c:put(i) end
    assert.same({ 1, 2 }, { c:get(), c:get() })
  end))

  it("serves in the order of coming", fiber(function()
    local c = channel.new()
    local put, trace = support.trace()
    for i = 1, 3 do
      fibers.spawn(function(n) put(n .. c:get()) end, i)
      sleep.sleep(0.001)
    end
    for _, letter in ipairs { "a", "b", "c" } do c:put(letter) end
    sleep.sleep(0.001)
    assert.equal("1a2b3c", trace())
  end))
end)

describe("fibers.queue", function()
  it("is a channel without limit, or with one", fiber(function()
    local q = queue.new()
    for i = 1, 100 do q:put(i) end
    assert.equal(1, q:get())
    local bounded = queue.new(1)
    bounded:put(1)
    assert.is_true(blocks(bounded:put_op(2)))
  end))
end)

describe("fibers.sleep", function()
  it("sleeps for seconds, and until a time", fiber(function()
    local before = fibers.now()
    assert.equal(0, select("#", sleep.sleep(1)))
    sleep.sleep_until(before + 3)
    assert.near(3, fibers.now() - before, 0.01)
  end))

  it("counts from each perform", fiber(function()
    local before = fibers.now()
    local operation = sleep.sleep_op(1)
    sleep.sleep(5)
    assert.equal(0, select("#", perform(operation)))
    perform(operation)
    assert.near(7, fibers.now() - before, 0.01)
  end))

  it("does not wait for what is over", fiber(function()
    assert.is_false(blocks(sleep.sleep_op(0)))
    assert.is_false(blocks(sleep.sleep_op(-1)))
    assert.is_false(blocks(sleep.sleep_until_op(fibers.now() - 1)))
    assert.is_true(blocks(sleep.sleep_op(1)))
  end))
end)

describe("fibers.cond", function()
  it("lets go all who wait, and who come later", fiber(function()
    local c = cond.new()
    local gone = 0
    for _ = 1, 2 do
      fibers.spawn(function() c:wait() gone = gone + 1 end)
    end
    assert.is_true(blocks(c:wait_op()))
    c:signal()
    c:signal()
    sleep.sleep(0.001)
    assert.equal(2, gone)
    assert.equal(0, select("#", c:wait()))
  end))
end)

describe("fibers.waitgroup", function()
  it("waits until the count is 0, again and again", fiber(function()
    local group = waitgroup.new()
    group:wait()
    for _ = 1, 2 do
      group:add(2)
      assert.is_true(blocks(group:wait_op()))
      fibers.spawn(function() group:done() sleep.sleep(1) group:done() end)
      assert.equal(0, select("#", group:wait()))
    end
  end))

  it("cannot go below", fiber(function()
    local group = waitgroup.new()
    group:add(1)
    assert.equal("waitgroup counter goes negative",
                 failure(group.add, group, -2))
    group:done()
    assert.equal("waitgroup counter goes negative", failure(group.done, group))
  end))
end)

-- One clock for all alarms: these go in order.
describe("fibers.alarm", function()
  local times = { 10, 12, 15 }

  -- Fires at these times, and then no more.
  local function next_time(last, _)
    for _, time in ipairs(times) do
      if not last or time > last then return time end
    end
  end

  it("fires never before there is a clock", fiber(function()
    local a = alarm.new { next_time = next_time }
    assert.is_true(a:is_active())
    assert.equal("late", perform(fibers.choice(a:wait_op(),
      sleep.sleep_op(1000):wrap(function() return "late" end))))
  end))

  it("gets its clock once", fiber(function()
    alarm.set_time_source(function() return fibers.now() % 1000 end)
    assert.equal("set_time_source may only be called once",
                 failure(alarm.set_time_source, fibers.now))
  end))

  it("fires at each time, says once that there is no more, and is silent then",
     fiber(function()
    local start = fibers.now() % 1000
    times = { start + 10, start + 12, start + 15 }
    local a = alarm.new { next_time = next_time, label = "a" }
    for _, time in ipairs(times) do
      assert.same({ true, a, time }, { perform(a:wait_op()) })
      assert.near(time, fibers.now() % 1000, 0.01)
    end
    assert.same({ false, "no_more_recurrences", a, times[3] },
                { perform(a:wait_op()) })
    assert.is_false(a:is_active())
    assert.is_true(blocks(a:wait_op()))
  end))

  it("loses no time by losing", fiber(function()
    local start = fibers.now() % 1000
    times = { start + 2 }
    local a = alarm.new { next_time = next_time }
    perform(fibers.choice(a:wait_op(), sleep.sleep_op(1)))
    assert.same({ true, a, start + 2 }, { perform(a:wait_op()) })
  end))

  it("is silent when it is cancelled", fiber(function()
    local a = alarm.new { next_time = next_time }
    a:cancel()
    assert.is_false(a:is_active())
    assert.is_true(blocks(a:wait_op()))
  end))

  it("needs to know its next time", function()
    assert.matches("next_time must be a function", failure(alarm.new, {}))
    assert.matches("next_time must be a function", failure(alarm.new))
  end)
end)
