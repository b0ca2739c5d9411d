-- Tests lev/lua/lua_slow.cc: lev.run(fn, {slow = seconds}).

local lev = require "lev"
local support = require "support"

-- Runs `body(warnings)` as the main task; `warnings` grows with each. Returns
-- them.
local function watched(body, options)
  local warnings = {}
  lev.set_logger(function(level, message)
    assert(level == "warn", message)
    warnings[#warnings + 1] = message
  end)
  local results = table.pack(lev.run(function()
    body(warnings)
    return "done"
  end, options or { slow = 0.01 }))
  lev.set_logger(nil)
  if results[1] ~= "done" then
    error(tostring(results[2]) .. "\n" .. tostring(results[3]), 0)
  end
  return warnings
end

-- Runs Lua code until there are `count` warnings; fails after half a minute.
local function hog(warnings, count)
  local limit = os.time() + 30
  while #warnings < count do assert(os.time() < limit, "no warning came") end
end

-- Keeps the loop in a call of C.
local function nap() os.execute("sleep 0.05") end

local HEAD = '^task #1 "main" has run for %d+%.%d%d s without suspending\n'

describe("With slow, a task that keeps the loop", function()
  it("is told of while it does, with where it is", function()
    local line
    local warnings = watched(function(warnings)
      line = debug.getinfo(1, "l").currentline + 1
      hog(warnings, 1)
    end)
    assert.matches(HEAD .. "stack traceback:\n\t", warnings[1])
    assert.matches("in upvalue 'hog'\n\t[^\n]*slow_spec.lua:" .. line .. ":",
      warnings[1])
  end)

  it("is told of once for each resumption", function()
    local warnings = watched(function(warnings)
      for i = 1, 3 do
        hog(warnings, i)
        local limit = lev.now() + 0.05
        while lev.now() < limit do end
        assert.equal(i, #warnings)
        lev.sleep(0)
      end
    end)
    assert.equal(3, #warnings)
  end)

  it("is told of when it suspends, if it was in C", function()
    local warnings = watched(function(warnings)
      nap()
      assert.equal(0, #warnings)
      lev.sleep(0)
      assert.equal(1, #warnings)
    end)
    assert.matches(HEAD .. "stack traceback:\n\t%[C%]: in function " ..
      "'lev.sleep'\n", warnings[1])
  end)

  it("is told of when it ends, if it was in C", function()
    assert.matches(HEAD .. "it has ended$", watched(nap)[1])
  end)

  it("is told of when it ends with an error", function()
    local warnings = watched(function()
      lev.await(lev.spawn(function()
        nap()
        error("boom")
      end, { name = "worker" }))
    end)
    assert.equal(1, #warnings)
    assert.matches('^task #2 "worker" has run for .*\nit has ended$',
      warnings[1])
  end)

  it("is told of in a coroutine of its own, too", function()
    local warnings = watched(function(warnings)
      coroutine.wrap(function() hog(warnings, 1) end)()
    end)
    assert.matches("in upvalue 'hog'.*\nin a coroutine that the task has " ..
      "resumed:\nstack traceback:\n", warnings[1])
  end)

  it("is told of in its cleanups, too", function()
    local warnings = watched(function(warnings)
      lev.await(lev.spawn(function()
        lev.defer(function() hog(warnings, 1) end)
      end, { name = "tidy" }))
    end)
    assert.matches('^task #2 "tidy" has run for ', warnings[1])
  end)

  it("may be ended by the logger", function()
    local ended
    lev.set_logger(function() lev.stop() end)
    local _, err = lev.run(function()
      hog({}, 0)
      nap()
      lev.defer(function() ended = true end)
      lev.sleep(30)
    end, { slow = 0.01 })
    lev.set_logger(nil)
    assert.same({ "stopped", true }, { err, ended })
  end)

  it("may be aborted by the logger", function()
    local victim
    lev.set_logger(function() victim:abort() end)
    local how
    lev.run(function()
      victim = lev.spawn(function()
        nap()
        lev.sleep(30)
      end)
      how = select(2, lev.await(victim))
    end, { slow = 0.01 })
    lev.set_logger(nil)
    assert.equal("aborted", how)
  end)

  it("keeps a hook of its own, and is told of later", function()
    local function mine() end
    local warnings = watched(function(warnings)
      debug.sethook(mine, "", 1000000)
      nap()
      lev.sleep(0)
      assert.equal(mine, (debug.gethook()))
      assert.equal(1, #warnings)
    end)
    assert.equal(1, #warnings)
  end)
end)

describe("Nobody is told of", function()
  it("tasks that give way in time", function()
    assert.same({}, watched(function()
      for _ = 1, 100 do lev.yield() end
      lev.await(lev.spawn(function() lev.sleep(0.01) end))
    end, { slow = 60 }))
  end)

  it("anything in virtual time, where code takes none", function()
    assert.same({}, watched(nap, { poller = "fake", slow = 0.001 }))
  end)

  it("anything by default, and nothing is hooked", function()
    lev.run(function()
      assert.is_nil(debug.gethook())
      lev.sleep(0)
      assert.is_nil(debug.gethook())
    end)
  end)
end)

describe("The hook of slow", function()
  it("is not left to coroutines that outlive the run", function()
    local thread
    watched(function()
      thread = coroutine.create(function()
        coroutine.yield()
        for _ = 1, 1000000 do end
        return "done"
      end)
      coroutine.resume(thread)
    end, { slow = 60 })
    assert.is_truthy(debug.gethook(thread))
    assert.same({ true, "done" }, { coroutine.resume(thread) })
    assert.is_nil(debug.gethook(thread))
  end)

  it("is for the runs that ask for it", function()
    watched(function() assert.is_truthy(debug.gethook()) end, { slow = 60 })
    support.run(function() assert.is_nil(debug.gethook()) end)
  end)
end)

describe("The option slow", function()
  local function rejects(title, value, expected)
    it("must not be " .. title, function()
      assert.error_matches(function() lev.run(print, { slow = value }) end,
        "bad argument #2 to 'run' %(slow: " .. expected)
    end)
  end
  rejects("text", "1", "number of seconds expected, got string")
  rejects("a boolean", true, "number of seconds expected, got boolean")
  rejects("negative", -1, "must not be negative or NaN, is %-1")
  rejects("no number", 0 / 0, "must not be negative or NaN")
end)
