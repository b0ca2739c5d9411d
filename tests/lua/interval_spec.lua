-- Tests lev/lua/lua_interval.cc.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.interval", function()
  it("ticks once per period, without drift", inside(function()
    local interval = lev.interval(1)
    for tick = 1, 3 do
      assert.equal(tick, interval:wait())
      assert.equal(tick, lev.now())
      lev.sleep(0.3)
    end
  end))

  it("skips, delivers or delays what was missed", inside(function()
    local skip = lev.interval(1)
    local burst = lev.interval(1, { missed = "burst" })
    local delay = lev.interval(1, { missed = "delay" })
    lev.sleep(3.5)
    assert.same({ 3, 1, 2, 3, 1 }, { skip:wait(), burst:wait(),
      burst:wait(), burst:wait(), delay:wait() })
    assert.equal(3.5, lev.now())
    assert.equal(4, skip:wait())
    assert.equal(4, burst:wait())
    assert.equal(4, lev.now())
    assert.equal(2, delay:wait())
    assert.equal(4.5, lev.now())
  end))

  it("is waited for with a limit", inside(function()
    local interval, token = lev.interval(2), lev.cancel_token()
    assert.same({ nil, "timeout" }, { interval:wait(1) })
    lev.spawn(function() lev.sleep(0.5) token:cancel() end)
    assert.same({ nil, "cancelled" }, { interval:wait({ cancel = token }) })
    assert.equal(1.5, lev.now())
    assert.equal(1, interval:wait(0.5))
    local task = lev.spawn(function() interval:wait() end)
    lev.yield()
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    assert.equal(2, interval:wait())
  end))

  it("gives each tick to one task", inside(function()
    local interval, ticks = lev.interval(1), {}
    local function take()
      local tick = interval:wait()
      ticks[#ticks + 1] = tick
    end
    lev.await(lev.spawn(function() lev.all({ take, take }) end))
    assert.same({ 1, 2 }, ticks)
    assert.equal(2, lev.now())
  end))

  it("can be looped over", inside(function()
    for tick in lev.interval(1) do
      if tick == 3 then break end
    end
    for tick in lev.interval(1):iter() do
      if tick == 2 then break end
    end
    assert.equal(5, lev.now())
  end))

  it("raises for a period or a policy that is none", inside(function()
    for _, period in ipairs { 0, -1, 0 / 0, "1" } do
      assert.error_matches(function() lev.interval(period) end, "seconds")
    end
    assert.error_matches(function() lev.interval(1, { missed = "all" }) end,
      "'skip', 'burst' or 'delay' expected")
  end))
end)
