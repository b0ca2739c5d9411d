-- Tests lev/lua/faces/std_task.lua: what tasks and handles of std.task do.
-- Scopes and timeouts are in std_task_scope_spec.lua, wrong arguments in
-- std_task_error_spec.lua.

local lev = require "lev"
local support = require "support"
local task = require "std.task"

local inside = support.inside

-- pcall that gives the text of the error alone.
local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("std.task.spawn", function()
  it("calls the function later, without arguments", inside(function()
    local log = {}
    local handle = task.spawn(function(...)
      log[#log + 1] = "task " .. select("#", ...)
    end)
    log[#log + 1] = "spawned"
    handle:join()
    assert.same({ "spawned", "task 0" }, log)
  end))

  it("gives handles an id of their own, and their name", inside(function()
    local one = task.spawn(function() end, { name = "one" })
    local two = task.spawn(function() end)
    assert.matches("^t%d+$", one.id)
    assert.not_equal(one.id, two.id)
    assert.equal("one", one.name)
    assert.is_nil(two.name)
  end))

  it("adopts what nobody waits for, and forgets its handle", inside(function()
    local done = false
    task.spawn(function() task.sleep(10) done = true end)
    collectgarbage()
    task.sleep(20)
    assert.is_true(done)
  end))
end)

describe("Handle", function()
  it("joins with exactly the first result", inside(function()
    local handle = task.spawn(function() return 1, 2 end)
    assert.same({ 1 }, { handle:join() })
    local none = task.spawn(function() end)
    assert.equal(1, select("#", none:join()))
  end))

  it("joins with the body's own error", inside(function()
    local thrown = { code = 7 }
    local handle = task.spawn(function() error(thrown) end)
    assert.equal(thrown, failure(handle.join, handle))
    handle = task.spawn(function() error("boom", 0) end)
    assert.equal("boom", failure(handle.join, handle))
  end))

  it("joins once, even if that raised", inside(function()
    local handle = task.spawn(function() error("boom", 0) end)
    failure(handle.join, handle)
    assert.equal("task already joined", failure(handle.join, handle))
    handle = task.spawn(function() return 1 end)
    handle:join()
    assert.equal("task already joined", failure(handle.join, handle))
  end))

  it("says that an aborted task was aborted", inside(function()
    local handle = task.spawn(function() task.sleep(1000) end)
    assert.equal(0, select("#", handle:abort()))
    assert.equal("task aborted", failure(handle.join, handle))
  end))

  it("keeps the result of a task that is aborted too late", inside(function()
    local handle = task.spawn(function() return "result" end)
    task.yield()
    handle:abort()
    assert.equal("result", handle:join())
  end))

  it("aborts behind the back of pcall, but closes variables", inside(function()
    local log = {}
    local handle = task.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        log[#log + 1] = "closed"
      end })
      log[#log + 1] = pcall(task.sleep, 1000) and "slept" or "caught"
    end)
    task.yield()
    handle:abort()
    assert.same({ "closed" }, log)
  end))

  it("knows whether its task has finished", inside(function()
    local handle = task.spawn(function() task.sleep(5) end)
    assert.is_false(handle:is_finished())
    task.sleep(10)
    assert.is_true(handle:is_finished())
  end))

  it("counts the milliseconds since the spawn, for ever", inside(function()
    local handle = task.spawn(function() end)
    task.sleep(20)
    assert.near(20, handle:elapsed(), 1)
    task.sleep(20)
    assert.near(40, handle:elapsed(), 1)
  end))

  it("waits for its task in a cancelled scope, too", inside(function()
    local slow = task.spawn(function() task.sleep(50) return "slow" end)
    local got
    task.scope(function(scope)
      scope:cancel()
      got = slow:join()
    end)
    assert.equal("slow", got)
  end))
end)

describe("std.task.sleep", function()
  it("takes milliseconds, as a number or its text", inside(function()
    local before = lev.now()
    assert.equal(0, select("#", task.sleep(20)))
    task.sleep("30")
    assert.near(0.05, lev.now() - before, 0.001)
  end))

  it("lets others run even if it is for no time", inside(function()
    local ran = false
    task.spawn(function() ran = true end)
    task.sleep(0)
    assert.is_true(ran)
  end))

  it("cannot be interrupted where there is no scope", inside(function()
    task.yield()
    task.checkpoint()
    task.sleep(1)
  end))
end)

describe("std.task.yield and checkpoint", function()
  it("let others run, and return nothing", inside(function()
    for _, verb in ipairs { task.yield, task.checkpoint } do
      local ran = false
      task.spawn(function() ran = true end)
      assert.equal(0, select("#", verb()))
      assert.is_true(ran)
    end
  end))
end)

describe("std.task.current", function()
  it("is nil in what nobody spawned", inside(function()
    assert.is_nil(task.current())
    task.scope(function() assert.is_nil(task.current()) end)
    task.with_timeout(10, function() assert.is_nil(task.current()) end)
  end))

  it("is nil outside a run", function() assert.is_nil(task.current()) end)

  it("describes the task, in its scopes and timeouts as well",
     inside(function()
    local seen = {}
    local handle = task.spawn(function()
      seen[1] = task.current()
      task.scope(function() seen[2] = task.current() end)
      task.with_timeout(10, function() seen[3] = task.current() end)
    end, { name = "me" })
    handle:join()
    for i = 1, 3 do
      assert.same({ id = handle.id, name = "me", cancelled = false }, seen[i])
    end
  end))

  it("has no key name if the task has none", inside(function()
    local handle = task.spawn(function() return task.current() end)
    assert.same({ id = handle.id, cancelled = false }, handle:join())
  end))

  it("knows of a cancellation before it is raised", inside(function()
    local seen
    task.scope(function(scope)
      scope:spawn(function()
        scope:cancel()
        seen = task.current().cancelled
      end)
    end)
    assert.is_true(seen)
  end))
end)

describe("CancelToken", function()
  it("is cancelled for good, and check raises from then on", inside(function()
    local token = task.cancel_token()
    assert.is_false(token:is_cancelled())
    assert.equal(0, select("#", token:check()))
    token:cancel()
    token:cancel()
    assert.is_true(token:is_cancelled())
    assert.equal("task cancelled", failure(token.check, token))
  end))

  it("is linked to nothing", inside(function()
    task.cancel_token():cancel()
    task.checkpoint()
  end))
end)

describe("a coroutine.yield in a task of the default driver", function()
  it("lets others run, whatever it yields", inside(function()
    local put, trace = support.trace()
    local one = task.spawn(function()
      for _ = 1, 3 do put "a" put(tostring(select("#", coroutine.yield(5)))) end
    end)
    task.spawn(function() for _ = 1, 3 do put "b" task.yield() end end)
    one:join()
    assert.equal("ab0ab0ab0", trace())
  end))

  it("is no point of cancellation, but of an abort", inside(function()
    local log = {}
    local handle = task.spawn(function()
      task.scope(function(scope)
        scope:cancel()
        coroutine.yield()
        log[#log + 1] = "went on"
      end)
      while true do coroutine.yield() end
    end)
    for _ = 1, 3 do task.yield() end
    handle:abort()
    assert.same({ "went on" }, log)
    assert.is_true(handle:is_finished())
  end))
end)

describe("the coroutine driver", function()
  local function drive(fn)
    return task.spawn(fn, { driver = "coroutine" })
  end

  it("yields for a turn, or for milliseconds, and passes nothing",
     inside(function()
    local log = {}
    local before = lev.now()
    local handle = drive(function(...)
      log[1] = select("#", ...)
      log[2] = select("#", coroutine.yield())
      log[3] = select("#", coroutine.yield(nil))
      log[4] = select("#", coroutine.yield(25))
      return "first", "second"
    end)
    assert.same({ "first" }, { handle:join() })
    assert.same({ 0, 0, 0, 0 }, log)
    assert.near(0.025, lev.now() - before, 0.001)
  end))

  it("lets others run between its yields", inside(function()
    local put, trace = support.trace()
    local handle = drive(function()
      for _ = 1, 3 do put "a" coroutine.yield() end
    end)
    task.spawn(function() for _ = 1, 3 do put "b" task.yield() end end)
    handle:join()
    assert.equal("ababab", trace())
  end))

  it("refuses to yield anything else", inside(function()
    local prefix = "coroutine yield: unsupported value type '"
    for value, kind in pairs { text = "string", [print] = "function",
                               [{}] = "table", [true] = "boolean" } do
      local handle = drive(function() coroutine.yield(value) end)
      assert.equal(prefix .. kind .. "' (expected nil or number)",
        failure(handle.join, handle))
    end
  end))

  it("refuses odd durations", inside(function()
    local handle = drive(function() coroutine.yield(-1) end)
    assert.equal("coroutine yield: invalid duration (ms=-1)",
      failure(handle.join, handle))
  end))

  it("does not begin in a cancelled scope, where async_fn does",
     inside(function()
    local begun, handles = {}, {}
    task.scope(function(scope)
      scope:cancel()
      for _, driver in ipairs { "coroutine", "async_fn" } do
        handles[driver] = scope:spawn(function()
          begun[driver] = true
        end, { driver = driver })
      end
    end)
    assert.same({ async_fn = true }, begun)
    assert.equal("task cancelled",
      failure(handles.coroutine.join, handles.coroutine))
  end))

  it("ends at a yield when the scope is cancelled, unseen", inside(function()
    local log, handle = {}, nil
    task.scope(function(scope)
      handle = scope:spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          log[#log + 1] = "closed"
        end })
        coroutine.yield(1000)
        log[#log + 1] = "went on"
      end, { driver = "coroutine" })
      task.yield()
      scope:cancel()
    end)
    assert.equal("task cancelled", failure(handle.join, handle))
    assert.same({ "closed" }, log)
  end))

  it("lends its task to the calls that wait", inside(function()
    local handle = drive(function()
      task.sleep(5)
      task.yield()
      return task.spawn(function() return "joined" end):join()
    end)
    assert.equal("joined", handle:join())
  end))

  it("closes the coroutine of an aborted task", inside(function()
    local closed = false
    local handle = drive(function()
      local _ <close> = setmetatable({}, { __close = function()
        closed = true
      end })
      coroutine.yield(1000)
    end)
    task.yield()
    handle:abort()
    assert.is_true(closed)
  end))
end)
