-- Tests lev/lua/faces/ward_async.lua: async.select, and programs as a whole.

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

-- An awaitable of somebody else's, which waits with `fn`.
local function stranger(fn)
  return setmetatable({}, { __index = { wait = fn } })
end

local function ready(...)
  local values = table.pack(...)
  local task = async.spawn(function()
    return table.unpack(values, 1, values.n)
  end)
  lev.yield()
  return task
end

describe("async.select", function()
  it("returns the index of the first to complete, and its results",
     inside(function()
    local task = async.spawn(function()
      time.sleep("20ms"):wait()
      return "task", nil, 3
    end)
    assert.same({ 2, true }, { async.select { task, time.sleep("10ms") } })
    assert.same({ n = 4, 1, "task", nil, 3 },
                table.pack(async.select { task, time.sleep("50ms") }))
  end))

  it("prefers the lowest index among those that are ready", inside(function()
    local channel = async.channel()
    channel:send("message")
    assert.same({ 1, "a" }, { async.select { ready "a", channel } })
    assert.same({ 1, "message" }, { async.select { channel, ready "b" } })
    assert.same({ 2, "c" },
                { async.select { time.sleep("1s"), ready "c", ready "d" } })
  end))

  it("takes no message with a channel that loses", inside(function()
    local one, other = async.channel(), async.channel()
    one:send("first")
    other:send("kept")
    assert.same({ 1, "first" }, { async.select { one, other } })
    assert.same({ "kept" }, { other:try_recv() })
    assert.equal(2, (async.select { one, time.sleep("1ms") }))
    one:send("later")
    assert.same({ "later" }, { one:try_recv() })
  end))

  it("tells that a channel is closed", inside(function()
    local channel = async.channel()
    channel:close()
    assert.same({ n = 3, 1, nil, "closed" },
                table.pack(async.select { channel, time.sleep("1s") }))
  end))

  it("raises the error of the winner", inside(function()
    local task = async.spawn(function() error("boom", 0) end)
    assert.equal("boom", failure(async.select, { time.sleep("1s"), task }))
  end))

  it("leaves tasks that lose alone: they can be waited for", inside(function()
    local task = async.spawn(function()
      time.sleep("20ms"):wait()
      return "result"
    end)
    for _ = 1, 3 do
      assert.equal(2, (async.select { task, time.sleep("1ms") }))
    end
    assert.equal("result", task:wait())
  end))

  it("joins the task that wins, and that once", inside(function()
    local task = ready "result"
    async.select { task }
    assert.equal("task already joined", failure(task.wait, task))
    assert.equal("task already joined", failure(async.select, { task }))
  end))

  it("is cancelled by a task that is", inside(function()
    local task = async.spawn(function() time.sleep("1h"):wait() end)
    async.spawn(function() task:cancel() end):detach()
    assert.equal("cancelled", failure(async.select, { task }))
  end))

  it("begins sleeps anew each time", inside(function()
    local tick = time.sleep("10ms")
    local before = lev.now()
    for _ = 1, 3 do assert.equal(1, (async.select { tick })) end
    assert.near(0.03, lev.now() - before, 0.001)
  end))

  it("takes intervals and callbacks", inside(function()
    local interval = time.interval("10ms")
    local after = time.after("15ms", function() return "called" end)
    assert.same({ 1, 1 }, { async.select { interval, after } })
    assert.same({ 2, "called" },
                { async.select { time.sleep("1s"), after } })
    assert.equal(2, interval:wait())
  end))

  it("wants a list of awaitables", inside(function()
    local not_a_list = "select expects a non-empty array table"
    assert.equal(not_a_list, failure(async.select))
    assert.equal(not_a_list, failure(async.select, {}))
    assert.equal(not_a_list, failure(async.select, "list"))
    assert.equal("select expects an array of userdata awaitables",
                 failure(async.select, { time.sleep("1s"), 5 }))
    assert.equal("select expects an array of userdata awaitables",
                 failure(async.select, { {} }))
  end))

  it("leaves nothing behind", inside(function()
    async.select { async.channel(), time.sleep("1h"), ready() }
    assert.equal(0, lev.stats().timer_count)
    assert.equal(1, lev.stats().task_count)
  end))
end)

describe("async.select of awaitables of others", function()
  it("waits for them, too", inside(function()
    local late = stranger(function() lev.sleep(0.01) return "late" end)
    assert.same({ 2, "late" }, { async.select { time.sleep("1s"), late } })
    local callable = setmetatable({}, { __call = function() return "c" end })
    assert.same({ 1, "c" }, { async.select { callable } })
  end))

  it("does not begin those after one that is ready", inside(function()
    local begun = {}
    local function note(i, value)
      return stranger(function() begun[#begun + 1] = i return value end)
    end
    assert.same({ 1, "x" }, { async.select { note(1, "x"), note(2, "y") } })
    assert.same({ 1 }, begun)
    assert.same({ 1, "r" }, { async.select { ready "r", note(3) } })
    assert.same({ 1 }, begun)
    assert.same({ 1, "z" }, { async.select { note(4, "z"), ready "r" } })
  end))

  it("ends those that lose, and raises what the winner raises",
     inside(function()
    local closed = false
    local loser = stranger(function()
      local _ <close> = setmetatable({}, { __close = function()
        closed = true
      end })
      lev.sleep(60)
    end)
    local winner = stranger(function() lev.sleep(0.01) error("boom", 0) end)
    assert.equal("boom", failure(async.select, { loser, winner }))
    assert.is_true(closed)
  end))

  it("takes a timeout within a select", inside(function()
    local channel = async.channel()
    local timeout = time.timeout(channel, "10ms")
    assert.equal("timeout", failure(async.select, { timeout, channel }))
  end))
end)

describe("a program written for ward", function()
  local directory = os.getenv("TEST_TMPDIR") or "/tmp"
  local path = directory .. "/ward_select_spec_file.lua"

  local function run(text)
    local file = assert(io.open(path, "w"))
    file:write('local async = require("ward.async")\n',
               'local time = require("ward.time")\n', text)
    file:close()
    local pipe = assert(io.popen("lev/lua/lev " .. path .. " 2>&1"))
    local output = pipe:read("a")
    local _, _, code = pipe:close()
    return output, code
  end

  it("races a task against a timeout", function()
    assert.same({ "winner\t2\ttrue\n", 0 }, { run([[
      local t = async.spawn(function()
      time.sleep("200ms"):wait()
      return "task"
      end)
      local idx, v = async.select({ t, time.sleep("50ms") })
      print("winner", idx, v)]]) })
  end)

  it("waits for the results of a task", function()
    assert.same({ "42\tok\n", 0 }, { run([[
      local t = async.spawn(function(x)
      return x + 1, "ok"
      end, 41)
      local n, s = t:wait()
      print(n, s) -- 42 ok]]) })
  end)

  it("awaits a sleep", function()
    assert.same({ "", 0 }, { run([[async.await(time.sleep("100ms"))]]) })
  end)

  it("has a pool of workers", function()
    assert.same({ "385\n", 0 }, { run([[
      local jobs = async.channel({ capacity = 2 })
      local results = async.channel({ capacity = 16 })
      local workers = {}
      for i = 1, 3 do
        workers[i] = async.spawn(function()
          while true do
            local n, err = jobs:wait()
            if err == "closed" then return i end
            time.sleep("1ms"):wait()
            results:send(n * n)
          end
        end)
      end
      for n = 1, 10 do jobs:send(n) end
      jobs:close()
      for _, worker in ipairs(workers) do worker:wait() end
      local sum = 0
      results:close()
      for n in function() return (results:wait()) end do sum = sum + n end
      print(sum)]]) })
  end)

  it("ends with its file, detached tasks included", function()
    assert.same({ "end\n", 0 }, { run([[
      async.spawn(function()
        while true do time.sleep("1ms"):wait() end
      end):detach()
      kept = async.spawn(function() time.sleep("1h"):wait() end)
      time.sleep("5ms"):wait()
      print("end")]]) })
  end)

  it("ends with the error that nobody catches", function()
    local text, code = run([[
      async.spawn(function() error("boom", 0) end):wait()]])
    assert.equal(1, code)
    assert.matches("^lev: boom\n", text)
  end)
end)
