-- Tests lev/lua/lua_core.cc: lev.core's timers and the ends of its waits, in
-- virtual time.

local core = require "lev.core"
local helpers = require "core_support"

local fake, go, run = helpers.fake, helpers.go, helpers.run

describe("timer_register", function()
  it("wakes yield_to_loop, each timer once, the earliest first", function()
    run(function()
      local start = core.now()
      local function after() return math.floor(core.now() - start + 0.5) end
      core.timer_register(3)
      core.timer_register(1)
      assert.is_true(core.yield_to_loop())
      assert.equal(1, after())
      assert.is_true(core.yield_to_loop())
      assert.equal(3, after())
    end)
  end)

  it("is not lost when it is due too early", function()
    run(function()
      core.timer_register(1)
      core.timer_sleep(5)
      local start = core.now()
      assert.is_true(core.yield_to_loop())
      assert.equal(start, core.now())
    end)
  end)

  it("of a coroutine that has ended keeps nobody", function()
    local now
    local loop = fake()
    go(loop, function()
      core.timer_register(1000)
      now = core.now()
    end)
    go(loop, function() core.timer_sleep(1) now = core.now() - now end)
    assert.is_true(core.loop_run(loop))
    assert.is_true(now < 2)
  end)
end)

describe("cancel_wait", function()
  local function cancelled(wait, ...)
    local arguments = table.pack(...)
    run(function(loop)
      local main = coroutine.running()
      go(loop, function()
        assert.is_true(core.cancel_wait(main,
          table.unpack(arguments, 1, arguments.n)))
        assert.is_false(core.cancel_wait(main))
      end)
      assert.same({ nil, "cancelled", n = 2 }, table.pack(wait()))
      assert.is_true(core.timer_sleep(1))
    end)
  end

  it("ends a sleep", function()
    cancelled(function() return core.timer_sleep(1000) end)
  end)

  it("ends yield_to_loop", function() cancelled(core.yield_to_loop) end)

  it("removes a registered timer", function()
    run(function(loop)
      local main = coroutine.running()
      local timer = core.timer_register(1000)
      go(loop, function()
        assert.is_false(core.cancel_wait(main, nil, timer + 1))
        assert.is_true(core.cancel_wait(main, nil, timer))
        assert.is_false(core.cancel_wait(main, nil, timer))
      end)
      assert.same({ nil, "cancelled" }, { core.yield_to_loop() })
      assert.equal(0, core.loop_stats(loop).timer_count)
    end)
  end)

  it("leaves alone who waits for something else", function()
    run(function(loop)
      local main = coroutine.running()
      go(loop, function()
        assert.is_false(core.cancel_wait(main, 7))
        assert.is_false(core.cancel_wait((coroutine.running())))
      end)
      assert.is_true(core.timer_sleep(1))
    end)
  end)

  it("comes too late for who was woken", function()
    run(function(loop)
      local main = coroutine.running()
      go(loop, function()
        core.ready_enqueue(loop, main, "woken")
        assert.is_false(core.cancel_wait(main))
      end)
      assert.equal("woken", core.yield_to_loop())
    end)
  end)
end)
