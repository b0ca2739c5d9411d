-- Tests lev/lua/faces/ward_async.lua: tasks, channels and await. What several
-- awaitables have to do with each other is in ward_select_spec.lua.

local lev = require "lev"
local support = require "support"
local async = require "ward.async"
local time = require "ward.time"

local inside = support.inside

local function failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function sleeper() time.sleep("1h"):wait() end

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("async.spawn", function()
  it("passes arguments, and returns all results, holes included",
     inside(function()
    local task = async.spawn(function(...)
      return select("#", ...), ...
    end, nil, 2, nil)
    assert.same({ n = 4, 3, nil, 2, nil }, table.pack(task:wait()))
  end))

  it("begins later", inside(function()
    local begun = false
    local task = async.spawn(function() begun = true end)
    assert.is_false(begun)
    task:wait()
    assert.is_true(begun)
  end))

  it("wants a function", inside(function()
    assert.equal("bad argument #1 to 'spawn' (function expected, got string)",
                 failure(async.spawn, "x"))
  end))

  it("works in a run alone", function()
    assert.matches("must be called within lev.run", failure(async.spawn, print))
  end)
end)

describe("coroutine.yield in a task", function()
  it("lets others run", inside(function()
    local put, trace = support.trace()
    local function worker(letter)
      for _ = 1, 3 do
        put(letter)
        coroutine.yield()
      end
    end
    local one, other = async.spawn(worker, "a"), async.spawn(worker, "b")
    one:wait()
    other:wait()
    assert.equal("ababab", trace())
  end))
end)

describe("Task:wait", function()
  it("can be done once", inside(function()
    local task = async.spawn(function() return 1 end)
    assert.equal(1, task:wait())
    assert.equal("task already joined", failure(task.wait, task))
  end))

  it("raises the error of the task as it is, and counts then",
     inside(function()
    local thrown = {}
    local task = async.spawn(function() error(thrown) end)
    assert.equal(thrown, failure(task.wait, task))
    assert.equal("task already joined", failure(task.wait, task))
  end))

  it("returns nil and a text that the task returned", inside(function()
    local task = async.spawn(function() return nil, "closed" end)
    assert.same({ n = 2, nil, "closed" }, table.pack(task:wait()))
  end))

  it("raises cancelled while it waits, when the task is cancelled",
     inside(function()
    local task = async.spawn(sleeper)
    local seen
    local waiter = async.spawn(function() seen = failure(task.wait, task) end)
    lev.yield()
    task:cancel()
    waiter:wait()
    assert.equal("cancelled", seen)
  end))
end)

describe("Task:cancel", function()
  it("ends the task where it stands: pcall sees nothing, <close> does",
     inside(function()
    local log = {}
    local task = async.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        log[#log + 1] = "closed"
      end })
      log[#log + 1] = pcall(sleeper) and "slept" or "caught"
    end)
    lev.yield()
    assert.is_true(task:cancel())
    assert.is_true(task:done())
    assert.same({ "closed" }, log)
    assert.equal("cancelled", failure(task.wait, task))
  end))

  it("keeps a task from beginning", inside(function()
    local begun = false
    local task = async.spawn(function() begun = true end)
    task:cancel()
    assert.equal("cancelled", failure(task.wait, task))
    assert.is_false(begun)
  end))

  it("is false when there is nothing left to cancel", inside(function()
    local task = async.spawn(function() return "result" end)
    lev.yield()
    assert.is_false(task:cancel())
    assert.equal("result", task:wait())
    task = async.spawn(sleeper)
    assert.is_true(task:cancel())
    assert.is_false(task:cancel())
  end))

  it("lets the task that calls it go on to its next wait", inside(function()
    local log, task = {}, nil
    task = async.spawn(function()
      log[1] = task:cancel()
      log[2] = task:cancel()
      sleeper()
      log[3] = "went on"
    end)
    lev.yield()
    assert.same({ true, false }, log)
    assert.equal("cancelled", failure(task.wait, task))
  end))
end)

describe("Task:done", function()
  it("says whether it has finished", inside(function()
    local task = async.spawn(function() time.sleep("5ms"):wait() end)
    assert.is_false(task:done())
    time.sleep("10ms"):wait()
    assert.is_true(task:done())
  end))
end)

describe("a Task that is dropped", function()
  it("is aborted by the collector", inside(function()
    local closed = false
    async.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        closed = true
      end })
      sleeper()
    end)
    lev.yield()
    collect()
    assert.is_true(closed)
  end))

  it("goes on if it was detached", inside(function()
    local done = false
    local task = async.spawn(function()
      time.sleep("5ms"):wait()
      done = true
    end)
    assert.is_true(task:detach())
    assert.is_true(task:detach())
    task = nil
    lev.yield()
    collect()
    time.sleep("10ms"):wait()
    assert.is_true(done)
  end))

  it("can be cancelled and waited for although it is detached",
     inside(function()
    local task = async.spawn(sleeper)
    task:detach()
    assert.is_true(task:cancel())
    assert.equal("cancelled", failure(task.wait, task))
  end))

  it("is aborted at the end of its block, as a <close> variable",
     inside(function()
    local kept
    do
      local task <close> = async.spawn(sleeper)
      kept = task
    end
    assert.is_true(kept:done())
  end))

  it("is not collected while somebody waits for it", inside(function()
    local result
    async.spawn(function()
      result = async.spawn(function()
        time.sleep("5ms"):wait()
        return "there"
      end):wait()
    end):detach()
    lev.yield()
    lev.yield()
    collect()
    time.sleep("10ms"):wait()
    assert.equal("there", result)
  end))
end)

describe("async.channel", function()
  it("holds 64, or as many as one says", inside(function()
    local function holds(channel)
      local count = 0
      while channel:try_send(count) do count = count + 1 end
      return count
    end
    assert.equal(64, holds(async.channel()))
    assert.equal(64, holds(async.channel {}))
    assert.equal(3, holds(async.channel(3)))
    assert.equal(2, holds(async.channel { capacity = 2.0 }))
  end))

  it("refuses odd capacities", inside(function()
    local function refusal(capacity)
      local text = failure(async.channel, capacity)
      if type(capacity) == "number" then
        assert.equal(text, failure(async.channel, { capacity = capacity }))
      end
      return text
    end
    for _, capacity in ipairs { 0, -1, 0 / 0, math.huge, -math.huge } do
      assert.equal("capacity must be positive", refusal(capacity))
    end
    assert.equal("capacity must be an integer", refusal(1.5))
    assert.equal("capacity overflow", refusal(1e300))
    assert.equal("channel expects opts table or capacity number",
                 refusal("16"))
  end))

  it("hands over in order, nil included", inside(function()
    local channel = async.channel(4)
    assert.same({ true }, { channel:send("a") })
    channel:send(nil)
    channel:send(false)
    assert.same({ n = 1, "a" }, table.pack(channel:wait()))
    assert.same({ n = 1, nil }, table.pack(channel:wait()))
    assert.same({ n = 1, false }, table.pack(channel:wait()))
  end))

  it("blocks the sender when it is full", inside(function()
    local put, trace = support.trace()
    local channel = async.channel(1)
    local sender = async.spawn(function()
      for _ = 1, 3 do channel:send(1) put "s" end
    end)
    lev.yield()
    put "|"
    for _ = 1, 3 do channel:wait() put "r" end
    sender:wait()
    assert.matches("^s|", trace())
    assert.equal(3, select(2, trace():gsub("s", "")))
  end))

  it("tries without waiting", inside(function()
    local channel = async.channel(1)
    assert.same({ nil, "empty" }, { channel:try_recv() })
    assert.same({ true }, { channel:try_send("x") })
    assert.same({ nil, "full" }, { channel:try_send("y") })
    assert.same({ "x" }, { channel:try_recv() })
    channel:close()
    assert.same({ nil, "closed" }, { channel:try_send("z") })
    assert.same({ nil, "closed" }, { channel:try_recv() })
  end))

  it("closes its sending side alone, as often as one likes", inside(function()
    local channel = async.channel(2)
    channel:send("kept")
    assert.is_true(channel:close())
    assert.is_true(channel:close())
    assert.same({ nil, "closed" }, { channel:send("late") })
    assert.same({ "kept" }, { channel:wait() })
    assert.same({ nil, "closed" }, { channel:wait() })
  end))

  it("still takes what senders were blocked with when it was closed",
     inside(function()
    local channel = async.channel(1)
    local sent = {}
    for i = 1, 3 do
      async.spawn(function() sent[i] = channel:send(i) end):detach()
    end
    lev.yield()
    channel:close()
    local got = {}
    for value in function() return (channel:wait()) end do
      got[#got + 1] = value
    end
    lev.yield()
    assert.same({ { 1, 2, 3 }, { true, true, true } }, { got, sent })
  end))

  it("serves receivers in order, and loses nothing to the dead",
     inside(function()
    local channel = async.channel(1)
    local got, tasks = {}, {}
    for i = 1, 3 do
      tasks[i] = async.spawn(function() got[i] = channel:wait() end)
      lev.yield()
    end
    tasks[1]:cancel()
    channel:send("first")
    channel:send("second")
    tasks[3]:wait()
    assert.same({ [2] = "first", [3] = "second" }, got)
  end))
end)

describe("async.await", function()
  it("waits for tasks, channels and sleeps", inside(function()
    assert.equal(1, async.await(async.spawn(function() return 1 end)))
    local channel = async.channel()
    channel:send(2)
    assert.equal(2, async.await(channel))
    assert.is_true(async.await(time.sleep("1ms")))
  end))

  it("takes whatever has wait, or else can be called", inside(function()
    local callable = { __call = function(_, ...)
      return "called", select("#", ...)
    end }
    assert.same({ "called", 0 }, { async.await(setmetatable({}, callable)) })
    local both = setmetatable({ wait = function(self)
      return self, "waited"
    end }, callable)
    assert.same({ both, "waited" }, { async.await(both) })
  end))

  it("refuses everything else", inside(function()
    assert.equal("awaitable must implement wait() (or __call())",
                 failure(async.await, {}))
    assert.equal("awaitable must implement wait() (or __call())",
                 failure(async.await, io.stdout))
    for _, value in ipairs { 1, "text", print, true } do
      assert.matches("^bad argument #1 to 'await' %(awaitable expected",
                     failure(async.await, value))
    end
  end))
end)

describe("the objects of ward.async", function()
  it("say what they are", inside(function()
    assert.equal("Task()", tostring(async.spawn(function() end)))
    assert.equal("Channel()", tostring(async.channel()))
  end))
end)
