-- Tests lev/lua/lua_core.cc: what lev.core says to those who misuse it, and
-- what it shares with lev.

local core = require "lev.core"
local lev = require "lev"
local net = require "net_support"
local support = require "support"

-- Within a loop whose coroutine is `body`, or outside of any.
local function in_loop(body)
  local loop, failure = core.loop_new { poller = "fake" }, nil
  core.spawn(loop, coroutine.create(body), loop)
  assert(core.loop_run(loop, function(_, ok, err)
    if not ok then failure = err end
  end))
  if failure then error(failure, 0) end
end

local function raises(expected, call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  assert.truthy(text:find(expected, 1, true), text)
  -- The caller's mistake, not this module's.
  assert.truthy(text:find("core_misuse_spec.lua", 1, true), text)
end

local LOOP_FIRST = { "loop_stop", "loop_destroy", "loop_stats", "spawn",
  "ready_enqueue" }

describe("An argument that is wrong", function()
  for _, name in ipairs(LOOP_FIRST) do
    it("instead of the loop is named by " .. name, function()
      for _, value in ipairs { 1, {}, "text", coroutine.create(print) } do
        raises(("bad argument #1 to '%s' (lev.core.loop expected, got "):format(
          name), function() core[name](value) end)
      end
      raises("got nil", function() core[name]() end)
    end)
  end

  it("is named by loop_run", function()
    for _, arguments in ipairs { {}, { 1 }, { core.loop_new(), 1 } } do
      local ok, err = pcall(core.loop_run, table.unpack(arguments))
      assert.is_false(ok)
      assert.matches("bad argument #" .. math.max(1, #arguments) ..
        " to 'loop_run'", err)
    end
  end)

  it("is named by loop_new, at last when it runs", function()
    raises("bad argument #1 to 'loop_new'", function() core.loop_new(1) end)
    local ok, err = pcall(core.loop_run, core.loop_new { unknown = 1 })
    assert.is_false(ok)
    assert.matches("unknown option 'unknown'", err)
  end)

  it("is named by those who take a coroutine", function()
    local loop = core.loop_new()
    raises("bad argument #2 to 'spawn' (thread expected, got function)",
      function() core.spawn(loop, print) end)
    raises("bad argument #2 to 'ready_enqueue' (coroutine expected, got nil)",
      function() core.ready_enqueue(loop) end)
    raises("bad argument #1 to 'cancel_wait' (coroutine expected, got 1)",
      function() core.cancel_wait(1) end)
    raises("bad argument #1 to 'cancel_wait' (coroutine that was given",
      function() core.cancel_wait(coroutine.create(print)) end)
  end)

  it("is named by those who take a descriptor, a time, a timer", function()
    in_loop(function()
      local co = coroutine.running()
      for _, name in ipairs { "wait_readable", "wait_writable",
        "fd_deregister" } do
        raises("got nil", function() core[name](nil) end)
        for _, value in ipairs { -1, 1.5, "1", 2 ^ 40, {}, co } do
          raises("bad argument #1 to '" .. name .. "' (open descriptor",
            function() core[name](value) end)
        end
      end
      for _, value in ipairs { -1, 0 / 0, "1", {}, true } do
        for _, name in ipairs { "timer_sleep", "timer_register" } do
          raises("bad argument #1 to '" .. name .. "' (number of seconds",
            function() core[name](value) end)
        end
        raises("bad argument #2 to 'wait_readable' (number of seconds",
          function() core.wait_readable(0, value) end)
      end
      raises("bad argument #2 to 'cancel_wait' (open descriptor",
        function() core.cancel_wait(co, "x") end)
      raises("bad argument #3 to 'cancel_wait' (number",
        function() core.cancel_wait(co, nil, "x") end)
    end)
  end)
end)

describe("A function of lev.core in the wrong place", function()
  it("says so outside of any coroutine", function()
    raises("lev.core.yield_to_loop: not in a coroutine",
      function() core.yield_to_loop() end)
    raises("lev.core.timer_register: not in a coroutine",
      function() core.timer_register(1) end)
    for _, name in ipairs { "wait_readable", "timer_sleep" } do
      local ok, err = pcall(core[name], 0)
      assert.is_false(ok)
      assert.matches("must be called within lev.run", err)
    end
  end)

  it("says so in a coroutine within the coroutine", function()
    in_loop(function()
      for _, name in ipairs { "wait_readable", "timer_sleep" } do
        local ok, err = pcall(coroutine.wrap(core[name]), 0)
        assert.is_false(ok)
        assert.matches("inside a coroutine that is not a task", err)
      end
      raises("not in a coroutine that was given",
        coroutine.wrap(function() core.yield_to_loop() end))
    end)
  end)

  it("says so where Lua cannot suspend", function()
    in_loop(function()
      local ok, err = pcall(string.gsub, "x", "x",
        function() core.timer_sleep(1) end)
      assert.is_false(ok)
      assert.matches("C%-call boundary", err)
    end)
  end)
end)

describe("lev.core and lev", function()
  it("have one clock", function()
    in_loop(function() assert.equal(lev.now(), core.now()) end)
  end)

  it("share a loop: tasks may use what does not need a coroutine",
    support.inside(function()
      local start = core.now()
      assert.is_true(core.timer_sleep(1))
      assert.is_true(core.now() >= start + 1)
    end))

  it("share a loop: coroutines may spawn tasks", function()
    local put, trace = support.trace()
    in_loop(function()
      lev.spawn(function() lev.sleep(2) put "b" end)
      core.timer_sleep(1)
      put "a"
    end)
    assert.equal("ab", trace())
  end)

  it("are loaded once", function()
    local loaded = package.loaded["lev.core"]
    package.loaded["lev.core"] = nil
    assert.equal(loaded, require "lev.core")
    local token = lev.cancel_token()
    package.loaded.lev = nil
    assert.equal(lev, require "lev")
    assert.is_false(token:is_cancelled())
  end)

  it("do not depend on who is called lev", function()
    assert.equal("core only\nexit 0\n", net.subprocess [[
      package.loaded.lev = { mine = true }
      local core = require "lev.core"
      local loop = core.loop_new()
      core.spawn(loop, coroutine.create(function()
        core.timer_sleep(0.001)
        print("core only")
      end))
      assert(core.loop_run(loop))
      assert(require("lev").mine)]])
  end)
end)

describe("loop_stats", function()
  it("counts the coroutines of the loop", function()
    local loop = core.loop_new { poller = "fake" }
    local function body()
      core.timer_sleep(1)
      local stats = core.loop_stats(loop)
      assert.equal(2, stats.active_coros)
      assert.equal(2, stats.task_count)
      core.timer_sleep(1)
    end
    core.spawn(loop, coroutine.create(body))
    core.spawn(loop, coroutine.create(body))
    local stats = core.loop_stats(loop)
    assert.same({ active_coros = 2, task_count = 2, ready_count = 2,
      registered_fds = 0, timer_count = 0 }, stats)
    local failure
    assert.is_true(core.loop_run(loop, function(_, ok, err)
      if not ok then failure = err end
    end))
    assert.is_nil(failure)
    assert.equal(0, core.loop_stats(loop).active_coros)
  end)
end)
