-- Tests lev/lua/lua_coroutine.cc: lev.coroutine, whose coroutines can wait.

local lev = require "lev"
local support = require "support"
local inside = support.inside

local wrap, resume = lev.coroutine.wrap, lev.coroutine.resume

describe("lev.coroutine.wrap", function()
  it("makes a generator that waits in between", inside(function()
    local function numbers()
      for i = 1, 3 do
        lev.sleep(1)
        coroutine.yield(i, i * i)
      end
    end
    local seen = {}
    for i, square in wrap(numbers) do seen[#seen + 1] = i + square end
    assert.same({ 2, 6, 12 }, seen)
    assert.equal(3, lev.now())
  end))

  it("lets other tasks run meanwhile", inside(function()
    local put, trace = support.trace()
    lev.spawn(function() for _ = 1, 3 do lev.sleep(1) put "b" end end)
    wrap(function() for _ = 1, 3 do lev.sleep(1) put "a" end end)()
    lev.yield()
    assert.equal("ababab", trace())
  end))

  it("passes values both ways, and the results", inside(function()
    local generator = wrap(function(...)
      lev.sleep(1)
      local got = table.pack(coroutine.yield(select("#", ...)))
      lev.sleep(1)
      return got.n, nil, got[1]
    end)
    assert.equal(3, generator(1, nil, nil))
    assert.same({ n = 3, 2, nil, "x" }, table.pack(generator("x", nil)))
  end))

  it("raises what the coroutine raises, and closes it", inside(function()
    local closed
    local generator = wrap(function()
      local _ <close> = setmetatable({}, { __close = function()
        closed = true
      end })
      lev.sleep(1)
      error("boom", 0)
    end)
    assert.same({ false, "boom" }, { pcall(generator) })
    assert.is_true(closed)
    assert.matches("dead coroutine", select(2, pcall(generator)))
  end))

  it("nests", inside(function()
    local function inner()
      for i = 1, 2 do lev.sleep(1) coroutine.yield(i) end
    end
    local function outer()
      for i in wrap(inner) do lev.sleep(1) coroutine.yield(i * 10) end
    end
    local seen = {}
    for i in wrap(outer) do seen[#seen + 1] = i end
    assert.same({ 10, 20 }, seen)
    assert.equal(4, lev.now())
  end))

  it("carries on what every call of lev is", inside(function()
    local channel = lev.channel()
    lev.spawn(function() lev.sleep(1) channel:send("message") end)
    local got
    wrap(function()
      got = { channel:recv(), select("#", channel:recv(1)),
              lev.select { channel, late = 2 } }
      lev.yield()
      lev.checkpoint()
      got[#got + 1] = lev.spawn(function() return "task" end):await()
    end)()
    assert.same({ "message", 2, "late", true, "task" }, got)
  end))
end)

describe("lev.coroutine.resume", function()
  it("is coroutine.resume otherwise", inside(function()
    local co = coroutine.create(function(a)
      local b = coroutine.yield(a + 1)
      error("b is " .. b, 0)
    end)
    assert.same({ true, 2 }, { resume(co, 1) })
    assert.same({ false, "b is 5" }, { resume(co, 5) })
    assert.same({ false, "cannot resume dead coroutine" }, { resume(co) })
    assert.is_false(pcall(resume, 5))
  end))

  it("works outside of all runs", function()
    assert.equal(7, wrap(function() coroutine.yield(7) end)())
    local _, err = pcall(wrap(function() lev.sleep(1) end))
    assert.matches("must be called within lev.run", err)
  end)

  it("knows the rest of the library", function()
    for name, value in pairs(coroutine) do
      if name ~= "resume" and name ~= "wrap" then
        assert.equal(value, lev.coroutine[name])
      end
    end
  end)
end)

describe("a wait in such a coroutine", function()
  it("ends with a cancellation of the task", inside(function()
    local seen
    local task = lev.spawn(function()
      wrap(function()
        seen = tostring(select(2, pcall(lev.sleep, 60)))
        lev.sleep(60)
      end)()
    end)
    lev.yield()
    task:cancel("why")
    assert.same({ nil, "cancelled", "why" }, { task:await() })
    assert.equal("cancelled: why", seen)
  end))

  it("ends with an abort, and closes all, the innermost first",
     inside(function()
    local log = {}
    local function note(what)
      return setmetatable({}, { __close = function() log[#log + 1] = what end })
    end
    local task = lev.spawn(function()
      local _ <close> = note "task"
      wrap(function()
        local _ <close> = note "outer"
        wrap(function()
          local _ <close> = note "inner"
          lev.sleep(60)
        end)()
      end)()
    end)
    lev.yield()
    task:abort()
    assert.same({ "inner", "outer", "task" }, log)
    assert.equal(0, lev.stats().timer_count)
  end))

  it("takes no message when the task is aborted", inside(function()
    local channel = lev.channel()
    local task = lev.spawn(function()
      wrap(function() channel:recv() end)()
    end)
    lev.yield()
    task:abort()
    assert.same({ nil, "full" }, { channel:try_send("message") })
    assert.equal(0, channel:stats().receivers)
  end))

  it("survives that somebody closes the coroutine", inside(function()
    local co
    local task = lev.spawn(function()
      co = coroutine.create(function() lev.sleep(60) end)
      local ok, err = resume(co)
      lev.sleep(1)
      return ok, err
    end)
    lev.yield()
    coroutine.close(co)
    task:cancel()
    assert.same({ nil, "cancelled" }, { task:await() })
  end))

  it("refuses to be resumed by anybody else", inside(function()
    local co
    local task = lev.spawn(function()
      co = coroutine.create(function() lev.sleep(1) return "slept" end)
      return resume(co)
    end)
    lev.yield()
    for _, by in ipairs { resume, coroutine.resume } do
      local ok, err = by(co)
      assert.is_false(ok)
      assert.is_string(err)
    end
    task:abort()
    assert.is_true(lev.sleep(1))
  end))

  it("refuses to be resumed by itself", inside(function()
    local seen
    wrap(function()
      local co = coroutine.running()
      seen = { resume(co) }
      wrap(function() lev.sleep(1) end)()
      lev.sleep(1)
    end)()
    assert.same({ false, "cannot resume non-suspended coroutine" }, seen)
    assert.equal(2, lev.now())
  end))

  it("is seen in a dump", inside(function()
    lev.spawn(function()
      wrap(function() lev.sleep(60) end)()
    end, { name = "generator" })
    lev.yield()
    local entry = lev.task_dump()[2]
    assert.same({ "generator", "lev.sleep" }, { entry.name, entry.wait.verb })
    assert.matches("in a coroutine that the task has resumed", entry.traceback)
    lev.stop()
  end))
end)

describe("what cannot be passed on", function()
  local function refused(message, body)
    return inside(function()
      local _, err = pcall(body)
      assert.matches(message, tostring(err), 1, true)
      assert.is_true(lev.sleep(1))
      assert.equal("fine", wrap(function() lev.sleep(1) return "fine" end)())
    end)
  end

  it("is a wait behind a coroutine of the plain library",
     refused("inside a coroutine that is not a task", function()
       coroutine.wrap(function()
         wrap(function() lev.sleep(1) end)()
       end)()
     end))

  it("is a wait in a plain one within",
     refused("inside a coroutine that is not a task", function()
       wrap(function()
         coroutine.wrap(function() lev.sleep(1) end)()
       end)()
     end))

  it("is a wait where Lua cannot suspend",
     refused("inside a coroutine that is not a task", function()
       string.gsub("x", "x", function()
         wrap(function() lev.sleep(1) end)()
       end)
     end))

  it("names the callback within",
     refused("lev.sleep: cannot suspend inside 'gsub'", function()
       wrap(function()
         string.gsub("x", "x", function() lev.sleep(1) end)
       end)()
     end))

  it("is a scope, which must end in order",
     refused("lev.scope: cannot suspend inside a coroutine", function()
       wrap(function() lev.scope(print) end)()
     end))
end)

describe("lev.coroutine.install", function()
  it("makes the plain library so", function()
    assert.equal("1\t2\n", (support.program([[
      lev.coroutine.install()
      lev.run(function()
        local seen = {}
        for i in coroutine.wrap(function()
          for i = 1, 2 do lev.sleep(0.001) coroutine.yield(i) end
        end) do seen[#seen + 1] = i end
        print(table.unpack(seen))
      end)]])))
  end)
end)
