-- Tests that channels, locks and meetings lose nothing when those who wait for
-- them are cut short: each message arrives once and in order, permits and locks
-- come back. (torture_support.lua says what happens to each scenario.)

local lev = require "lev"
local torture = require "torture_support"

local function scenario(title, body) it(title, torture.test(body)) end

-- Receives what is left in a channel until it is closed.
local function drain(channel, list)
  for message in channel do list[#list + 1] = message end
  return list
end

local function assert_counts_to(count, list)
  for i = 1, count do assert.equal(i, list[i]) end
  assert.equal(count, #list)
end

local function assert_idle(channel)
  local stats = channel:stats()
  assert.same({ 0, 0, 0 }, { stats.size, stats.senders, stats.receivers })
end

local function one_by_one(t, channel, got)
  for _ = 1, 5 do got[#got + 1] = t:must(channel:recv(t:wait())) end
end

-- The victim sends to a partner, who is slow.
local function sending(capacity)
  return function(t)
    local channel = t:closes("the channel", lev.channel(capacity))
    local sent, got = 0, {}
    local partner = lev.spawn(function()
      for message in channel do
        got[#got + 1] = message
        if message % 2 == 0 then lev.sleep(0.001) end
      end
    end)
    t:victim(function()
      for i = 1, 5 do
        t:must(channel:send(i, t:wait()))
        sent = i
      end
      lev.yield()
    end)
    channel:close()
    lev.await(partner)
    -- Who was killed could not be told that it had sent.
    local unaware = (t:was_killed() and #got > sent) and 1 or 0
    assert_counts_to(sent + unaware, got)
    assert_idle(channel)
  end
end

describe("Torture of a channel's", function()
  for title, capacity in pairs { rendezvous = 0, buffer = 2 } do
    scenario(title .. ", receiving", function(t)
      local channel = t:closes("the channel", lev.channel(capacity))
      local sent, got = 0, {}
      local partner = t:partner(function()
        for i = 1, 5 do
          if not channel:send(i) then break end
          sent = i
          if i % 2 == 0 then lev.sleep(0.001) end
        end
        channel:close()
      end)
      t:victim(function() one_by_one(t, channel, got) end)
      drain(channel, got)
      lev.await(partner)
      assert_counts_to(sent, got)
      assert_idle(channel)
    end)

    scenario(title .. ", receiving in a loop", function(t)
      local channel = t:closes("the channel", lev.channel(capacity))
      local sent, got = 0, {}
      local partner = t:partner(function()
        for i = 1, 4 do
          if not channel:send(i) then break end
          sent = i
          lev.sleep(0.001)
        end
        channel:close()
      end)
      t:victim(function() drain(channel, got) end)
      drain(channel, got)
      lev.await(partner)
      assert_counts_to(sent, got)
    end)

    scenario(title .. ", sending", sending(capacity))
  end

  scenario("second receiver", function(t)
    local channel, sent = lev.channel(), 0
    local got = { {}, {} }
    t:partner(function() drain(channel, got[2]) end)
    t:partner(function()
      for i = 1, 6 do
        if i % 2 == 1 then lev.sleep(0.001) end
        assert(channel:send(i))
        sent = i
      end
      channel:close()
    end)
    t:victim(function()
      for _ = 1, 3 do
        got[1][#got[1] + 1] = t:must(channel:recv(t:wait()))
      end
    end)
    t:finish()
    assert.equal(6, sent)
    drain(channel, got[1])  -- What came back when nobody received any more.
    local all = table.move(got[2], 1, #got[2], #got[1] + 1, got[1])
    table.sort(all)
    assert_counts_to(6, all)
  end)
end)

-- Whether one is inside, and was ever alone there.
local function room()
  local inside = 0
  return function(fn)
    assert.equal(0, inside)
    inside = 1
    local leaving <close> = setmetatable({}, {
      __close = function() inside = 0 end })
    return fn()
  end
end

describe("Torture of a lock", function()
  scenario("that a task locks", function(t)
    local mutex, alone, taken = lev.mutex(), room(), 0
    t:partner(function()
      for _ = 1, 3 do
        mutex:with(function() alone(function() lev.sleep(0.002) end) end)
      end
    end)
    t:victim(function()
      for _ = 1, 3 do
        t:must(mutex:lock(t:wait()))
        local locked <close> = mutex
        alone(function() taken = taken + 1 lev.sleep(0.001) end)
      end
    end)
    t:finish()
    assert.is_true(mutex:try_lock())
    mutex:unlock()
    assert.is_true(taken <= 3)
  end)

  scenario("with which it calls", function(t)
    local mutex, alone = lev.mutex(), room()
    t:partner(function()
      for _ = 1, 3 do
        mutex:with(alone, function() lev.sleep(0.002) end)
      end
    end)
    t:victim(function()
      for _ = 1, 2 do
        mutex:with(alone, function() lev.sleep(0.001) lev.yield() end)
      end
    end)
    t:finish()
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end)

  scenario("for readers and writers", function(t)
    local lock, readers, writers = lev.rwlock(), 0, 0
    local function read(wait)
      t:must(lock:read_lock(wait))
      local locked <close> = lock
      assert.equal(0, writers)
      readers = readers + 1
      local leaving <close> = setmetatable({}, {
        __close = function() readers = readers - 1 end })
      lev.sleep(0.001)
    end
    local function write(wait)
      t:must(lock:write_lock(wait))
      local locked <close> = lock
      assert.same({ 0, 0 }, { readers, writers })
      writers = 1
      local leaving <close> = setmetatable({}, {
        __close = function() writers = 0 end })
      lev.sleep(0.001)
    end
    for _ = 1, 2 do
      t:partner(function() read() lev.yield() write() read() end)
    end
    t:victim(function() write(t:wait()) read(t:wait()) write(t:wait()) end)
    t:finish()
    assert.is_true(lock:try_write_lock())
    lock:unlock()
    assert.same({ 0, 0 }, { readers, writers })
  end)

  scenario("of a condition", function(t)
    local mutex = lev.mutex()
    local condition, items, taken = lev.condition(mutex), 0, { 0, 0 }
    local function take(who, wait)
      t:must(mutex:lock())
      local locked <close> = mutex
      while items == 0 do t:must(condition:wait(wait)) end
      items, taken[who] = items - 1, taken[who] + 1
    end
    t:partner(function()
      for _ = 1, 6 do
        lev.sleep(0.001)
        mutex:with(function() items = items + 1 condition:notify() end)
      end
      while taken[1] + taken[2] < 6 do
        mutex:with(function() condition:notify_all() end)
        lev.sleep(0.001)
        if t.task:done() then take(2) end
      end
    end)
    t:partner(function() for _ = 1, 2 do take(2) end end)
    t:victim(function() for _ = 1, 2 do take(1, t:wait()) end end)
    t:finish()
    assert.equal(6, taken[1] + taken[2] + items)
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end)
end)

describe("Torture of", function()
  scenario("a semaphore's weights", function(t)
    local semaphore, held = lev.semaphore(5), 0
    local function use(n, ms, wait)
      t:must(semaphore:acquire(n, wait))
      held = held + n
      local release <close> = setmetatable({}, { __close = function()
        held = held - n
        semaphore:release(n)
      end })
      assert.is_true(held <= 5)
      lev.sleep(ms * 0.001)
    end
    t:partner(function() use(3, 2) use(5, 1) end)
    t:partner(function() use(2, 1) lev.yield() use(1, 2) use(4, 1) end)
    t:victim(function()
      use(4, 1, t:wait())
      use(1, 1, t:wait())
      use(5, 1, t:wait())
    end)
    t:finish()
    assert.equal(0, held)
    assert.equal(5, semaphore:available())
  end)

  scenario("an event", function(t)
    local event = lev.event()
    t:partner(function()
      lev.sleep(0.001)
      event:set()
      event:clear()
      lev.sleep(0.001)
      event:set()
    end)
    t:victim(function()
      t:must(event:wait(t:wait()))
      t:must(event:wait(t:wait()))
      lev.yield()
    end)
    assert.is_true(event:wait(1))
  end)

  scenario("a wait group", function(t)
    local group = lev.waitgroup()
    for ms = 1, 2 do
      group:add()
      t:partner(function() lev.sleep(ms * 0.001) group:done() end)
    end
    t:victim(function()
      t:must(group:wait(t:wait()))
      assert.equal(0, group:count())
      lev.yield()
    end)
    assert.is_true(group:wait(1))
    assert.equal(0, group:count())
  end)

  scenario("a barrier", function(t)
    local barrier, met = lev.barrier(2), 0
    local partner = lev.spawn(function()
      for _ = 1, 3 do
        lev.sleep(0.001)
        barrier:wait()
        met = met + 1
      end
    end)
    local place
    t:victim(function()
      for _ = 1, 3 do place = t:must(barrier:wait(t:wait())) end
      lev.yield()
      assert.is_true(place == 1 or place == 2)
    end)
    -- Who gave up does not count: as many again are missing.
    while not partner:done() do
      local before = met
      assert.is_number(barrier:wait(1))
      lev.yield()
      lev.yield()
      assert.equal(before + 1, met)
    end
    assert.same({ nil, "timeout" }, { barrier:wait(0.001) })
  end)
end)
