-- Tests lev/lua/lua_core.cc: lev.core's loops, coroutines and timers, in
-- virtual time where no descriptor is involved.

local core = require "lev.core"
local lev = require "lev"
local net = require "net_support"
local support = require "support"
local helpers = require "core_support"

local fake, go, run = helpers.fake, helpers.go, helpers.run

describe("loop_run", function()
  it("returns true when all coroutines have ended", function()
    local put, trace = support.trace()
    run(function() core.timer_sleep(2) put "b" end,
      function() core.timer_sleep(1) put "a" end)
    assert.equal("ab", trace())
  end)

  it("returns at once when there is none", function()
    assert.is_true(core.loop_run(core.loop_new()))
  end)

  it("tells on_complete of results and of errors", function()
    local loop, seen = fake(), {}
    local good = go(loop, function(...) return "x", nil, ... end, 3, nil)
    local bad = go(loop, function() core.timer_sleep(1) error({}) end)
    assert.is_true(core.loop_run(loop, function(co, ...)
      seen[co] = table.pack(...)
    end))
    assert.same({ true, "x", nil, 3, nil, n = 5 }, seen[good])
    assert.is_false(seen[bad][1])
    assert.equal("table", type(seen[bad][2]))
  end)

  it("leaves on_complete the stack of what failed, and closes it then",
    function()
      local loop, trace, closed = fake(), nil, false
      go(loop, function()
        local _ <close> = setmetatable({}, {
          __close = function() closed = true end })
        local function culprit() error("oops") end
        culprit()
      end)
      core.loop_run(loop, function(co)
        trace = debug.traceback(co)
        assert.is_false(closed)
      end)
      assert.matches("culprit", trace)
      assert.is_true(closed)
    end)

  it("goes on with what on_complete spawns", function()
    local loop, count = fake(), 0
    local function again() count = count + 1 end
    go(loop, again)
    core.loop_run(loop, function() if count < 5 then go(loop, again) end end)
    assert.equal(5, count)
  end)

  it("stops when on_complete fails, and says why", function()
    local loop, closed = fake(), false
    go(loop, function()
      local _ <close> = setmetatable({}, {
        __close = function() closed = true end })
      core.timer_sleep(1)
    end)
    go(loop, function() end)
    local ok, err = core.loop_run(loop, function() error("mine", 0) end)
    assert.is_nil(ok)
    assert.equal("mine", err)
    assert.is_true(closed)
  end)

  it("logs failures when nobody is told", function()
    local messages = support.logged(function()
      local loop = fake()
      go(loop, function() error("unheard") end)
      assert.is_true(core.loop_run(loop))
    end)
    assert.equal(1, #messages)
    assert.matches("unheard", messages[1])
  end)

  it("reports a deadlock, and closes the coroutines", function()
    local loop, closed = fake(), 0
    for _ = 1, 2 do
      go(loop, function()
        local _ <close> = setmetatable({}, {
          __close = function() closed = closed + 1 end })
        core.yield_to_loop()
      end)
    end
    local ok, err = core.loop_run(loop)
    assert.is_nil(ok)
    assert.matches("^deadlock: ", err)
    assert.equal(2, closed)
  end)

  it("may be called again, and for one loop after another", function()
    local first, second, count = fake(), fake(), 0
    local function sleeper() core.timer_sleep(1) count = count + 1 end
    for _, loop in ipairs { first, second, first } do
      go(loop, sleeper)
      assert.is_true(core.loop_run(loop))
    end
    assert.equal(3, count)
  end)

  it("does not nest", function()
    local loop = fake()
    go(loop, function()
      local ok, err = pcall(core.loop_run, fake())
      assert.is_false(ok)
      assert.matches("nested", err)
    end)
    assert.is_true(core.loop_run(loop, function(_, ok, err)
      assert(ok, err)
    end))
  end)

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    for _ = 1, 3 do
      local loop = core.loop_new()
      go(loop, function() core.timer_sleep(0.001) end)
      core.loop_run(loop)
      core.loop_destroy(loop)
    end
    assert.equal(before, net.count_fds())
  end)
end)

describe("loop_stop", function()
  it("ends the run and closes what has not ended", function()
    local loop, closed = fake(), 0
    local function sleeper()
      local _ <close> = setmetatable({}, {
        __close = function() closed = closed + 1 end })
      core.timer_sleep(1000)
    end
    go(loop, sleeper)
    go(loop, function()
      go(loop, sleeper)
      core.timer_sleep(1)
      core.loop_stop(loop)
      go(loop, function() error("never begun") end)
    end)
    assert.is_true(core.loop_run(loop))
    assert.equal(2, closed)
    assert.equal(0, core.loop_stats(loop).active_coros)
  end)

  it("does nothing to a loop that does not run", function()
    local loop, ran = fake(), false
    core.loop_stop(loop)
    go(loop, function() ran = true end)
    core.loop_run(loop)
    assert.is_true(ran)
  end)
end)

describe("loop_destroy", function()
  it("may be called twice, and drops what was spawned", function()
    local loop = fake()
    local co = go(loop, function() end)
    core.loop_destroy(loop)
    core.loop_destroy(loop)
    assert.equal("dead", coroutine.status(co))
    assert.matches("destroyed", tostring(loop))
    local ok, err = pcall(core.loop_run, loop)
    assert.is_false(ok)
    assert.matches("the loop is destroyed", err)
  end)

  it("is what closing the variable does", function()
    local kept
    do
      local loop <close> = fake()
      kept = loop
    end
    assert.matches("destroyed", tostring(kept))
  end)

  it("is refused while the loop runs", function()
    run(function(loop)
      local ok, err = pcall(core.loop_destroy, loop)
      assert.is_false(ok)
      assert.matches("running", err)
    end)
  end)
end)

describe("spawn", function()
  it("adds to a running loop, in order", function()
    local put, trace = support.trace()
    run(function(loop)
      go(loop, put, "b")
      go(loop, put, "c")
      put "a"
    end)
    assert.equal("abc", trace())
  end)

  it("takes a coroutine once", function()
    run(function(loop)
      local co = go(loop, function() end)
      assert.is_false((pcall(core.spawn, loop, co)))
      assert.is_false((pcall(core.spawn, loop, coroutine.running())))
      core.timer_sleep(1)
      assert.is_false((pcall(core.spawn, loop, co)))
    end)
  end)

  it("survives a coroutine that its user has closed", function()
    local loop, results = fake(), nil
    local co = go(loop, function() core.yield_to_loop() end)
    go(loop, function()
      coroutine.close(co)
      assert.is_false(core.ready_enqueue(loop, co))
      core.cancel_wait(co)
    end)
    core.loop_run(loop, function(which, ...)
      if which == co then results = { ... } end
    end)
    assert.is_false(results[1])
    assert.matches("dead coroutine", results[2])
  end)
end)

describe("ready_enqueue", function()
  it("resumes yield_to_loop with its values", function()
    run(function(loop)
      local main = coroutine.running()
      go(loop, function()
        assert.is_true(core.ready_enqueue(loop, main, 1, nil, 3, nil))
      end)
      assert.same({ 1, nil, 3, nil, n = 4 },
        table.pack(core.yield_to_loop()))
    end)
  end)

  it("is not lost on a coroutine that does not wait yet", function()
    run(function(loop)
      local main = coroutine.running()
      go(loop, function()
        core.ready_enqueue(loop, main, "first")
        core.ready_enqueue(loop, main, "second")
      end)
      assert.is_true(core.timer_sleep(1))
      assert.equal("first", core.yield_to_loop())
      assert.equal("second", core.yield_to_loop())
    end)
  end)

  it("of oneself gives the others a turn", function()
    local put, trace = support.trace()
    local function body(letter)
      return function(loop)
        for _ = 1, 3 do
          put(letter)
          core.ready_enqueue(loop, coroutine.running())
          core.yield_to_loop()
        end
      end
    end
    run(body "a", body "b")
    assert.equal("ababab", trace())
  end)

  it("also ends a plain coroutine.yield", function()
    run(function(loop)
      local main = coroutine.running()
      go(loop, function() core.ready_enqueue(loop, main, "woken") end)
      assert.equal("woken", coroutine.yield("anything"))
    end)
  end)

  it("is for coroutines of the loop", function()
    run(function(loop)
      local other = fake()
      assert.is_false((pcall(core.ready_enqueue, other,
        coroutine.running())))
      assert.is_false((pcall(core.ready_enqueue, loop,
        coroutine.create(print))))
    end)
  end)
end)
