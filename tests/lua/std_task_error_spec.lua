-- Tests lev/lua/faces/std_task.lua: what is said of wrong arguments.

local support = require "support"
local task = require "std.task"

local inside = support.inside

local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function nothing() end

describe("the options of a spawn", function()
  local function spawn(opts) return failure(task.spawn, nothing, opts) end

  it("are name and driver", inside(function()
    assert.equal(
      "std.task: unknown opts key 'nam' (expected 'name' or 'driver')",
      spawn { nam = "x" })
    for driver in pairs { async_fn = 1, async = 1, coroutine = 1 } do
      task.spawn(nothing, { driver = driver }):join()
    end
  end))

  it("have strings as keys", inside(function()
    assert.equal("std.task: opts keys must be strings, got integer",
                 spawn { "x" })
    assert.equal("std.task: opts keys must be strings, got number",
                 spawn { [1.5] = "x" })
    assert.equal("std.task: opts keys must be strings, got table",
                 spawn { [{}] = "x" })
  end))

  it("are strings", inside(function()
    assert.equal("std.task: opts.name: expected string, got integer",
                 spawn { name = 1 })
    assert.equal("std.task: opts.driver: expected string, got boolean",
                 spawn { driver = true })
  end))

  it("name a driver that exists", inside(function()
    assert.equal("std.task: unknown driver 'threads' (expected 'async_fn' " ..
                 "or 'coroutine')", spawn { driver = "threads" })
  end))

  it("are the same for scopes", inside(function()
    task.scope(function(scope)
      assert.matches("unknown opts key 'x'",
                     failure(scope.spawn, scope, nothing, { x = 1 }))
    end)
  end))

  it("are a table, after a function", inside(function()
    assert.equal("bad argument #1 to 'spawn' (function expected, got no value)",
                 failure(task.spawn, nil))
    assert.equal("bad argument #2 to 'spawn' (table expected, got string)",
                 failure(task.spawn, nothing, "name"))
    task.scope(function(scope)
      assert.matches("#1 to 'spawn'", failure(scope.spawn, scope))
      assert.matches("#2 to 'spawn'",
                     failure(scope.spawn, scope, nothing, 1))
    end)
  end))
end)

describe("durations", function()
  it("are finite and not negative", inside(function()
    local prefix = "std.task.sleep: invalid duration (ms="
    for text, ms in pairs { ["NaN"] = 0 / 0, ["inf"] = math.huge,
                            ["-inf"] = -math.huge, ["-1"] = -1,
                            ["-0.5"] = -0.5, ["-0.0000001"] = -1e-7,
                            ["-100000000000000000000"] = -1e20,
                            ["-1234.5678"] = -1234.5678 } do
      assert.equal(prefix .. text .. ")", failure(task.sleep, ms))
    end
  end))

  it("have a limit", inside(function()
    assert.equal("std.task.sleep: duration out of range " ..
                 "(ms=20000000000000, max≈1.845e13)",
                 failure(task.sleep, 2e13))
  end))

  it("are numbers", inside(function()
    assert.matches("bad argument #1 to 'sleep' %(number expected, got no value",
                   failure(task.sleep))
    assert.matches("bad argument #1 to 'with_timeout' %(number expected",
                   failure(task.with_timeout, {}, nothing))
  end))

  it("are checked likewise in timeouts", inside(function()
    assert.equal("task.with_timeout: invalid duration (ms=-5)",
                 failure(task.with_timeout, -5, nothing))
    assert.equal("task.with_timeout: opts.grace_ms: invalid duration (ms=NaN)",
                 failure(task.with_timeout, 5, nothing, { grace_ms = 0 / 0 }))
    assert.matches("opts.grace_ms: duration out of range %(ms=1",
                 failure(task.with_timeout, 5, nothing, { grace_ms = 1e14 }))
  end))
end)

describe("the options of a timeout", function()
  local function with_timeout(opts)
    return failure(task.with_timeout, 10, nothing, opts)
  end

  it("are grace_ms", inside(function()
    assert.equal("task.with_timeout: unknown opts key 'grace' (expected " ..
                 "'grace_ms')", with_timeout { grace = 1 })
    assert.equal("task.with_timeout: opts keys must be strings, got integer",
                 with_timeout { 5 })
  end))

  it("have a number there, and no text", inside(function()
    local text = "task.with_timeout: opts.grace_ms must be a number, got "
    assert.equal(text .. "string", with_timeout { grace_ms = "5" })
    assert.equal(text .. "table", with_timeout { grace_ms = {} })
    assert.equal(text .. "boolean", with_timeout { grace_ms = false })
  end))

  it("are a table, after a function", inside(function()
    assert.matches("#2 to 'with_timeout' %(function expected",
                   failure(task.with_timeout, 5))
    assert.matches("#3 to 'with_timeout' %(table expected", with_timeout(5))
  end))
end)

describe("the arguments of a scope", function()
  it("are a name, if any, and a function", inside(function()
    assert.equal("task.scope requires at least a function",
                 failure(task.scope))
    assert.equal("task.scope(name, fn) requires a function",
                 failure(task.scope, "name"))
    assert.equal("task.scope: second argument must be a function",
                 failure(task.scope, "name", 5))
    assert.equal(
      "task.scope: first argument must be a function or a name string",
      failure(task.scope, 5, nothing))
  end))
end)

describe("outside a run", function()
  it("all that waits or spawns says that there is none", function()
    for _, verb in ipairs { task.yield, task.checkpoint } do
      assert.matches("^std.task not initialised", failure(verb))
    end
    assert.matches("^std.task not initialised", failure(task.sleep, 1))
    assert.matches("^std.task not initialised", failure(task.spawn, nothing))
    assert.matches("^std.task not initialised", failure(task.scope, nothing))
    assert.matches("^std.task not initialised",
                   failure(task.with_timeout, 5, nothing))
  end)
end)
