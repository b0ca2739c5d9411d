-- Tests lev/lua/op/op.lua: the algebra over operations, and what each of its
-- parts is told when one is performed.

local lev = require "lev"
local support = require "support"
local inside = support.inside
local op = lev.op

-- Appends its name to `trace` when it is called, with `aborted` if told so.
local function noting(trace, name)
  return function(aborted)
    trace[#trace + 1] = aborted == nil and name or name .. tostring(aborted)
  end
end

describe("lev.op", function()
  it("does nothing until it is performed, and can be performed again",
    inside(function()
      local channel, calls = lev.channel(2), 0
      local send = op.guard(function()
        calls = calls + 1
        return channel:send_op(calls)
      end)
      assert.equal(0, calls + #channel)
      assert.is_true(send:perform())
      assert.is_true(op.perform(send))
      assert.same({ 1, 2 }, { channel:recv(), channel:recv() })
    end))

  it("of a verb returns what the verb returns", inside(function()
    local channel = lev.channel(1)
    assert.same({ nil, "timeout" }, { channel:recv_op(0.1):perform() })
    assert.same({ nil, "timeout" }, { channel:recv_op():perform(0.1) })
    channel:send(nil)
    assert.same({ n = 1 }, table.pack(channel:recv_op():perform()))
    channel:close()
    assert.same({ nil, "closed" }, { channel:recv_op():perform() })
    local failing = lev.spawn(function() return 1, nil, 3 end)
    assert.same({ 1, nil, 3, n = 3 }, table.pack(failing:join_op():perform()))
  end))

  it("counts a timeout of its own from each perform", inside(function()
    local wait = lev.channel():recv_op(2)
    for _ = 1, 2 do
      local before = lev.now()
      wait:perform()
      assert.equal(2, lev.now() - before)
      lev.sleep(5)
    end
  end))

  it("choice takes the first that is ready, in order", inside(function()
    local choice = op.choice(op.never(), op.always("a"), op.always("b"))
    assert.equal("a", choice:perform())
    local nested = op.choice(op.choice(op.never()), op.choice(op.always("c")))
    assert.equal("c", nested:perform())
  end))

  it("choice begins no later operation when an earlier one is ready",
    inside(function()
      local full = lev.channel(1)
      op.choice(op.always(), full:send_op(1)):perform()
      assert.equal(0, #full)
    end))

  it("choice of nothing is never ready", inside(function()
    assert.same({ nil, "timeout" }, { op.choice():perform(1) })
    assert.same({ nil, "timeout" }, { op.never():perform(1) })
  end))

  it("fair starts with each of them", inside(function()
    local choice, seen = op.choice(op.always(1), op.always(2), op.always(3)), {}
    for _ = 1, 3 do seen[choice:perform { fair = true }] = true end
    assert.same({ true, true, true }, seen)
  end))

  it("named_choice returns the name of the winner", inside(function()
    local choice = op.named_choice {
      slow = lev.sleep_op(2), quick = lev.sleep_op(1), text = op.never() }
    assert.same({ "quick", true }, { choice:perform() })
  end))

  it("wraps from the inside out, and keeps all values", inside(function()
    local wrapped = op.always(1, nil):wrap(function(...)
      return select("#", ...), ...
    end):wrap(function(...) return "out", ... end)
    assert.same({ "out", 2, 1, nil, n = 4 }, table.pack(wrapped:perform()))
  end))

  it("wraps, guards, releases and handlers may suspend", inside(function()
    local trace = {}
    local function step(name)
      return function(...)
        lev.sleep(1)
        trace[#trace + 1] = name
        return ...
      end
    end
    local made = op.guard(function()
      step("guard")()
      return op.bracket(step("acquire"), step("release"), function()
        step("use")()
        return op.always():wrap(step("wrap"))
      end)
    end)
    op.choice(made, op.never():on_abort(step("abort"))):perform()
    assert.equal("guard acquire use abort wrap release",
      table.concat(trace, " "))
  end))

  it("or_else tries only, and blocks never", inside(function()
    local channel, trace = lev.channel(1), {}
    local receive = channel:recv_op():on_abort(noting(trace, "abort"))
      :or_else(function() return "else", 1 end)
    assert.same({ "else", 1 }, { receive:perform() })
    assert.same({ "abort" }, trace)
    channel:send("message")
    assert.equal("message", receive:perform())
    assert.same({ "abort" }, trace)
  end))

  it("or_else of what was cancelled before is not tried", inside(function()
    local token, trace = lev.cancel_token(), {}
    token:cancel()
    local receive = lev.channel():recv_op():on_abort(noting(trace, "abort"))
      :or_else(noting(trace, "else"))
    assert.same({ nil, "cancelled" }, { receive:perform { cancel = token } })
    assert.same({ "abort" }, trace)
  end))

  it("or_else within a choice answers for all of it", inside(function()
    local choice = op.choice(lev.sleep_op(1), op.never():or_else(function()
      return "else"
    end):wrap(function(value) return value .. "!" end))
    assert.equal("else!", choice:perform())
  end))
end)

describe("losing", function()
  it("calls on_abort of the losers, once, before the winner's wrap",
    inside(function()
      local trace = {}
      op.choice(
        lev.sleep_op(2):on_abort(noting(trace, "slow")),
        lev.sleep_op(1):on_abort(noting(trace, "quick"))
          :wrap(noting(trace, "wrap"))):perform()
      assert.same({ "slow", "wraptrue" }, trace)
    end))

  it("covers all of a choice: none is told if one of it wins",
    inside(function()
      local trace = {}
      local group = op.choice(op.never(), op.always())
        :on_abort(noting(trace, "group"))
      op.choice(group, lev.sleep_op(1)):perform()
      assert.same({}, trace)
    end))

  it("makes the nack ready", inside(function()
    local nacked
    local choice = op.choice(op.with_nack(function(nack)
      nacked = nack
      return op.never()
    end), lev.sleep_op(1))
    choice:perform()
    assert.is_true(nacked:perform())
  end))

  it("to a timeout tells all", inside(function()
    local trace = {}
    local function loser(name)
      return op.never():on_abort(noting(trace, name))
    end
    assert.same({ nil, "timeout" },
      { op.choice(loser "a", loser "b"):perform(1) })
    assert.same({ "a", "b" }, trace)
  end))

  it("to a cancellation tells all, who are not interrupted", inside(function()
    local trace = {}
    local task = lev.spawn(function()
      op.choice(op.never():on_abort(function()
        lev.sleep(1)
        trace[#trace + 1] = "cleaned"
      end), op.never()):perform()
    end)
    lev.yield()
    task:cancel("enough")
    assert.same({ nil, "cancelled", "enough" }, { task:await() })
    assert.same({ "cleaned" }, trace)
  end))

  it("to an abort tells all, who cannot suspend", inside(function()
    local trace = {}
    local task = lev.spawn(function()
      op.choice(op.never():on_abort(noting(trace, "abort")), op.never())
        :perform()
    end)
    lev.yield()
    task:abort()
    assert.same({ nil, "aborted" }, { task:await() })
    assert.same({ "abort" }, trace)
  end))

  it("tells all, although an abort cuts one of the handlers short",
    inside(function()
      for _, ending in ipairs { "cancellation", "loss" } do
        local trace = {}
        local task = lev.spawn(function()
          local losers = op.choice(op.never():on_abort(function()
            trace[#trace + 1] = "begun"
            lev.sleep(60)
            trace[#trace + 1] = "cut"
          end), op.never():finally(noting(trace, "finally")))
          op.choice(losers, lev.sleep_op(1)):perform()
        end)
        lev.yield()
        if ending == "cancellation" then task:cancel() end
        lev.sleep(2)
        assert.same({ "begun" }, trace)
        task:abort()
        assert.same({ "begun", "finallytrue" }, trace)
      end
    end))

  it("does not depend on handlers that fail: their errors are logged",
    function()
      local messages, result = support.logged(function()
        return support.run(function()
          return op.choice(op.never():on_abort(function() error("oh no") end),
            op.always("won")):perform()
        end)
      end)
      assert.equal("won", result)
      assert.matches("oh no", messages[1])
    end)
end)

describe("bracket and finally", function()
  local function bracket(trace, use)
    return op.bracket(function() return "resource" end,
      function(resource, aborted)
        trace[#trace + 1] = resource .. tostring(aborted)
      end, use)
  end

  it("release once: won", inside(function()
    local trace = {}
    local result = bracket(trace, function(resource)
      return op.always(resource .. "!")
    end):perform()
    assert.same({ "resource!", "resourcefalse" }, { result, trace[1] })
    assert.equal(1, #trace)
  end))

  it("release once: lost", inside(function()
    local trace = {}
    op.choice(bracket(trace, op.never), op.always()):perform()
    assert.same({ "resourcetrue" }, trace)
  end))

  it("release once: an error in use, or in a wrap inside", inside(function()
    local trace = {}
    local failing = bracket(trace, function() error("in use", 0) end)
    assert.same({ false, "in use" }, { pcall(failing.perform, failing) })
    local wrapped = bracket(trace, function()
      return op.always():wrap(function() error("in wrap", 0) end)
    end)
    assert.same({ false, "in wrap" }, { pcall(wrapped.perform, wrapped) })
    assert.same({ "resourcetrue", "resourcetrue" }, trace)
  end))

  it("release nothing that was not acquired", inside(function()
    local trace = {}
    local failing = op.bracket(function() error("in acquire", 0) end,
      noting(trace, "released"), op.never)
    assert.same({ false, "in acquire" }, { pcall(failing.perform, failing) })
    assert.same({}, trace)
  end))

  it("finally hears how it ended", inside(function()
    local trace = {}
    op.always():finally(noting(trace, "won")):perform()
    op.choice(op.never():finally(noting(trace, "lost")), op.always()):perform()
    local failing = op.always():wrap(function() error("x") end)
      :finally(noting(trace, "failed"))
    assert.is_false(pcall(failing.perform, failing))
    assert.same({ "wonfalse", "losttrue", "failedtrue" }, trace)
  end))
end)

describe("misuse", function()
  local function message(...)
    local ok, text = pcall(...)
    assert.is_false(ok)
    return text
  end

  it("names the argument", inside(function()
    local always = op.always()
    assert.matches("bad argument #2 to 'choice' %(lev.op expected, got number",
      message(op.choice, always, 1))
    assert.matches("bad argument #1 to 'guard' %(function expected, got nil",
      message(op.guard))
    assert.matches("bad argument #2 to 'wrap' %(function expected, got lev.op",
      message(always.wrap, always, always))
    assert.matches("#1 to 'perform' %(lev.op expected, got table",
      message(op.perform, {}))
    assert.matches("something to wait for expected, got string",
      message(op.of, "x"))
    assert.matches("'select' %(%[2%]: something to wait for expected",
      message(lev.select, { 1, true }))
    assert.matches("bad argument #1 to 'named_choice' %(table expected",
      message(op.named_choice, 1))
    assert.matches("op_spec.lua:%d+: bad argument #1 to 'named_choice'",
      message(function() return (op.named_choice(1)) end))
    assert.matches("unknown option 'timeuot'",
      message(op.perform, always, { timeuot = 1 }))
    assert.matches("#2 to 'perform' %(timeout: must not be negative",
      message(lev.select, { 1 }, -1))
    assert.matches("guard's result' %(lev.op expected, got number",
      message(op.perform, op.guard(function() return 1 end)))
  end))

  it("of a verb's twin is that of the verb", inside(function()
    local channel = lev.channel()
    assert.matches("bad argument #1 to 'lev.sleep_op'",
      message(lev.sleep_op, -1))
    assert.matches("#1 to 'recv_op' %(timeout: must not be negative",
      message(function() channel:recv_op(-1) end))
    assert.matches("expected, got", message(channel.recv_op, 1))
  end))

  it("outside of a run is performing, not making", function()
    local sleep = lev.sleep_op(1)
    assert.matches("must be called within lev.run",
      message(sleep.perform, sleep))
  end)

  it("says what an operation is", function()
    assert.equal("lev.op: lev.sleep", tostring(lev.sleep_op(1)))
    assert.equal("lev.op", tostring(op.never()))
    assert.is_true(op.is(lev.sleep_op(1)))
    assert.is_true(op.is(op.always()))
    for _, other in ipairs { 1, "x", {}, lev.channel() } do
      assert.is_false(op.is(other))
    end
  end)
end)
