-- Tests that operations are done once or not at all, and that their handlers
-- are told, whenever those who perform them are cut short.
-- (torture_support.lua says what happens to each scenario.)

local lev = require "lev"
local torture = require "torture_support"
local op = lev.op

local function scenario(title, body) it(title, torture.test(body)) end

-- Numbers that come from a channel, and those that go into one.
local function numbers(t, count)
  local channel, sent = lev.channel(), { count = 0 }
  t:partner(function()
    for i = 1, count do
      if not channel:send(i) then break end
      sent.count = i
      lev.sleep(0.001)
    end
    channel:close()
  end)
  return channel, sent
end

local function drain(channel, list)
  for message in channel do list[#list + 1] = message end
  return list
end

local function assert_counts_to(count, list)
  for i = 1, count do assert.equal(i, list[i]) end
  assert.equal(count, #list)
end

describe("Torture of", function()
  scenario("a select that receives and sends", function(t)
    local source, sent = numbers(t, 4)
    local target, taken = lev.channel(), {}
    local sink = t:partner(function()
      for message in target do
        taken[#taken + 1] = message
        lev.sleep(0.002)
      end
    end)
    local got, given = {}, 0
    t:victim(function()
      while #got < 3 or given < 3 do
        local key, value = lev.select({
          get = #got < 4 and source or nil,
          put = target:send_op(given + 1),
        }, t:wait())
        t:must(key, value)
        if key == "get" and value ~= nil then got[#got + 1] = value end
        if key == "put" then given = given + 1 end
      end
      lev.yield()
    end)
    target:close()
    drain(source, got)
    sink:await()
    assert_counts_to(sent.count, got)
    local unaware = t:was_killed() and #taken > given and 1 or 0
    assert_counts_to(given + unaware, taken)
  end)

  scenario("two who select from one another", function(t)
    local there, back = lev.channel(), lev.channel()
    local counts = { {}, {} }
    local function player(who, mine, theirs, wait)
      local count = counts[who]
      count.sent, count.received = 0, 0
      for _ = 1, 4 do
        local key, value = lev.select({
          sent = mine:send_op(who), received = theirs,
        }, wait or { timeout = 0.002 })
        if key == nil then
          if wait then t:must(key, value) end
        else
          count[key] = count[key] + 1
        end
      end
    end
    local partner = t:partner(function() player(1, there, back) end)
    t:victim(function() player(2, back, there, t:wait { timeout = 0.003 }) end)
    partner:await()
    local ours, theirs = counts[2], counts[1]
    local unaware = t:was_killed() and 1 or 0
    local sent, received = ours.sent or 0, ours.received or 0
    assert.is_true(theirs.received - sent <= unaware)
    assert.is_true(theirs.sent - received <= unaware)
    assert.is_true(theirs.received >= sent and theirs.sent >= received)
  end)

  scenario("a select over all that can be waited for", function(t)
    local objects = {
      token = lev.cancel_token(), event = lev.event(),
      group = lev.waitgroup(), barrier = lev.barrier(2),
      task = lev.spawn(function() lev.sleep(0.003) end),
      channel = lev.channel(), late = 0.002,
    }
    objects.group:add()
    local interval = lev.interval(0.005)
    objects.interval = interval
    t:victim(function()
      for _ = 1, 2 do
        assert.equal("late", (t:must(lev.select(objects, t:wait()))))
        objects.late = nil
        assert.equal("task", (t:must(lev.select(objects, t:wait()))))
        objects.task = nil
        assert.equal("interval", (t:must(lev.select(objects, t:wait()))))
        objects.task, objects.late = lev.spawn(function()
          lev.sleep(0.003) end), 0.002
      end
    end)
    -- Nobody waits any more at any of them.
    local stats = objects.channel:stats()
    assert.same({ 0, 0 }, { stats.senders, stats.receivers })
    assert.same({ nil, "timeout" }, { objects.barrier:wait(0.001) })
    if objects.task then objects.task:await() end
  end)

  scenario("locks that are selected", function(t)
    local mutex, semaphore = lev.mutex(), lev.semaphore(2)
    t:partner(function()
      mutex:with(function() lev.sleep(0.003) end)
      semaphore:acquire(2)
      lev.sleep(0.002)
      semaphore:release(2)
    end)
    t:victim(function()
      for _ = 1, 4 do
        local key, err = lev.select({
          mutex = mutex:lock_op(), permits = semaphore:acquire_op(2),
        }, t:wait())
        t:must(key, err)
        if key == "mutex" then
          local locked <close> = mutex
          lev.sleep(0.001)
        else
          local release <close> = setmetatable({}, {
            __close = function() semaphore:release(2) end })
          lev.sleep(0.001)
        end
      end
    end)
    assert.is_true(mutex:lock(1))
    mutex:unlock()
    assert.is_true(semaphore:acquire(2, 1))
    semaphore:release(2)
  end)

  scenario("a condition that is selected", function(t)
    local mutex = lev.mutex()
    local condition, ready = lev.condition(mutex), false
    t:partner(function()
      lev.sleep(0.003)
      mutex:with(function() ready = true condition:notify_all() end)
    end)
    t:victim(function()
      mutex:lock()
      local locked <close> = mutex
      while not ready do
        local key, err = lev.select({ notice = condition:wait_op(),
                                      late = 0.002 }, t:wait())
        t:must(key, err)
      end
    end)
    assert.is_true(mutex:lock(1))
    mutex:unlock()
  end)

  scenario("a bracket", function(t)
    local semaphore, released, acquired = lev.semaphore(1), 0, 0
    local source, sent = numbers(t, 3)
    local got = {}
    local function bracket()
      return op.bracket(function()
        assert(semaphore:acquire(1))
        acquired = acquired + 1
        return "permit"
      end, function(resource)
        assert.equal("permit", resource)
        released = released + 1
        semaphore:release(1)
        pcall(lev.yield)
      end, function() return source:recv_op() end)
    end
    t:victim(function()
      for _ = 1, 3 do
        local value, err = bracket():wrap(function(n)
          got[#got + 1] = n
          return n
        end):perform(t:wait())
        t:must(value, err)
        local late = op.choice(bracket():wrap(function() error("won") end),
                               op.always("late"))
        assert.equal("late", late:perform())
      end
    end)
    assert.equal(acquired, released)
    assert.equal(1, semaphore:available())
    drain(source, got)
    -- A result that was on its way through the release is lost with the task.
    assert.is_true(#got == sent.count or
      (t.kind ~= "none" and #got == sent.count - 1))
  end)

  scenario("handlers that hear of the end", function(t)
    local begun, told, nacked, aborts = 0, 0, 0, 0
    local source = numbers(t, 4)
    local won = 0
    local function request()
      return op.with_nack(function(nack)
        begun = begun + 1
        t:partner(function()
          if lev.select({ nack = nack, late = 0.05 }) == "nack" then
            nacked = nacked + 1
          end
        end)
        return source:recv_op()
      end)
    end
    t:victim(function()
      for _ = 1, 3 do
        local choice = op.choice(
          request():wrap(function(n) won = won + 1 return n end),
          lev.sleep_op(0.002):on_abort(function()
            aborts = aborts + 1
            pcall(lev.yield)
          end)):finally(function()
            told = told + 1
            pcall(lev.yield)
          end)
        local value, err = choice:perform(t:wait())
        if err then t:must(value, err) end
        lev.sleep(0.001)
      end
    end)
    lev.sleep(0.06)
    for _ in source do end
    assert.equal(begun, told)
    assert.is_true(nacked + won <= begun and nacked + won >= begun - 1)
  end)

  scenario("guards and wraps that suspend", function(t)
    local source, sent = numbers(t, 3)
    local got = {}
    t:victim(function()
      for _ = 1, 3 do
        local receive = op.guard(function()
          lev.sleep(0.001)
          return source:recv_op():wrap(function(n)
            got[#got + 1] = n
            lev.yield()
            return n
          end)
        end)
        local value, err = receive:perform(t:wait())
        t:must(value, err)
      end
    end)
    drain(source, got)
    assert_counts_to(sent.count, got)
  end)

  scenario("what else is done at once", function(t)
    local source, sent = numbers(t, 4)
    local got, otherwise = {}, 0
    t:victim(function()
      for _ = 1, 6 do
        local value = source:recv_op():or_else(function()
          otherwise = otherwise + 1
          lev.sleep(0.001)
          return 0
        end):perform()
        if value ~= 0 then got[#got + 1] = value end
      end
    end)
    drain(source, got)
    assert_counts_to(sent.count, got)
  end)

  scenario("lost twins of what waits for tasks", function(t)
    local child = lev.spawn(function() lev.sleep(0.004) return "child" end)
    local token = lev.cancel_token()
    t:victim(function()
      local key = t:must(lev.select({
        child:join_op(), token:wait_op(), lev.sleep_op(0.002),
      }, t:wait()))
      assert.equal(3, key)
      local name, value = t:must(lev.select({
        child = child, sleep = lev.sleep_op(0.009),
      }, t:wait()))
      assert.same({ "child", "child" }, { name, value })
      lev.yield()
    end)
    assert.equal("child", child:await())
    token:cancel()
  end)
end)
