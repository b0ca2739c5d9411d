-- Tests lev/lua/lua_tasks.cc: sleeping and yielding.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("lev.sleep", function()
  it("returns true", inside(function()
    assert.same({ true, n = 1 }, table.pack(lev.sleep(1)))
  end))

  it("never returns early in real time", function()
    lev.run(function()
      for _, seconds in ipairs({ 0, 1e-9, 1e-6, 0.0004, 0.0009995, 0.00101,
                                 0.002, 0.0199999 }) do
        local before = lev.now()
        lev.sleep(seconds)
        assert.is_true(lev.now() - before >= seconds, seconds)
      end
    end)
  end)

  it("takes exactly its time in virtual time", inside(function()
    for _, seconds in ipairs({ 0, 0.25, 1, 86400, 1 << 25 }) do
      local before = lev.now()
      lev.sleep(seconds)
      assert.equal(seconds, lev.now() - before)
    end
  end))

  it("rounds up to the next nanosecond", inside(function()
    lev.sleep(1e-12)
    assert.equal(1e-9, lev.now())
  end))

  it("for 0 seconds gives up a turn", inside(function()
    local add, read = support.trace()
    lev.spawn(function() add "a" end)
    assert.is_true(lev.sleep(0))
    add "b"
    assert.equal("ab", read())
    assert.equal(0, lev.now())
  end))

  it("wakes by deadline", inside(function()
    local add, read = support.trace()
    for digit in ("53142"):gmatch(".") do
      lev.spawn(function() lev.sleep(tonumber(digit)) add(digit) end)
    end
    lev.sleep(6)
    assert.equal("12345", read())
  end))

  it("wakes equal deadlines in the order of the calls", inside(function()
    local add, read = support.trace()
    for digit in ("3579"):gmatch(".") do
      lev.spawn(function() lev.sleep(10) add(digit) end)
    end
    lev.sleep(10)
    assert.equal("", read())
    lev.sleep(1)
    assert.equal("3579", read())
  end))

  it("wakes what got to the same deadline later, later", inside(function()
    local add, read = support.trace()
    lev.spawn(function() lev.sleep(3) lev.sleep(2) add "5" end)
    lev.spawn(function() lev.sleep(5) add "3" end)
    lev.sleep(6)
    assert.equal("35", read())
  end))

  it("keeps ten thousand in order", inside(function()
    local order = {}
    for i = 1, 10000 do
      lev.spawn(function()
        lev.sleep((i * 7919) % 10000)
        order[#order + 1] = (i * 7919) % 10000
      end)
    end
    lev.sleep(10001)
    for i = 1, 10000 do assert(order[i] == i - 1) end
  end))

  it("for ever is not a deadlock, and can be cancelled", inside(function()
    for _, seconds in ipairs({ math.huge, 1e300, 9.3e9, math.maxinteger }) do
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(1e6) token:cancel() end)
      assert.same({ nil, "cancelled" }, { lev.sleep(seconds, token) })
    end
    assert.equal(4e6, lev.now())
  end))

  it("for ever leaves the others alone in real time", function()
    local _, err = lev.run(function()
      lev.spawn(function() lev.sleep(math.huge) end)
      lev.sleep(0.001)
      lev.stop()
    end)
    assert.is_nil(err)
  end)

  it("refuses NaN and negative times", inside(function()
    for _, seconds in ipairs({ 0 / 0, -1, -1e-9, -math.huge,
                               math.mininteger }) do
      assert.error_matches(function() lev.sleep(seconds) end,
                           "bad argument #1 to 'sleep' (seconds: must not be "
                           .. "negative or NaN", 1, true)
    end
    assert.is_true(lev.sleep(-0.0))
  end))

  it("refuses what is no number", inside(function()
    for _, seconds in ipairs({ "1", {}, true }) do
      assert.error_matches(function() lev.sleep(seconds) end,
                           "number of seconds expected")
    end
    assert.error_matches(function() lev.sleep() end,
                         "number of seconds expected, got no")
  end))

  it("ends when its token is cancelled", inside(function()
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(2) token:cancel("why") end)
    assert.same({ nil, "cancelled", n = 2 },
                table.pack(lev.sleep(5, token)))
    assert.equal(2, lev.now())
    assert.equal(0, lev.stats().timer_count)
  end))

  it("does not begin with a token that was cancelled before", inside(function()
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled" }, { lev.sleep(5, token) })
    assert.equal(0, lev.now())
  end))

  it("takes the token in a table, too", inside(function()
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(2) token:cancel() end)
    assert.same({ nil, "cancelled" }, { lev.sleep(5, { cancel = token }) })
    assert.is_true(lev.sleep(5, {}))
    assert.is_true(lev.sleep(5, nil))
  end))

  it("can be repeated with a token that lets it", inside(function()
    local token = lev.cancel_token()
    for _ = 1, 1000 do assert.is_true(lev.sleep(1, token)) end
    assert.equal(1000, lev.now())
  end))

  it("has slept when deadline and token come together", inside(function()
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(5) token:cancel() end)
    lev.yield()
    assert.is_true(lev.sleep(5, token))
  end))

  it("lets a token wake many in their order", inside(function()
    local add, read = support.trace()
    local token = lev.cancel_token()
    for letter in ("abcde"):gmatch(".") do
      lev.spawn(function() lev.sleep(99, token) add(letter) end)
    end
    lev.yield()
    token:cancel()
    lev.sleep(1)
    assert.equal("abcde", read())
  end))

  it("refuses what is no token", inside(function()
    assert.error_matches(function() lev.sleep(1, 5) end,
                         "lev.cancel_token expected, got number")
    assert.error_matches(function() lev.sleep(1, { cancel = {} }) end,
                         "lev.cancel_token expected, got table")
    assert.error_matches(function() lev.sleep(1, { timeout = 2 }) end,
                         "unknown option 'timeout'")
  end))
end)

describe("lev.yield", function()
  it("lets the others run first", inside(function()
    local add, read = support.trace()
    for letter in ("ab"):gmatch(".") do
      lev.spawn(function()
        for _ = 1, 3 do add(letter) lev.yield() end
      end)
    end
    lev.sleep(1)
    assert.equal("ababab", read())
  end))

  it("returns nothing", inside(function()
    assert.equal(0, select("#", lev.yield()))
  end))

  it("cannot starve a timer in real time", function()
    lev.run(function()
      local woken = false
      lev.spawn(function() lev.sleep(0.005) woken = true end)
      while not woken do lev.yield() end
    end)
  end)
end)
