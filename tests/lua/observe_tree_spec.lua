-- Tests lev/lua/lua_observe.cc: stats, task_tree and task_dump.

local lev = require "lev"
local support = require "support"
local inside = support.inside

-- The entry of the task called `name`.
local function entry(list, name)
  for _, task in ipairs(list) do
    if task.name == name then return task end
  end
end

local function names(list)
  local found = {}
  for i, task in ipairs(list) do found[i] = task.name or "-" end
  return table.concat(found, " ")
end

local function sleeper(name, seconds)
  return lev.spawn(function() lev.sleep(seconds or 1) end, { name = name })
end

describe("lev.stats", function()
  it("counts the tasks that are alive", inside(function()
    assert.equal(1, lev.stats().active_coros)
    local task = sleeper("a")
    assert.equal(2, lev.stats().active_coros)
    lev.await(task)
    assert.equal(1, lev.stats().active_coros)
  end))

  it("counts as alive whoever runs, is ready or waits", inside(function()
    sleeper("parked")
    lev.yield()
    sleeper("ready")
    assert.same({ 3, 1, 1 }, { lev.stats().active_coros,
      lev.stats().ready_count, lev.stats().timer_count })
  end))

  it("counts no task that failed and was not awaited", function()
    support.logged(function()
      support.run(function()
        lev.spawn(error)
        lev.sleep(1)
        assert.same({ 1, 2 },
          { lev.stats().active_coros, lev.stats().task_count })
      end)
    end)
  end)

  it("counts nobody whose task is not alive", inside(function()
    lev.enable_dump_signal()
    assert.equal(1, lev.stats().active_coros)
  end))

  it("is nil outside a run", function() assert.is_nil(lev.stats()) end)
end)

describe("lev.task_tree", function()
  it("is nil outside a run", function()
    assert.is_nil(lev.task_tree())
    assert.same({ n = 1 }, table.pack(lev.task_tree()))
  end)

  it("tells what the contract names, and no more", inside(function()
    lev.spawn(function() lev.sleep(1) end,
      { name = "worker", detached = true })
    lev.yield()
    assert.same({
      { id = 1, name = "main", status = "pending", detached = false,
        co_status = "running" },
      { id = 2, name = "worker", status = "pending", detached = true,
        parent_id = 1, co_status = "suspended" },
    }, lev.task_tree())
  end))

  it("knows who was named later, and who never was", inside(function()
    lev.spawn(function() lev.sleep(1) end)
    lev.task_name("renamed")
    assert.equal("renamed -", names(lev.task_tree()))
  end))

  it("is sorted by id, whoever belongs to which scope", inside(function()
    lev.spawn(function()
      lev.race { function() lev.sleep(1) end, function() lev.sleep(2) end }
    end)
    lev.yield()
    sleeper("last")
    local ids = {}
    for i, task in ipairs(lev.task_tree()) do ids[i] = task.id end
    assert.same({ 1, 2, 3, 4, 5 }, ids)
  end))

  it("names the parents of a race's branches", inside(function()
    local tree
    lev.race { function() lev.yield() tree = lev.task_tree() end }
    assert.same({ 2, 1 }, { tree[2].id, tree[2].parent_id })
  end))

  it("has no task that has ended", inside(function()
    local first, second = sleeper("a", 1), sleeper("b", 5)
    lev.await(first)
    assert.equal("main b", names(lev.task_tree()))
    second:abort()
    assert.equal("main", names(lev.task_tree()))
  end))

  it("has a task that has not begun, suspended", inside(function()
    sleeper("new")
    assert.equal("suspended", entry(lev.task_tree(), "new").co_status)
  end))

  it("has the task whose coroutine looks as a normal one", inside(function()
    local tree = coroutine.wrap(lev.task_tree)()
    assert.equal("normal", tree[1].co_status)
  end))

  it("has a task whose coroutine somebody closed as dead", inside(function()
    local thread
    local task = lev.spawn(function()
      thread = coroutine.running()
      lev.sleep(1)
    end, { name = "closed" })
    lev.yield()
    coroutine.close(thread)
    assert.equal("dead", entry(lev.task_tree(), "closed").co_status)
    assert.is_nil(entry(lev.task_dump(), "closed").wait.verb)
    task:abort()
  end))

  it("tells of cleanups as of any other code", inside(function()
    local tree
    lev.await(lev.spawn(function()
      lev.defer(function() tree = lev.task_tree() end)
    end, { name = "tidy" }))
    assert.equal("running", entry(tree, "tidy").co_status)
  end))

  it("lists ten thousand tasks", inside(function()
    for _ = 2, 10000 do lev.spawn(function() lev.sleep(1) end) end
    lev.yield()
    local tree, dump = lev.task_tree(), lev.task_dump()
    assert.same({ 10000, 10000 }, { #tree, tree[10000].id })
    assert.same({ 10000, 10000 }, { #dump, dump[10000].id })
  end))
end)

describe("lev.task_dump", function()
  it("is nil outside a run", function() assert.is_nil(lev.task_dump()) end)

  it("shows the exact point where a task is suspended", inside(function()
    local line = debug.getinfo(1, "l").currentline + 1
    local function deep() lev.sleep(1) end
    lev.spawn(function() deep() return 1 end, { name = "a" })
    lev.yield()
    local traceback = entry(lev.task_dump(), "a").traceback
    assert.matches("^stack traceback:\n\t%[C%]: in function 'lev.sleep'\n",
      traceback)
    assert.matches("tree_spec.lua:" .. line .. ": in upvalue 'deep'",
      traceback)
  end))

  it("has no traceback of who runs or has not begun", inside(function()
    sleeper("new")
    local dump = lev.task_dump()
    assert.is_nil(dump[1].traceback)
    assert.is_nil(dump[2].traceback)
  end))

  it("has all that task_tree has", inside(function()
    sleeper("a")
    lev.yield()
    local dump = lev.task_dump()
    for i, task in ipairs(lev.task_tree()) do
      for name, value in pairs(task) do
        assert.equal(value, dump[i][name])
      end
    end
  end))

  it("says where a task was spawned", inside(function()
    local line = debug.getinfo(1, "l").currentline + 1
    lev.spawn(function() lev.sleep(1) end, { name = "a" })
    assert.matches("tree_spec.lua:" .. line .. "$",
      entry(lev.task_dump(), "a").spawned_at)
  end))

  it("disturbs nobody", inside(function()
    local task = lev.spawn(function() lev.sleep(1) return "done" end)
    for _ = 1, 10 do
      lev.yield()
      lev.task_dump()
    end
    assert.equal("done", lev.await(task))
  end))

  it("runs no finalizer while it looks", inside(function()
    for i = 1, 200 do
      local task = sleeper("victim " .. i)
      setmetatable({}, { __gc = function() task:abort() end })
    end
    lev.yield()
    collectgarbage("incremental", 0, 1000)
    assert.is_true(#lev.task_dump() >= 1)
    collectgarbage("incremental", 200, 100)
  end))
end)
