-- Tests lev/lua/lua_token.cc.

local lev = require "lev"
local support = require "support"
local inside = support.inside

describe("a cancel token", function()
  it("can be made, and cancelled, outside a run", function()
    local token = lev.cancel_token()
    assert.is_false(token.cancelled)
    assert.is_false(token:is_cancelled())
    token:cancel()
    assert.is_true(token.cancelled)
    assert.is_true(token:is_cancelled())
  end)

  it("stays cancelled", inside(function()
    local token = lev.cancel_token()
    token:cancel()
    for _ = 1, 3 do
      assert.same({ nil, "cancelled" }, { lev.sleep(1, token) })
    end
    assert.equal(0, lev.now())
  end))

  it("carries any value as its reason", function()
    for _, reason in ipairs({ "why", 42, 0.5, true, false, {}, print,
                              lev.cancel_token() }) do
      local token = lev.cancel_token()
      token:cancel(reason)
      assert.equal(reason, token.reason)
      assert.equal(math.type(reason), math.type(token.reason))
    end
  end)

  it("has no reason before, nor without one", function()
    local token = lev.cancel_token()
    assert.is_nil(token.reason)
    token:cancel()
    assert.is_nil(token.reason)
  end)

  it("keeps its first reason", function()
    local token = lev.cancel_token()
    token:cancel()
    token:cancel("late")
    assert.is_nil(token.reason)
  end)

  it("is passed through to its descendants", function()
    local token = lev.cancel_token()
    local child = token:child()
    local grandchild = child:child()
    token:cancel("why")
    assert.is_true(child.cancelled)
    assert.is_true(grandchild.cancelled)
    assert.equal("why", grandchild.reason)
  end)

  it("is not passed upwards, nor to siblings", function()
    local token = lev.cancel_token()
    local child, sibling = token:child(), token:child()
    child:cancel("mine")
    assert.is_false(token.cancelled)
    assert.is_false(sibling.cancelled)
    token:cancel("ours")
    assert.equal("mine", child.reason)
    assert.equal("ours", sibling.reason)
  end)

  it("makes children that are cancelled if it is", function()
    local token = lev.cancel_token()
    token:cancel("why")
    local child = token:child()
    assert.is_true(child.cancelled)
    assert.equal("why", child.reason)
  end)

  it("reaches a child although the one between was dropped", function()
    local token = lev.cancel_token()
    local grandchild = token:child():child()
    collectgarbage()
    collectgarbage()
    token:cancel("why")
    assert.is_true(grandchild.cancelled)
    assert.equal("why", grandchild.reason)
  end)

  it("is kept alive by nobody but its users", function()
    local dropped = setmetatable({}, { __mode = "k" })
    local token = lev.cancel_token()
    for _ = 1, 100 do dropped[token:child()] = true end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(dropped))
    token:cancel()
  end)

  it("wakes those who wait on its descendants", inside(function()
    local token = lev.cancel_token()
    local child = token:child()
    lev.spawn(function() lev.sleep(1) token:cancel() end)
    assert.same({ nil, "cancelled" }, { lev.sleep(9, child) })
    assert.equal(1, lev.now())
  end))

  it("may be cancelled by a task that another wait has woken",
     inside(function()
       local token = lev.cancel_token()
       local woken = 0
       for _ = 1, 10 do
         lev.spawn(function()
           lev.sleep(9, token)
           woken = woken + 1
           token:cancel()
         end)
       end
       lev.yield()
       token:cancel()
       lev.sleep(1)
       assert.equal(10, woken)
     end))

  it("raises in check, once cancelled", function()
    local token = lev.cancel_token()
    assert.equal(0, select("#", token:check()))
    token:cancel("why")
    local ok, err = pcall(token.check, token)
    assert.is_false(ok)
    assert.equal("cancelled: why", tostring(err))
    assert.equal("why", err.reason)
  end)

  it("that a task checks fails the task", inside(function()
    local token = lev.cancel_token()
    token:cancel("why")
    local task = lev.spawn(function() token:check() end)
    local _, err = lev.await(task)
    assert.equal("cancelled: why", tostring(err))
    assert.equal("failed", task.status)
  end))

  it("cannot be written to", function()
    local token = lev.cancel_token()
    for _, field in ipairs({ "cancelled", "reason", "other" }) do
      assert.error_matches(function() token[field] = true end,
                           "a cancel token's field '" .. field
                           .. "' cannot be set", 1, true)
    end
    assert.is_false(token.cancelled)
  end)

  it("reads well", function()
    local token = lev.cancel_token()
    assert.matches("^lev.cancel_token: 0x%x+$", tostring(token))
    token:cancel()
    assert.matches("^lev.cancel_token: 0x%x+ cancelled$", tostring(token))
  end)

  it("survives the run in which others waited for it", function()
    local token = lev.cancel_token()
    support.run(function()
      lev.spawn(function() lev.sleep(9, token) end)
      lev.yield()
      lev.stop()
    end)
    token:cancel()
    support.run(function()
      assert.same({ nil, "cancelled" }, { lev.sleep(9, token) })
    end)
  end)
end)
