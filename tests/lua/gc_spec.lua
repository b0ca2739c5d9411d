-- A collector at its most hostile disturbs nobody, and nothing piles up.

local lev = require "lev"
local support = require "support"
local inside, logged = support.inside, support.logged

-- What a hostile collector must not disturb. Each returns a value that is
-- compared with what it returns otherwise.
local programs = {
  ["tasks"] = function()
    local sum = 0
    for i = 1, 50 do
      lev.spawn(function()
        lev.sleep(i % 7)
        lev.yield()
        sum = sum + i
      end)
    end
    lev.sleep(10)
    return sum
  end,

  ["results and errors"] = function()
    local text = {}
    for i = 1, 20 do
      local task = lev.spawn(function()
        lev.sleep(1)
        if i % 2 == 0 then error({ i }) end
        return "result " .. i, nil, { i }
      end)
      local result, err, more = lev.await(task)
      text[i] = tostring(result) .. type(err) .. type(more)
    end
    return table.concat(text)
  end,

  ["tokens that only waits know"] = function()
    local root = lev.cancel_token()
    local count = 0
    for i = 1, 20 do
      lev.spawn(function()
        local _, err = lev.sleep(99, root:child():child())
        if err == "cancelled" then count = count + i end
      end)
    end
    lev.sleep(1)
    root:cancel({ "reason" })
    lev.sleep(1)
    return count .. root.reason[1]
  end,

  ["races in alls"] = function()
    local branches = {}
    for i = 1, 10 do
      branches[i] = function()
        return lev.race({
          function() lev.sleep(i) return "a" .. i end,
          function(token) lev.sleep(5, token) return "b" .. i end,
        })
      end
    end
    local text = {}
    for i, results in ipairs(lev.all(branches)) do text[i] = results[1] end
    return table.concat(text, " ")
  end,

  ["cancellations"] = function()
    local text = {}
    for i = 1, 20 do
      local task = lev.spawn(function()
        lev.defer(function() pcall(lev.sleep, 1) text[#text + 1] = "d" .. i end)
        local _ <close> = setmetatable({}, {
          __close = function() text[#text + 1] = "c" .. i end })
        lev.sleep(99)
      end)
      lev.yield()
      if i % 2 == 0 then task:abort() else task:cancel({ i }) end
      local _, how = lev.await(task)
      text[#text + 1] = how
    end
    return table.concat(text, " ")
  end,

  ["cleanups"] = function()
    local text = {}
    lev.await(lev.spawn(function()
      for i = 1, 20 do
        lev.own({ close = function() lev.yield() text[#text + 1] = i end })
      end
      return "a", "b", "c"
    end))
    return table.concat(text, " ")
  end,

  ["looks inside"] = function()
    local text = {}
    for i = 1, 20 do
      lev.spawn(function() lev.sleep(i) end, { name = "task " .. i })
      lev.yield()
      for _, task in ipairs(lev.task_dump()) do
        if task.name then
          text[#text + 1] = task.name .. #(task.traceback or "")
        end
      end
    end
    return table.concat(text, " ")
  end,

  ["names"] = function()
    local tasks = {}
    for i = 1, 20 do
      tasks[i] = lev.spawn(function()
        lev.sleep(1)
        return lev.task_name()
      end, { name = "task " .. i })
    end
    local text = {}
    for i = 1, 20 do text[i] = lev.await(tasks[i]) .. tasks[i].name end
    return table.concat(text)
  end,
}

-- Runs a program; ends with its result and all that was logged.
local function outcome(program)
  local messages, result = logged(function()
    return support.run(program)
  end)
  return tostring(result) .. "\n" .. table.concat(messages, "\n")
end

-- The same, with a task that collects everything a hundred times a second.
local function outcome_while_collecting(program)
  return outcome(function()
    local collecting = true
    lev.spawn(function()
      while collecting do
        collectgarbage()
        lev.sleep(0.01)
      end
    end)
    local result = program()
    collecting = false
    return result
  end)
end

describe("a collector that is always at work", function()
  for name, program in pairs(programs) do
    it("does not disturb " .. name, function()
      local expected = outcome(program)
      local pause = collectgarbage("setpause", 0)
      local multiplier = collectgarbage("setstepmul", 1000)
      local ok, got = pcall(outcome, program)
      collectgarbage("setpause", pause)
      collectgarbage("setstepmul", multiplier)
      assert(ok, got)
      assert.equal(expected, got)
    end)

    it("and complete does not disturb " .. name, function()
      assert.equal(outcome(program), outcome_while_collecting(program))
    end)

    it("and generational does not disturb " .. name, function()
      local expected = outcome(program)
      collectgarbage("generational")
      local ok, got = pcall(outcome, program)
      collectgarbage("incremental")
      assert(ok, got)
      assert.equal(expected, got)
    end)
  end
end)

describe("a handle that is dropped", function()
  it("changes nothing for the task", inside(function()
    local ended = false
    lev.spawn(function() lev.sleep(5) ended = true end)
    collectgarbage()
    collectgarbage()
    lev.sleep(6)
    assert.is_true(ended)
  end))

  it("is collected after the task has ended", inside(function()
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 100 do
      weak[lev.spawn(function() return {} end, { name = "x" })] = true
    end
    lev.sleep(1)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end))

  it("of a failed task that was awaited is collected", inside(function()
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 200 do
      local task = lev.spawn(error)
      weak[task] = true
      lev.await(task)
    end
    collectgarbage()
    collectgarbage()
    local left = 0
    for _ in pairs(weak) do left = left + 1 end
    assert.is_true(left <= 66, left)
  end))
end)

describe("memory", function()
  -- KiB in use after `count` repetitions of `step`.
  local function memory_after(count, step)
    for _ = 1, count do step() end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end

  local function steady(step)
    return inside(function()
      local before = memory_after(1500, step)
      local after = memory_after(3000, step)
      assert.is_true(after - before < 64, after - before)
    end)
  end

  it("stays the same over many tasks", steady(function()
    lev.await(lev.spawn(function() lev.sleep(1) return 1, 2 end))
  end))

  it("stays the same over many failures", steady(function()
    lev.await(lev.spawn(function() lev.sleep(1) error({}) end))
  end))

  it("stays the same over many races", steady(function()
    lev.race({ function() lev.sleep(1) end, function() lev.sleep(2) end })
  end))

  it("stays the same over many cancelled waits", steady(function()
    local token = lev.cancel_token()
    lev.spawn(function() token:cancel({}) end)
    lev.sleep(9, token:child())
  end))

  it("stays the same over many looks inside", steady(function()
    local task = lev.spawn(function() lev.sleep(1) end, { name = "x" })
    lev.yield()
    lev.task_dump()
    lev.await(task)
  end))

  it("stays the same over many cleanups", steady(function()
    lev.await(lev.spawn(function()
      lev.defer(function() lev.sleep(1) end)
      lev.own({ close = function() end })
    end))
  end))

  it("stays the same with a token for ever", function()
    local token = lev.cancel_token()
    steady(function()
      lev.race({ function() lev.sleep(1, token:child()) end,
                 function() lev.sleep(2, token) end })
    end)()
  end)

  it("of a thousand threads is given back", inside(function()
    local before = memory_after(0)
    for _ = 1, 5000 do lev.spawn(function() lev.sleep(1) end) end
    lev.sleep(2)
    -- The pool keeps 1024 of them.
    assert.is_true(memory_after(0) - before < 1024 * 2.5)
  end))
end)
