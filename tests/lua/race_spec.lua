-- Tests lev/lua/lua_combinators.cc: race.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

-- A function for race and all: sleeps, then returns.
local function branch(seconds, ...)
  local results = table.pack(...)
  return function()
    lev.sleep(seconds)
    return table.unpack(results, 1, results.n)
  end
end

describe("lev.race", function()
  it("returns what the first one returns", inside(function()
    assert.equal("fast", lev.race({ branch(3, "slow"), branch(1, "fast"),
                                    branch(2, "middling") }))
    assert.equal(1, lev.now())
  end))

  it("keeps the nils of the results", inside(function()
    assert.same({ nil, 2, nil, n = 3 },
                table.pack(lev.race({ branch(1, nil, 2, nil) })))
    assert.same({ n = 0 }, table.pack(lev.race({ branch(1) })))
  end))

  it("returns nil, the error and the traceback of a first error",
     inside(function()
       local mark = {}
       local results = table.pack(lev.race({
         function() lev.sleep(1) error(mark) end, branch(2) }))
       assert.equal(3, results.n)
       assert.is_nil(results[1])
       assert.equal(mark, results[2])
       assert.matches("race_spec.lua", results[3])
     end))

  it("gives a tie to the first in the list", inside(function()
    assert.equal("a", lev.race({ branch(1, "a"), branch(1, "b") }))
    assert.equal("a", lev.race({ function() return "a" end,
                                 function() return "b" end }))
  end))

  it("begins every function, although the first ends at once",
     inside(function()
       local add, read = support.trace()
       lev.race({ function() add "a" end, function() add "b" end })
       assert.equal("ab", read())
     end))

  it("ends its losers although they ignore the token", inside(function()
    lev.race({ branch(1), branch(math.huge), coroutine.yield })
    assert.equal(1, lev.now())
    assert.equal(0, lev.stats().timer_count)
    assert.equal(1, lev.stats().task_count)
  end))

  it("raises a cancellation in its losers", inside(function()
    local seen
    lev.race({ branch(1), function()
      local _, err = pcall(lev.sleep, 9)
      seen = tostring(err)
    end })
    assert.equal("cancelled", seen)
  end))

  it("returns after its losers have unwound", inside(function()
    local add, read = support.trace()
    lev.race({ branch(1), function()
      lev.defer(function() lev.sleep(5) add "d" end)
      local _ <close> = setmetatable({}, { __close = function() add "c" end })
      lev.sleep(99)
    end })
    assert.equal("cd", read())
    assert.equal(6, lev.now())
  end))

  it("cancels the token that it passed", inside(function()
    local tokens = {}
    lev.race({
      function(token) tokens[1] = token end,
      function(token) tokens[2] = token lev.sleep(9, token) end,
    })
    assert.is_true(tokens[1].cancelled)
    assert.is_true(tokens[2].cancelled)
  end))

  it("lets a branch cancel its own token only", inside(function()
    assert.equal("b", lev.race({
      function(token) token:cancel() lev.sleep(2) return "a" end,
      function(token)
        lev.sleep(1)
        assert.is_false(token.cancelled)
        return "b"
      end,
    }))
  end))

  it("tells a loser by its token first, then raises", inside(function()
    local seen
    lev.race({ branch(1), function(token)
      seen = table.pack(lev.sleep(9, token))
      while true do lev.sleep(9, token) end
    end })
    assert.same({ nil, "cancelled", n = 2 }, seen)
    assert.equal(1, lev.now())
  end))

  it("logs the errors of its losers", function()
    local messages, result = logged(function()
      return run(function()
        return lev.race({ branch(1, "won"), function()
          pcall(lev.sleep, 9)
          error("spoilsport", 0)
        end })
      end)
    end)
    assert.equal("won", result)
    assert.equal(1, #messages)
    assert.matches("task #3 failed: spoilsport", messages[1])
  end)

  it("does not log the losers that were cancelled", inside(function()
    lev.race({ branch(1), branch(2), branch(3) })
  end))

  it("nests", inside(function()
    local function inner(...)
      local branches = { ... }
      return function() return lev.race(branches) end
    end
    assert.equal("c", lev.race({
      inner(branch(5, "a"), branch(6, "b")),
      inner(inner(branch(1, "c"), branch(2, "d")), branch(3, "e")),
    }))
    assert.equal(1, lev.now())
    assert.equal(0, lev.stats().timer_count)
  end))

  it("is not decided by a task that a branch spawned", inside(function()
    assert.equal("branch", lev.race({
      function()
        lev.spawn(function() return "guest" end)
        lev.await(lev.spawn(function() error("guest") end))
        lev.sleep(1)
        return "branch"
      end,
      branch(2, "late"),
    }))
  end))

  it("cancels the tasks that its branches spawned", inside(function()
    local guest
    lev.race({ function()
      guest = lev.spawn(branch(99))
      lev.sleep(1)
    end })
    assert.equal("cancelled", guest.status)
    assert.equal(1, lev.now())
  end))

  it("has a result although the losers' end takes long", inside(function()
    local result = lev.race({ branch(1, "won"), function()
      lev.defer(function() lev.sleep(100) end)
      lev.sleep(50)
    end })
    assert.equal("won", result)
    assert.equal(101, lev.now())
  end))

  it("of a task that is cancelled raises when all have unwound",
     inside(function()
       local cleaned
       local task = lev.spawn(function()
         lev.race({ function()
           lev.defer(function() lev.sleep(2) cleaned = lev.now() end)
           lev.sleep(99)
         end, branch(99) })
         error("not reached")
       end)
       lev.sleep(1)
       task:cancel("why")
       assert.same({ nil, "cancelled", "why", n = 3 },
                   table.pack(lev.await(task)))
       assert.equal(3, cleaned)
     end))

  it("of a task that was cancelled before begins nothing", inside(function()
    local began, turns = false, 0
    local task = lev.spawn(function()
      while turns < 100 do
        turns = turns + 1
        pcall(lev.race, { function() began = turns > 1 end })
      end
      lev.race({ function() began = true end })
      error("not reached")
    end)
    lev.yield()
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    assert.is_false(began)
    assert.equal(100, turns)
  end))

  it("that was won before the cancellation returns its result",
     inside(function()
       local result
       local task = lev.spawn(function()
         result = lev.race({ branch(1, "won"), function()
           lev.defer(function() lev.sleep(2) end)
           lev.sleep(99)
         end })
         lev.yield()
       end)
       lev.sleep(2)
       task:cancel()
       assert.same({ nil, "cancelled" }, { lev.await(task) })
       assert.equal("won", result)
     end))

  it("is aborted with its caller", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() add "p" end)
      lev.race({
        function() lev.defer(function() add "a" end) lev.sleep(9) end,
        function() lev.defer(function() add "b" end) lev.sleep(9) end,
      })
    end)
    lev.sleep(1)
    task:abort()
    assert.equal("bap", read())
    assert.equal(1, lev.stats().task_count)
  end))

  it("of nothing is refused", inside(function()
    assert.error_matches(function() lev.race({}) end, "at least one function")
  end))

  it("refuses what is no function, and begins nothing", inside(function()
    local began = false
    assert.error_matches(function()
      lev.race({ function() began = true end, 42 })
    end, "function expected at [2], got number", 1, true)
    lev.yield()
    assert.is_false(began)
  end))

  it("of a thousand leaves nothing behind", inside(function()
    local branches = {}
    for i = 1, 1000 do branches[i] = branch(i, i) end
    assert.equal(1, lev.race(branches))
    assert.equal(1, lev.stats().task_count)
    assert.equal(0, lev.stats().timer_count)
  end))
end)
