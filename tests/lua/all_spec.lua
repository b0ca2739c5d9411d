-- Tests lev/lua/lua_combinators.cc: all.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

local function branch(seconds, ...)
  local results = table.pack(...)
  return function()
    lev.sleep(seconds)
    return table.unpack(results, 1, results.n)
  end
end

local function failing(seconds, err)
  return function() lev.sleep(seconds) error(err, 0) end
end

describe("lev.all", function()
  it("returns the results in the order of the list", inside(function()
    assert.same({ { "a" }, { "b", "c" }, {} },
                lev.all({ branch(3, "a"), branch(1, "b", "c"), branch(2) }))
    assert.equal(3, lev.now())
  end))

  it("keeps the nils between results", inside(function()
    local results = lev.all({ branch(1, nil, 2), branch(1, nil) })
    assert.is_nil(results[1][1])
    assert.equal(2, results[1][2])
    assert.same({}, results[2])
  end))

  it("of nothing is an empty list", inside(function()
    assert.same({}, lev.all({}))
  end))

  it("returns nil, the error and the traceback of the first error",
     inside(function()
       local mark = {}
       local results = table.pack(lev.all({ branch(1), failing(2, mark) }))
       assert.equal(3, results.n)
       assert.is_nil(results[1])
       assert.equal(mark, results[2])
       assert.matches("spawned at", results[3])
     end))

  it("ends the others at the first error", inside(function()
    local _, err = lev.all({ failing(1, "boom"), branch(math.huge),
                             coroutine.yield })
    assert.equal("boom", err)
    assert.equal(1, lev.now())
    assert.equal(1, lev.stats().active_coros)
    assert.equal(0, lev.stats().timer_count)
  end))

  it("returns after the others have unwound", inside(function()
    local cleaned
    lev.all({ failing(1, "boom"), function()
      lev.defer(function() lev.sleep(5) cleaned = true end)
      lev.sleep(99)
    end })
    assert.is_true(cleaned)
    assert.equal(6, lev.now())
  end))

  it("logs the errors that come after the first", function()
    local messages, err = logged(function()
      return (select(2, run(function()
        return lev.all({ failing(1, "first"), function()
          pcall(lev.sleep, 9)
          error("second", 0)
        end })
      end)))
    end)
    assert.equal("first", err)
    assert.equal(1, #messages)
    assert.matches("failed: second", messages[1])
  end)

  it("passes tokens that an error cancels", inside(function()
    local seen
    lev.all({ failing(1, "boom"), function(token)
      assert.is_false(token.cancelled)
      pcall(lev.sleep, 9)
      seen = token.cancelled
    end })
    assert.is_true(seen)
  end))

  it("leaves its tokens alone when nothing fails", inside(function()
    local tokens = lev.all({ function(token) return token end })
    assert.is_false(tokens[1][1].cancelled)
  end))

  it("does not mind the handled failure of a spawned task", inside(function()
    local results = lev.all({
      function()
        local _, err = lev.await(lev.spawn(failing(1, "mine")))
        return err
      end,
      branch(2, "fine"),
    })
    assert.same({ { "mine" }, { "fine" } }, results)
  end))

  it("waits for the tasks that its branches spawned", inside(function()
    local ended = false
    assert.same({ { "done" } }, lev.all({ function()
      lev.spawn(function() lev.sleep(5) ended = true end)
      return "done"
    end }))
    assert.is_true(ended)
  end))

  it("nests, within and around race", inside(function()
    local results = lev.all({
      function()
        return lev.race({
          function() return lev.all({ branch(2, "a"), branch(3, "b") }) end,
          branch(9, "c"),
        })
      end,
      branch(1, "d"),
    })
    assert.same({ { { { "a" }, { "b" } } }, { "d" } }, results)
    assert.equal(3, lev.now())
  end))

  it("passes an error outwards through nested ones", inside(function()
    local _, err = lev.all({
      function()
        error(select(2, lev.all({ failing(1, "deep"), branch(9) })), 0)
      end,
      branch(9),
    })
    assert.equal("deep", err)
    assert.equal(1, lev.now())
  end))

  it("of a task that is cancelled raises", inside(function()
    local task = lev.spawn(function()
      lev.all({ branch(99), branch(99) })
      error("not reached")
    end)
    lev.sleep(1)
    task:cancel("why")
    assert.same({ nil, "cancelled", "why" }, { lev.await(task) })
    assert.equal(1, lev.now())
  end))

  it("of a task that is cancelled tells a branch's error", inside(function()
    local err
    local task = lev.spawn(function()
      err = select(2, lev.all({ function()
        pcall(lev.sleep, 9)
        error("in the middle", 0)
      end }))
      lev.yield()
    end)
    lev.sleep(1)
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    assert.equal("in the middle", err)
  end))

  it("with a branch that was aborted says so", inside(function()
    local handle
    local results = table.pack(lev.all({ function()
      handle = lev.spawn(branch(99))
      return lev.await(handle)
    end, function() lev.yield() handle:abort() end }))
    assert.same({ { nil, "aborted" }, {} }, results[1])
  end))

  it("of ten thousand returns all", inside(function()
    local branches = {}
    for i = 1, 10000 do branches[i] = branch(i % 7, i) end
    local results = lev.all(branches)
    for i = 1, 10000 do assert(results[i][1] == i) end
  end))

  it("may be changed by its caller meanwhile", inside(function()
    local list = { branch(1, "a"), branch(2, "b") }
    lev.spawn(function() list[1], list[2] = nil, nil end)
    assert.same({ { "a" }, { "b" } }, lev.all(list))
  end))
end)
