-- Tests lev/lua/lua_mutex.cc, lev/lua/lua_rwlock.cc and
-- lev/lua/lua_meeting.cc.
-- Locks and meetings: permits are conserved, whoever gives up.

local lev = require "lev"
local support = require "support"
local inside = support.inside

-- A task that calls object:method(...), and has begun to.
local function calling(object, method, ...)
  local arguments = table.pack(...)
  local task = lev.spawn(function()
    return object[method](object, table.unpack(arguments, 1, arguments.n))
  end)
  lev.yield()
  return task
end

-- What is blocked: { how it is made, the method, how it is let go }.
local BLOCKED = {
  ["mutex:lock"] = function()
    local mutex = lev.mutex()
    mutex:lock()
    return mutex, "lock", function() mutex:unlock() end,
      function() return mutex:try_lock() end
  end,
  ["semaphore:acquire"] = function()
    local semaphore = lev.semaphore(1)
    semaphore:acquire()
    return semaphore, "acquire", function() semaphore:release() end,
      function() return semaphore:available() == 1 end, { 1 }
  end,
  ["rwlock:read_lock"] = function()
    local lock = lev.rwlock()
    lock:write_lock()
    return lock, "read_lock", function() lock:unlock() end,
      function() return lock:try_write_lock() end
  end,
  ["rwlock:write_lock"] = function()
    local lock = lev.rwlock()
    lock:read_lock()
    return lock, "write_lock", function() lock:unlock() end,
      function() return lock:try_write_lock() end
  end,
  ["event:wait"] = function()
    local event = lev.event()
    return event, "wait", function() event:set() end,
      function() return event:is_set() end
  end,
  ["waitgroup:wait"] = function()
    local group = lev.waitgroup()
    group:add()
    return group, "wait", function() group:done() end,
      function() return group:count() == 0 end
  end,
  ["barrier:wait"] = function()
    local barrier = lev.barrier(2)
    return barrier, "wait", function() end,
      function() return select(2, barrier:wait(1)) == "timeout" end
  end,
}

describe("a call that ends without its result leaves nothing:", function()
  for name, make in pairs(BLOCKED) do
    local function check(how, expected, give_up)
      it(name .. ", " .. how, inside(function()
        local object, method, let_go, is_free, before = make()
        local token = lev.cancel_token()
        local arguments = before or {}
        arguments[#arguments + 1] = { timeout = 1, cancel = token }
        local task = calling(object, method, table.unpack(arguments))
        give_up(task, token)
        assert.same(expected, { lev.await(task) })
        let_go()
        assert.truthy(is_free())
        if object.unlock then object:unlock() end
      end))
    end
    check("by a timeout", { nil, "timeout" }, function() lev.sleep(2) end)
    check("by a token", { nil, "cancelled" },
      function(_, token) token:cancel() end)
    check("by a cancellation", { nil, "cancelled" },
      function(task) task:cancel() end)
    check("by an abort", { nil, "aborted" }, function(task) task:abort() end)
  end
end)

describe("a mutex", function()
  it("has one holder, and passes on in order", function()
    for seed = 0, 5 do
      support.run(function()
        local mutex, trace = lev.mutex(), {}
        mutex:lock()
        local tasks = {}
        for i = 1, 3 do
          tasks[i] = lev.spawn(function()
            assert.is_true(mutex:lock())
            trace[#trace + 1] = i
            lev.yield()
            mutex:unlock()
          end)
          lev.yield()
        end
        assert.same({ nil, "busy" }, { lev.await(lev.spawn(function()
          return mutex:try_lock()
        end)) })
        mutex:unlock()
        for _, task in ipairs(tasks) do lev.await(task) end
        assert.same({ 1, 2, 3 }, trace)
      end, seed)
    end
  end)

  it("is unlocked by its holder alone", inside(function()
    local mutex = lev.mutex()
    assert.error_matches(function() mutex:unlock() end, "does not hold it")
    mutex:lock()
    assert.error_matches(function() mutex:lock() end, "holds it already")
    local _, err = lev.await(lev.spawn(function() mutex:unlock() end))
    assert.matches("does not hold it", err)
    mutex:unlock()
  end))

  it("is held during a function, however that ends", inside(function()
    local mutex = lev.mutex()
    assert.same({ 3, nil, 4, n = 3 }, table.pack(mutex:with(function(a, b)
      lev.yield()
      assert.same({ nil, "busy" }, { mutex:try_lock() })
      return a, nil, b
    end, 3, 4)))
    assert.error_matches(function()
      mutex:with(function() lev.yield() error("inside") end)
    end, "inside")
    local task = calling(mutex, "with", function() lev.sleep(60) end)
    task:abort()
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end))

  it("is taken from a task that ends with it, which is logged", function()
    local messages = support.logged(function()
      support.run(function()
        local mutex = lev.mutex()
        lev.await(lev.spawn(function() mutex:lock() end))
        assert.is_true(mutex:lock(1))
        mutex:unlock()
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("ended with 1 lock, now released", messages[1])
  end)

  it("handed to a task that is aborted goes to the next", inside(function()
    local mutex = lev.mutex()
    mutex:lock()
    local dead = calling(mutex, "lock")
    local next = calling(mutex, "with", function() return "mine" end)
    mutex:unlock()
    dead:abort()
    assert.equal("mine", lev.await(next))
  end))

  it("is unlocked when its variable is closed", inside(function()
    local mutex = lev.mutex()
    do
      mutex:lock()
      local _ <close> = mutex
    end
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end))
end)

describe("a read-write lock", function()
  it("lets many read, and a waiting writer in first", inside(function()
    local lock, trace = lev.rwlock(), {}
    lock:read_lock()
    assert.error_matches(function() lock:write_lock() end, "already")
    local function note(name, verb)
      return lev.spawn(function()
        lock[verb](lock)
        trace[#trace + 1] = name
        lev.yield()
        lock:unlock()
      end)
    end
    note("r1", "read_lock")
    lev.yield()
    local writer = note("w", "write_lock")
    lev.yield()
    local late = note("r2", "read_lock")
    assert.same({ nil, "busy" }, { lev.await(lev.spawn(function()
      return lock:try_read_lock()
    end)) })
    lock:unlock()
    lev.await(writer)
    lev.await(late)
    assert.same({ "r1", "w", "r2" }, trace)
    assert.error_matches(function() lock:unlock() end, "does not hold it")
  end))
end)

describe("a semaphore", function()
  it("counts its permits", inside(function()
    local semaphore = lev.semaphore(3)
    assert.is_true(semaphore:acquire(2))
    assert.equal(1, semaphore:available())
    assert.same({ nil, "busy" }, { semaphore:try_acquire(2) })
    assert.is_true(semaphore:try_acquire())
    assert.same({ nil, "timeout" }, { semaphore:acquire(nil, 1) })
    assert.is_true(semaphore:release(3))
    assert.error_matches(function() semaphore:release() end,
      "more than was acquired")
    assert.error_matches(function() semaphore:acquire(4) end, "#1")
  end))
end)

describe("an event", function()
  it("lets all go on until it is cleared", inside(function()
    local event = lev.event()
    local one, two = calling(event, "wait"), calling(event, "wait")
    event:set()
    event:clear()
    assert.is_true(lev.await(one))
    assert.is_true(lev.await(two))
    assert.is_false(event:is_set())
    assert.same({ nil, "timeout" }, { event:wait(1) })
    event:set()
    assert.is_true(event:wait())
  end))
end)

describe("a wait group", function()
  it("waits until all is done", inside(function()
    local group, done = lev.waitgroup(), 0
    assert.is_true(group:wait())
    for i = 1, 3 do
      group:add()
      lev.spawn(function() lev.sleep(i) done = done + 1 group:done() end)
    end
    assert.is_true(group:wait())
    assert.equal(3, done)
    assert.equal(0, group:count())
    assert.error_matches(function() group:done() end, "negative")
    assert.error_matches(function() group:add(-1) end, "negative")
  end))
end)

describe("a barrier", function()
  it("opens for its last party, and tells who came when", inside(function()
    local barrier = lev.barrier(2)
    for _ = 1, 2 do
      local first = calling(barrier, "wait")
      assert.equal(2, barrier:wait())
      assert.equal(1, lev.await(first))
    end
  end))
end)

describe("a condition", function()
  local function waiting(condition, mutex, wait)
    local task = lev.spawn(function()
      return mutex:with(function() return condition:wait(wait) end)
    end)
    lev.yield()
    return task
  end

  it("wakes in order, with the mutex in hand", inside(function()
    local mutex = lev.mutex()
    local condition = lev.condition(mutex)
    local one = waiting(condition, mutex)
    local two = waiting(condition, mutex)
    local three = waiting(condition, mutex)
    mutex:lock()
    assert.equal(1, condition:notify())
    lev.yield()
    assert.is_false(one:done())
    mutex:unlock()
    assert.is_true(lev.await(one))
    assert.is_false(two:done())
    assert.equal(2, condition:notify_all())
    assert.is_true(lev.await(two))
    assert.is_true(lev.await(three))
    assert.equal(0, condition:notify())
  end))

  it("has the mutex again however the wait ends", inside(function()
    local mutex, token = lev.mutex(), lev.cancel_token()
    local condition = lev.condition(mutex)
    local late = waiting(condition, mutex, 1)
    local told = waiting(condition, mutex, { cancel = token })
    local cancelled = waiting(condition, mutex)
    mutex:lock()
    lev.sleep(2)
    token:cancel()
    cancelled:cancel("why")
    lev.sleep(1)
    assert.is_false(late:done() or told:done() or cancelled:done())
    mutex:unlock()
    assert.same({ nil, "timeout" }, { lev.await(late) })
    assert.same({ nil, "cancelled" }, { lev.await(told) })
  end))

  it("passes the notice of an aborted task on", inside(function()
    local mutex = lev.mutex()
    local condition = lev.condition(mutex)
    local dead = waiting(condition, mutex)
    local next = waiting(condition, mutex)
    condition:notify()
    dead:abort()
    assert.is_true(lev.await(next))
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end))

  it("wants its mutex held", inside(function()
    local condition = lev.condition(lev.mutex())
    assert.error_matches(function() condition:wait() end, "does not hold")
  end))
end)
