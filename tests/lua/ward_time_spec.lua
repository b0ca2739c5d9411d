-- Tests lev/lua/faces/ward_time.lua.

local lev = require "lev"
local support = require "support"
local async = require "ward.async"
local time = require "ward.time"

local inside = support.inside

local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

-- In milliseconds of virtual time.
local function timed(fn, ...)
  local before = lev.now()
  fn(...)
  return math.floor((lev.now() - before) * 1000 + 0.5)
end

local function slept(duration)
  return timed(function() assert.is_true(time.sleep(duration):wait()) end)
end

describe("a duration", function()
  it("is a text with a unit", inside(function()
    for text, ms in pairs { ["200ms"] = 200, ["1.5s"] = 1500, ["1m"] = 60000,
                            ["2h"] = 7200000, ["+5ms"] = 5, [" 7 ms "] = 7,
                            ["1000us"] = 1, ["2000000ns"] = 2, ["0s"] = 0,
                            ["1d"] = 86400000 } do
      assert.equal(ms, slept(text), text)
    end
  end))

  it("is a number of seconds", inside(function()
    assert.equal(2000, slept(2))
    assert.equal(0, slept(0))
    assert.equal(50, slept(0.05))
  end))

  it("is a Duration, or its parts", inside(function()
    local period = time.interval("30ms"):period()
    assert.equal(30, slept(period))
    assert.equal(1250, slept { seconds = 1, millis = 250 })
  end))

  it("is nothing else", inside(function()
    local empty = "duration string cannot be empty"
    assert.equal(empty, failure(time.sleep, ""))
    assert.equal(empty, failure(time.sleep, "  "))
    for _, text in ipairs { "soon", "5", "ms", "5 parsecs", "1..5s" } do
      assert.equal("failed to parse duration string",
                   failure(time.sleep, text))
    end
    for _, value in ipairs { -1, -0.5, "-5ms" } do
      assert.equal("duration must be non-negative", failure(time.sleep, value))
    end
    for _, value in ipairs { 0 / 0, math.huge, -math.huge } do
      assert.equal("duration must be finite", failure(time.sleep, value))
    end
    assert.equal("duration must be number, string, or Duration userdata",
                 failure(time.sleep, true))
    assert.equal("duration must be number, string, or Duration userdata",
                 failure(time.sleep))
  end))
end)

describe("time.sleep", function()
  it("does nothing until it is waited for, and then from zero each time",
     inside(function()
    local sleep = time.sleep("20ms")
    lev.sleep(1)
    assert.equal(20, timed(sleep.wait, sleep))
    assert.equal(20, timed(sleep))
    assert.equal(20, timed(async.await, sleep))
  end))
end)

describe("time.after", function()
  it("returns what its callback returns, later", inside(function()
    local after = time.after("20ms", function() return 1, nil, 3 end)
    assert.equal(20, timed(function()
      assert.same({ n = 3, 1, nil, 3 }, table.pack(after:wait()))
    end))
    assert.same({ n = 3, 1, nil, 3 }, table.pack(after()))
  end))

  it("can do without", inside(function()
    assert.is_true(time.after("1ms"):wait())
    assert.equal("bad argument #2 to 'after' (function expected, got number)",
                 failure(time.after, "1ms", 5))
  end))
end)

describe("time.interval", function()
  it("counts its ticks", inside(function()
    local interval = time.interval("10ms")
    assert.equal(30, timed(function()
      assert.same({ 1, 2, 3 }, { interval:wait(), interval(),
                                 async.await(interval) })
    end))
  end))

  it("delivers what was missed", inside(function()
    local interval = time.interval("10ms")
    lev.sleep(0.025)
    assert.equal(5, timed(function()
      for tick = 1, 3 do assert.equal(tick, interval:wait()) end
    end))
  end))

  it("begins a period anew when it is reset", inside(function()
    local interval = time.interval("10ms")
    lev.sleep(0.008)
    assert.is_true(interval:reset())
    assert.equal(10, timed(interval))
    assert.equal(10, interval:period():millis())
  end))
end)

describe("time.timeout", function()
  it("returns what came in time", inside(function()
    local task = async.spawn(function()
      time.sleep("5ms"):wait()
      return 1, nil, 3
    end)
    assert.same({ n = 3, 1, nil, 3 },
                table.pack(time.timeout(task, "10ms"):wait()))
  end))

  it("raises when it did not", inside(function()
    local task = async.spawn(function()
      time.sleep("50ms"):wait()
      return "late"
    end)
    assert.equal("timeout", failure(time.timeout(task, "10ms")))
    assert.equal("late", task:wait())
  end))

  it("passes on errors", inside(function()
    local task = async.spawn(function() error("boom", 0) end)
    assert.equal("boom", failure(time.timeout(task, "10ms")))
  end))

  it("can be waited for once", inside(function()
    local timeout = time.timeout(time.sleep("1ms"), "5ms")
    assert.is_true(timeout:wait())
    assert.equal("timeout awaitable already consumed", failure(timeout))
  end))
end)

describe("time.instant_now", function()
  it("knows how long ago it was", inside(function()
    local instant = time.instant_now()
    lev.sleep(0.25)
    local elapsed = instant:elapsed()
    assert.near(0.25, elapsed:seconds(), 1e-6)
    assert.same({ 250, 250000, 250000000 },
                { elapsed:millis(), elapsed:micros(), elapsed:nanos() })
    assert.equal("integer", math.type(elapsed:millis()))
  end))
end)
