-- Tests that what waits can be cut short at every moment: tasks, tokens, times.
-- (torture_support.lua says what happens to each scenario.)

local lev = require "lev"
local torture = require "torture_support"

local function scenario(title, body) it(title, torture.test(body)) end

-- Counts what is open, and closes it once.
local function resources()
  local open = { now = 0, ever = 0 }
  function open.new()
    open.now, open.ever = open.now + 1, open.ever + 1
    local closed = false
    return { close = function()
      assert(not closed, "closed twice")
      closed, open.now = true, open.now - 1
    end }
  end
  return open
end

describe("Torture of a task that", function()
  scenario("sleeps", function(t)
    local slept = 0
    local how = t:victim(function()
      for _ = 1, 3 do
        t:must(lev.sleep(0.002, t:wait().cancel))
        slept = slept + 1
      end
    end)
    assert.is_true(how ~= "done" or slept == 3)
  end)

  scenario("yields and checks", function(t)
    local steps = 0
    t:victim(function()
      for _ = 1, 3 do
        lev.yield()
        lev.checkpoint()
        steps = steps + 1
      end
    end)
    assert.is_true(steps <= 3)
  end)

  scenario("waits for tasks", function(t)
    local slow = t:closes("the task", lev.spawn(function()
      lev.sleep(0.003)
      return "result"
    end), function() end)
    t:closes("the task by cancel", slow, function() slow:cancel() end)
    t:closes("the task by abort", slow, function() slow:abort() end)
    t:victim(function()
      assert.equal("result", t:must(slow:await(t:wait())))
      assert.equal("result", t:must(lev.await(slow, t:wait())))
      lev.yield()
      assert.equal("result", t:must(slow:join(t:wait())))
    end)
    -- Others can still wait for it.
    local result, err = slow:await()
    assert.is_true(result == "result" or t.kind == "close" and
      (err == "cancelled" or err == "aborted"))
  end)

  scenario("has a task as a variable", function(t)
    local open = resources()
    t:victim(function()
      local helper <close> = t:watch(lev.spawn(function()
        lev.own(open.new())
        lev.defer(function() pcall(lev.sleep, 0.001) end)
        lev.sleep(0.004)
      end))
      lev.sleep(0.002)
      lev.yield()
    end)
    for _ = 1, 5 do lev.sleep(0.001) end
    assert.equal(0, open.now)
  end)

  scenario("waits for tokens", function(t)
    local token = lev.cancel_token()
    local child = token:child()
    t:partner(function()
      lev.sleep(0.002)
      token:cancel("why")
    end)
    t:victim(function()
      local _, reason = t:must(child:wait(t:wait()))
      assert.equal("why", reason)
      t:must(token:wait(t:wait()))
      lev.yield()
    end)
  end)

  scenario("waits for an interval", function(t)
    local interval, ticks = lev.interval(0.002), 0
    t:victim(function()
      for i = 1, 2 do
        ticks = t:must(interval:wait(t:wait()))
        assert.equal(i, ticks)
      end
      for tick in interval do
        if tick >= 4 then break end
      end
    end)
    -- It goes on ticking for others.
    assert.is_true(interval:wait() > ticks)
  end)

  scenario("races", function(t)
    local open, won = resources(), 0
    local function racer(ms)
      return function(token)
        t:watch()
        lev.own(open.new())
        lev.defer(function() pcall(lev.sleep, 0.001) end)
        lev.spawn(function() lev.own(open.new()) lev.sleep(ms * 0.001) end)
        if not lev.sleep(ms * 0.001, token) then return end
        won = won + 1
        return ms
      end
    end
    local how = t:victim(function()
      local ms = lev.race { racer(9), racer(2), racer(4) }
      -- A racer that its token has ended, has ended the race.
      assert.is_true(ms == 2 or ms == nil and t.kind:find("cancel") ~= nil)
      assert.equal(0, open.now)
      lev.yield()
    end)
    assert.equal(0, open.now)
    assert.is_true(won <= 1)
    assert.is_true(how ~= "done" or open.ever >= 3)
  end)

  scenario("waits for all", function(t)
    local open = resources()
    t.logs = "failed: bad"  -- Where the victim ended before it could hear.
    local function worker(ms)
      return function()
        t:watch()
        lev.own(open.new())
        lev.defer(function() pcall(lev.yield) end)
        lev.sleep(ms * 0.001)
        return ms
      end
    end
    t:victim(function()
      local all = t:must(lev.all { worker(1), worker(3), worker(2) })
      assert.same({ { 1 }, { 3 }, { 2 } }, all)
      local none, err = lev.all { worker(1), function() error("bad", 0) end }
      assert.same({ nil, "bad" }, { none, err })
    end)
    assert.equal(0, open.now)
  end)
end)

describe("Torture of a scope that", function()
  scenario("has a function", function(t)
    local open, after = resources(), 0
    local scope_of
    t:closes("the scope", nil, function()
      if scope_of then scope_of:close() end
    end)
    t:victim(function()
      local _, err = lev.scope({ name = "outer" }, function(scope)
        scope_of = scope
        scope:defer(function() pcall(lev.sleep, 0.001) after = after + 1 end)
        for ms = 1, 3 do
          scope:spawn(function()
            t:watch()
            lev.own(open.new())
            lev.defer(function() pcall(lev.sleep, 0.001) end)
            lev.sleep(ms * 0.001)
          end)
        end
        lev.sleep(0.002)
        return true
      end)
      assert.equal(0, open.now)
      assert.equal(1, after)
      t:must(err == nil or nil, err)
      lev.checkpoint()
    end)
    assert.equal(0, open.now)
    assert.is_true(scope_of == nil or scope_of:status() == "closed")
    assert.is_true(after == (scope_of and 1 or 0) or t:was_killed())
  end)

  scenario("is a block", function(t)
    local open, after = resources(), 0
    t:victim(function()
      do
        local outer <close> = lev.scope { name = "outer" }
        outer:defer(function() pcall(lev.yield) after = after + 1 end)
        outer:spawn(function()
          lev.own(open.new())
          lev.sleep(0.002)
        end)
        local inner <close> = lev.scope()
        inner:spawn(function()
          lev.own(open.new())
          lev.sleep(0.003)
        end)
        lev.sleep(0.001)
      end
      assert.equal(0, open.now)
      local scope = lev.scope()
      scope:spawn(function() lev.own(open.new()) lev.sleep(0.001) end)
      scope:close()
      lev.yield()
    end)
    assert.equal(0, open.now)
    assert.is_true(after <= 1)
  end)

  scenario("has a deadline", function(t)
    local open = resources()
    t:victim(function()
      local ok, err = lev.scope({ timeout = 0.003 }, function(scope)
        scope:spawn(function()
          lev.own(open.new())
          lev.defer(function() pcall(lev.sleep, 0.001) end)
          lev.sleep(9)
        end)
        lev.sleep(9)
      end)
      assert.same({ nil, "timeout" }, { ok, err })
      lev.yield()
    end)
    assert.equal(0, open.now)
  end)

  scenario("is a with_timeout in time", function(t)
    local open = resources()
    t:victim(function()
      assert.equal("result", t:must(lev.with_timeout(9, function()
        t:watch()
        lev.own(open.new())
        lev.sleep(0.002)
        lev.yield()
        return "result"
      end)))
      lev.yield()
    end)
    assert.equal(0, open.now)
  end)

  scenario("is a with_timeout out of time", function(t)
    local open, begun, ended = resources(), 0, 0
    t:victim(function()
      for _, grace in ipairs { 0.005, 0.001 } do
        local ok, err = lev.with_timeout(0.002, function()
          t:watch()
          lev.own(open.new())
          lev.defer(function()
            begun = begun + 1
            if pcall(lev.sleep, 0.003) then ended = ended + 1 end
          end)
          lev.sleep(9)
        end, { grace = grace })
        assert.same({ nil, "timeout" }, { ok, err })
      end
      assert.same({ 2, 1 }, { begun, ended })
    end)
    assert.equal(0, open.now)
  end)
end)

describe("Torture of", function()
  scenario("a shield", function(t)
    local begun, ended = 0, 0
    t:victim(function()
      for _ = 1, 2 do
        lev.shield(function()
          begun = begun + 1
          lev.sleep(0.002)
          lev.yield()
          ended = ended + 1
        end)
        lev.yield()
      end
    end)
    assert.is_true(begun == ended or t:was_killed())
  end)

  scenario("cleanups that suspend", function(t)
    local open, begun, ended = resources(), 0, 0
    local registered = 0
    t:victim(function()
      for _ = 1, 3 do
        lev.defer(function()
          begun = begun + 1
          if pcall(lev.sleep, 0.001) and pcall(lev.yield) then
            ended = ended + 1
          end
        end)
        registered = registered + 1
        local resource = open.new()
        local close = resource.close
        function resource.close() pcall(lev.yield) close() end
        lev.own(resource)
        lev.sleep(0.001)
      end
    end)
    assert.equal(registered, begun)
    -- One may have been cut short.
    assert.is_true(open.now <= (t:was_killed() and 1 or 0))
    assert.is_true(begun == ended or t:was_killed())
  end)
end)
