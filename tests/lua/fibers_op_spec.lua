-- Tests lev/lua/faces/fibers/op.lua: the algebra, as far as it is not lev's own
-- (op_spec.lua and its like), and that it is there under its names.

local fibers_support = require "fibers_support"
local fibers = require "fibers"
local channel = require "fibers.channel"
local op = require "fibers.op"
local sleep = require "fibers.sleep"

local fiber, failure = fibers_support.fiber, fibers_support.failure
local perform = fibers.perform

local function slow(value)
  return sleep.sleep_op(1):wrap(function() return value end)
end

describe("an operation", function()
  it("does nothing until it is performed, and can be again", fiber(function()
    local calls = 0
    local guarded = op.guard(function()
      calls = calls + 1
      return op.always(calls, nil)
    end)
    assert.equal(0, calls)
    assert.same({ n = 2, 1, nil }, table.pack(perform(guarded)))
    assert.same({ n = 2, 2, nil }, table.pack(perform(guarded)))
  end))

  it("is wrapped in the order of the wraps, by fibers that may wait",
     fiber(function()
    local wrapped = op.always(1):wrap(function(n)
      sleep.sleep(1)
      return n + 1
    end):wrap(function(n) return n * 10 end)
    assert.equal(20, perform(wrapped))
  end))

  it("can be tried", fiber(function()
    local function other() return "other" end
    assert.equal("other", perform(slow("x"):or_else(other)))
    assert.equal(1, perform(op.always(1):or_else(other)))
  end))
end)

describe("choice", function()
  it("takes one that is ready, and none in particular", fiber(function()
    local seen = {}
    for _ = 1, 20 do
      seen[perform(op.choice(op.always "a", op.always "b",
                             op.choice(op.always "c", op.never())))] = true
    end
    assert.same({ a = true, b = true, c = true }, seen)
  end))

  it("takes nothing from those that lose", fiber(function()
    local one, other = channel.new(1), channel.new(1)
    one:put "x"
    other:put "y"
    local got = perform(op.choice(one:get_op(), other:get_op()))
    local left = perform(op.choice(one:get_op(), other:get_op()))
    assert.equal("xy", got < left and got .. left or left .. got)
  end))

  it("tells the losers, before the winner is wrapped", fiber(function()
    local log = {}
    local function note(what) return function() log[#log + 1] = what end end
    perform(op.choice(
      op.always():wrap(note "wrapped"),
      op.never():on_abort(note "aborted"),
      op.with_nack(function(nack)
        fibers.spawn(function() perform(nack) log[#log + 1] = "nack" end)
        sleep.sleep(0.001)
        return op.never()
      end)))
    sleep.sleep(0.001)
    assert.same({ "aborted", "nack", "wrapped" },
      { log[1], log[2] == "nack" and log[2] or log[3],
        log[2] == "wrapped" and log[2] or log[3] })
  end))

  it("tells them of a cancellation of the scope", fiber(function()
    local aborted = 0
    fibers.run_scope(function(scope)
      fibers.spawn(function()
        perform(op.never():on_abort(function() aborted = aborted + 1 end))
      end)
      sleep.sleep(1)
      scope:cancel()
    end)
    assert.equal(1, aborted)
  end))
end)

describe("bracket", function()
  it("releases once, however it ends", fiber(function()
    local log = {}
    local function bracketed(use)
      return op.bracket(function() return "resource" end,
        function(resource, aborted)
          log[#log + 1] = resource .. " " .. tostring(aborted)
        end, use)
    end
    assert.equal("resource", perform(bracketed(op.always)))
    perform(op.choice(op.always(), bracketed(op.never)))
    failure(perform, bracketed(function() error("boom") end))
    failure(perform, bracketed(function()
      return op.always():wrap(function() error("boom") end)
    end))
    assert.same({ "resource false", "resource true", "resource true",
                  "resource true" }, log)
  end))

  it("goes with finally", fiber(function()
    local log = {}
    local function note(aborted) log[#log + 1] = aborted end
    perform(op.choice(op.always(), op.never():finally(note)))
    perform(op.always():finally(note))
    assert.same({ true, false }, log)
  end))
end)

describe("combinations", function()
  it("say who won", fiber(function()
    assert.same({ 2, "x", nil }, { perform(op.first_ready {
      op.never(), op.always("x", nil) }) })
    assert.same({ "a", 1 }, { perform(op.named_choice {
      a = op.always(1), b = op.never() }) })
    assert.same({ true, 1 },
                { perform(op.boolean_choice(op.always(1), op.never())) })
    assert.same({ false, 2 },
                { perform(op.boolean_choice(op.never(), op.always(2))) })
    assert.equal("2 x", perform(op.race({ op.never(), op.always "x" },
      function(i, value) return i .. " " .. value end)))
  end))

  it("need a callback to race", fiber(function()
    assert.equal("race expects on_win callback",
                 failure(op.race, { op.never() }))
    assert.equal("race expects on_win callback",
                 failure(op.race, op.never(), op.never()))
  end))

  it("are operations themselves", fiber(function()
    local which = op.named_choice { a = slow "x", b = op.never() }
    assert.same({ 1, "a", "x" }, { perform(op.first_ready { which }) })
  end))

  it("are in fibers, too", fiber(function()
    for _, name in ipairs { "choice", "guard", "with_nack", "always", "never",
                            "bracket", "race", "first_ready", "named_choice",
                            "boolean_choice" } do
      assert.equal(op[name], fibers[name], name)
    end
  end))
end)

describe("new_primitive", function()
  it("is ready if try says so", fiber(function()
    local primitive = op.new_primitive(nil, function() return true, 1, nil end,
      error)
    assert.same({ n = 2, 1, nil }, table.pack(perform(primitive)))
    local wrapped = op.new_primitive(function(n) return n + 1 end,
      function() return true, 1 end, error)
    assert.equal(2, perform(wrapped))
  end))

  it("is completed by whoever got the suspension, once", fiber(function()
    local waiting = {}
    local primitive = op.new_primitive(function(n) return n * 2 end,
      function() return false end,
      function(suspension, wrap)
        fibers.spawn(function()
          sleep.sleep(1)
          waiting[1] = suspension:waiting()
          suspension:complete(wrap, 21)
          waiting[2] = suspension:waiting()
          suspension:complete(wrap, 0)
        end)
      end)
    assert.equal(42, perform(primitive))
    assert.same({ true, false }, waiting)
  end))

  it("can lose", fiber(function()
    local kept
    local primitive = op.new_primitive(nil, function() return false end,
      function(suspension) kept = suspension end)
    assert.equal("slow", perform(op.choice(primitive, slow "slow")))
    kept:complete_task(nil, "late")()
    assert.is_false(kept:waiting())
  end))
end)
