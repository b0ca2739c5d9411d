-- Nobody starves: a task that always has something to do leaves room for
-- timers and for other connections.

local lev = require "lev"
local net = require "net_support"

-- How much later than asked a short sleep ends, at worst, over `seconds`.
local function worst_delay(seconds)
  local worst, stop = 0, lev.now() + seconds
  while lev.now() < stop do
    local start = lev.now()
    lev.sleep(0.001)
    worst = math.max(worst, lev.now() - start - 0.001)
  end
  return worst
end

-- How many round trips of `wanted` a quiet connection makes meanwhile, before
-- its patience ends.
local function round_trips(wanted)
  local a, b = net.pair()
  local echo = lev.spawn(function()
    while b:send(b:recv(100) or "") ~= 0 do end
  end)
  local count = 0
  while count < wanted and a:send("x", 10) and a:recv(1, 10) do
    count = count + 1
  end
  echo:abort()
  return count
end

-- Sanitizers and a busy machine are slow; starving takes as long as the flood,
-- which is for ever.
local LATE = 2

local FLOODS = {
  ["a pair that floods each other"] = function()
    local a, b = net.pair()
    local block = ("x"):rep(65536)
    return {
      lev.spawn(function() while a:send(block) do end end),
      lev.spawn(function() while b:recv(65536) do end end),
    }
  end,
  ["a reader of one byte at a time"] = function()
    local a, b = net.pair()
    local block = ("x"):rep(65536)
    return {
      lev.spawn(function() while a:send(block) do end end),
      lev.spawn(function() while b:recv_exactly(1) do end end),
    }
  end,
  ["a reader of lines that are all there"] = function()
    local a, b = net.pair()
    local block = ("\n"):rep(65536)
    return {
      lev.spawn(function() while a:send(block) do end end),
      lev.spawn(function() while b:recv_until("\n") do end end),
    }
  end,
  ["a sender of nothing"] = function()
    local a = net.pair()
    return { lev.spawn(function() while a:send("") do end end) }
  end,
  ["a reader that is always out of time"] = function()
    local a = net.pair()
    return { lev.spawn(function() while true do a:recv(1, 0) end end) }
  end,
  ["an acceptor that is always out of time"] = function()
    local listener = net.listen()
    return { lev.spawn(function() while true do listener:accept(0) end end) }
  end,
  ["a task that gets only errors"] = function()
    local a = net.pair()
    a:close()
    return { lev.spawn(function() while true do a:recv(1) end end) }
  end,
  ["a connection that ended"] = function()
    local a, b = net.pair()
    b:close()
    return { lev.spawn(function() while true do a:recv(1) end end) }
  end,
  ["a storm of connections"] = function()
    local port = net.serve(function(socket) socket:recv(1) end)
    local tasks = {}
    for i = 1, 10 do
      tasks[i] = lev.spawn(function()
        while true do
          local socket = lev.connect("127.0.0.1", port, 5)
          if socket then socket:close() end
        end
      end)
    end
    return tasks
  end,
}

for name, start in pairs(FLOODS) do
  describe("Beside " .. name, function()
    it("a timer is on time", net.inside(function()
      local tasks = start()
      local worst = worst_delay(0.1)
      for _, task in ipairs(tasks) do task:abort() end
      assert.is_true(worst < LATE, worst .. " seconds late")
    end))

    it("another connection goes on", net.inside(function()
      local tasks = start()
      local count = round_trips(5)
      for _, task in ipairs(tasks) do task:abort() end
      assert.equal(5, count)
    end))
  end)
end

describe("Beside another process as fast as it can be", function()
  local function start(program)
    local listener, port = net.listen()
    os.execute(("bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d; timeout 10 %s' &")
      :format(port, program))
    return assert(listener:accept(5))
  end

  local FEED = "cat /dev/zero >&3 2>/dev/null"
  for title, case in pairs {
    ["recv_exactly"] = { FEED, function(s) s:recv_exactly(1 << 27) end },
    ["recv_until a literal"] = { FEED, function(s)
      s:recv_until("x", 20, 1 << 27)
    end },
    ["send"] = { "cat <&3 >/dev/null", function(s, text) s:send(text) end },
  } do
    it("one large " .. title .. " leaves room for a timer", net.inside(
      function()
        local program, call = table.unpack(case)
        local text = ("x"):rep(1 << 27)
        local socket <close> = start(program)
        local task = lev.spawn(function() call(socket, text) end)
        -- Not the worst delay: memory for so much text is slow to come by.
        -- Starved, the timer ends once at most.
        local ticks = 0
        while not task:done() do
          lev.sleep(0.0005)
          ticks = ticks + 1
        end
        assert.is_true(ticks >= 3, "only " .. ticks .. " ticks")
      end))
  end
end)

describe("A hundred connections", function()
  it("make progress together", net.inside(function()
    local counts, tasks = {}, {}
    for i = 1, 100 do
      local a, b = net.pair()
      counts[i] = 0
      tasks[#tasks + 1] = lev.spawn(function()
        while b:send(b:recv(100) or "") ~= 0 do end
      end)
      tasks[#tasks + 1] = lev.spawn(function()
        while a:send("x") and a:recv(1) do counts[i] = counts[i] + 1 end
      end)
    end
    -- The first have run since before the last were there.
    for i = 1, 100 do counts[i] = 0 end
    lev.sleep(0.3)
    for _, task in ipairs(tasks) do task:abort() end
    table.sort(counts)
    assert.is_true(counts[1] > 0)
    assert.is_true(counts[100] <= 20 * counts[1] + 20,
      counts[1] .. " to " .. counts[100])
  end))
end)
