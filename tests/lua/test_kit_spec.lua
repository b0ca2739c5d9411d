-- lev.test: programs on a network in memory, in virtual time.
-- Tests lev/lua/lua_test.cc, too.
-- Tests lev/lua/lua_test_bed.cc, too.

local lev = require "lev"
local test = require "lev.test"

-- What lev.test.run raises for this function.
local function failure(fn, options)
  local ok, message = pcall(test.run, fn, options)
  assert.is_false(ok)
  return message
end

-- The echo server and its client: a program that knows nothing of lev.test.
local function echo(host, port)
  local listener = assert(lev.listen(host, port))
  local _, bound = listener:getsockname()
  local server = lev.spawn(function()
    local socket = assert(listener:accept())
    while true do
      local data = socket:recv(4096)
      if not data then break end
      assert(socket:send(data))
    end
    return socket:close()
  end)
  local client = assert(lev.connect(host, bound, 5))
  local heard = {}
  for i = 1, 3 do
    assert(client:send("hello " .. i))
    heard[i] = assert(client:recv_exactly(7, 5))
  end
  client:close()
  assert(lev.await(server))
  listener:close()
  return table.concat(heard, ",")
end

describe("lev.test.run", function()
  it("runs a program as lev.run does, and returns what it returns", function()
    assert.equal("hello 1,hello 2,hello 3",
                 test.run(function() return echo("127.0.0.1", 0) end))
    assert.equal("hello 1,hello 2,hello 3",
                 lev.run(function() return echo("127.0.0.1", 0) end))
  end)

  it("lets an hour of back-off pass in no time", function()
    local tries, seconds = 0, 0
    test.run(function()
      local pause = 1
      while tries < 11 do
        local socket, why = lev.connect("127.0.0.1", 80)
        assert(not socket and why == "Connection refused")
        tries = tries + 1
        lev.sleep(pause)
        pause = pause * 2
      end
      seconds = test.now()
    end)
    assert.equal(2047, seconds)
  end)

  it("gives the program its seed", function()
    local function seed_of(_, seed) return seed end
    assert.equal(7, test.run(seed_of, { seed = 7 }))
    assert.equal(0, test.run(seed_of))
  end)

  it("raises an error with the seed", function()
    local message = failure(function() error("broken") end, { seed = 7 })
    assert.matches("^seed 7 %(LEV_TEST_SEED=7 replays it%): .*broken", message)
    assert.matches("stack traceback", message)
  end)

  it("raises an object that has a message with the seed in it", function()
    local object = setmetatable({ message = "broken" }, {
      __tostring = function(self) return self.message end })
    local ok, raised = pcall(test.run, function() error(object) end)
    assert.is_false(ok)
    assert.equal(object, raised)
    assert.matches("^seed 0 .*: broken\nstack traceback", raised.message)
    ok, raised = pcall(test.run, function() assert.equal(1, 2) end)
    assert.is_false(ok)
    assert.matches("^seed 0 .*: .*Expected objects to be equal",
                   tostring(raised))
  end)

  it("raises that error at once, whoever else still runs", function()
    local message = failure(function()
      lev.spawn(function()
        while true do lev.sleep(1) end
      end)
      lev.spawn(function() error("unheard") end)
      _G.forgotten = assert(lev.listen("127.0.0.1", 80))
      lev.sleep(10)
      error("broken")
    end)
    _G.forgotten = nil
    assert.matches("^seed 0 .*: .*broken.*\n.*unheard", message)
  end)

  it("raises on a hang, with all tasks", function()
    local message = failure(function()
      local listener = assert(lev.listen("127.0.0.1", 80))
      lev.spawn(function() listener:accept() end)
    end, { seed = 3 })
    assert.matches("^seed 3 .*: deadlock", message)
    assert.matches("=== LEV task dump ===", message)
  end)

  it("raises when it takes longer than its limit", function()
    local message = failure(function()
      while true do lev.sleep(1) end
    end, { limit = 60 })
    assert.matches("^seed 0 .*: not ended after 60 s", message)
  end)

  it("leaves the logger as it was", function()
    local messages = {}
    lev.set_logger(function(_, message) messages[#messages + 1] = message end)
    test.run(function() end)
    lev.run(function() lev.spawn(function() error("told") end) end)
    lev.set_logger(nil)
    assert.equal(1, #messages)
  end)

  it("makes math.random depend on the seed alone", function()
    local function throw(seed)
      return test.run(function() return math.random(1 << 40) end,
                      { seed = seed })
    end
    assert.equal(throw(1), throw(1))
    assert.are_not_equal(throw(1), throw(2))
  end)

  it("says what is wrong with its arguments", function()
    assert.error_matches(function() test.run() end, "function expected")
    assert.error_matches(function() test.run(print, { sed = 1 }) end,
                         "unknown option 'sed'")
    assert.error_matches(function() test.run(print, { seed = "x" }) end,
                         "seed: integer expected")
    assert.error_matches(function() test.network:host("a") end,
                         "must be called within lev.test.run")
    assert.error_matches(function() test.settle() end,
                         "must be called within lev.test.run")
  end)
end)

describe("lev.test.settle", function()
  it("returns once everybody else is blocked, and no time has passed",
     function()
    local trace = {}
    test.run(function()
      lev.spawn(function()
        for i = 1, 3 do
          trace[#trace + 1] = i
          lev.yield()
        end
        lev.sleep(10)
        trace[#trace + 1] = "slept"
      end)
      test.settle()
      trace[#trace + 1] = "settled"
      assert.equal(0, test.now())
    end)
    assert.equal("1 2 3 settled slept", table.concat(trace, " "))
  end)
end)

describe("lev.test.each_seed", function()
  it("runs once for each seed, in different orders", function()
    local orders, seeds = {}, 0
    test.each_seed(20, function(_, seed)
      seeds = seeds + 1
      assert.equal(seeds, seed)
      local order = {}
      for i = 1, 3 do lev.spawn(function() order[#order + 1] = i end) end
      test.settle()
      orders[table.concat(order)] = true
    end)
    assert.equal(20, seeds)
    assert.is_truthy(next(orders, next(orders)))
  end)
end)

describe("a seed", function()
  -- Which of three that are ready wins, with this seed.
  local function winner(seed, wait)
    return test.run(function()
      local ready = {}
      for i = 1, 3 do
        ready[i] = lev.channel(1)
        ready[i]:send(i)
      end
      return (lev.select(ready, wait))
    end, { seed = seed })
  end

  it("decides where a fair select begins to look", function()
    local winners = {}
    for seed = 1, 20 do
      local won = winner(seed, { fair = true })
      winners[won] = true
      assert.equal(won, winner(seed, { fair = true }))
    end
    assert.same({ true, true, true }, winners)
  end)

  it("leaves the order of a list alone, where that counts", function()
    for seed = 0, 20 do assert.equal(1, winner(seed)) end
  end)

  it("decides what a choice of fibers, which has no preference, takes",
     function()
    local op = require "fibers.op"
    local function choose(seed)
      return test.run(function()
        return require("fibers").run(function()
          return op.perform_raw(op.choice(op.always("a"), op.always("b")))
        end)
      end, { seed = seed })
    end
    local seen = {}
    for seed = 1, 20 do
      local chosen = choose(seed)
      seen[chosen] = true
      assert.equal(chosen, choose(seed))
    end
    assert.same({ a = true, b = true }, seen)
  end)

  it("0 is the same run each time, too", function()
    local first = winner(0, { fair = true })
    assert.equal(first, winner(0, { fair = true }))
  end)
end)

describe("LEV_TEST_SEED", function()
  local getenv = os.getenv
  local function with_seed(text, fn)
    os.getenv = function(name)
      return name == "LEV_TEST_SEED" and text or getenv(name)
    end
    local results = table.pack(pcall(fn))
    os.getenv = getenv
    return table.unpack(results, 1, results.n)
  end

  it("is the seed of every run, whatever it has of its own", function()
    local seeds = {}
    local function note(_, seed) seeds[#seeds + 1] = seed end
    assert(with_seed("17", function()
      test.run(note)
      test.run(note, { seed = 3 })
      test.each_seed(100, note)
    end))
    assert.same({ 17, 17, 17 }, seeds)
  end)

  it("replays what failed", function()
    local function luck()
      if math.random(4) == 1 then error("bad luck") end
    end
    local ok, message = pcall(test.each_seed, 1000, luck)
    assert.is_false(ok)
    local seed = message:match("LEV_TEST_SEED=(%d+)")
    assert.same({ false, message },
                { with_seed(seed, function() test.run(luck) end) })
  end)

  it("is an integer, or not there", function()
    local function run() return test.run(function(_, seed) return seed end) end
    assert.same({ true, 0 }, { with_seed("", run) })
    assert.same({ false, "LEV_TEST_SEED: integer expected, got '1.5'" },
                { with_seed("1.5", run) })
  end)
end)

describe("network.hosts", function()
  it("are made in the order of the list, then of their names", function()
    test.run(function(net)
      assert.equal("10.0.0.2", net:host("z").address)
      for i, name in ipairs { "a", "b", "c", "d", "e" } do
        assert.equal("10.0.0." .. i + 2, net:host(name).address)
      end
    end, { network = {
      hosts = { "z", e = {}, c = {}, a = {}, d = {}, b = {} } } })
  end)
end)

describe("host:spawn", function()
  it("takes what lev.spawn takes", function()
    test.run(function(net)
      local task = net:host("a"):spawn(function()
        return lev.task_name()
      end, { name = "worker" })
      assert.equal("worker", task.name)
      assert.equal("worker", task:await())
      assert.error_matches(function()
        net:host("a"):spawn(print, { nam = 1 })
      end, "unknown option 'nam'")
    end)
  end)
end)

describe("the trace", function()
  local function trace(seed)
    test.run(function(net)
      net:link(net:host("a"), "main", { latency = 0.01, jitter = 0.01,
                                        loss = 0.1 })
      local done = net:host("a"):spawn(function()
        return echo(net:host("a").address, 80)
      end)
      assert(lev.await(done))
      test.note("done")
    end, { seed = seed, trace = true })
    return test.trace()
  end

  it("is the same for the same seed, and tells of packets and tasks",
     function()
    for seed = 1, 10 do assert.equal(trace(seed), trace(seed)) end
    assert.matches("0%.%d+ run task #1 \"main\" on main\n", trace(1))
    assert.matches("a/10.0.0.2:%d+ > a/10.0.0.2:80 syn", trace(1))
    assert.matches(" done\n", trace(1))
  end)

  it("is empty unless it was asked for", function()
    test.run(function() lev.sleep(1) end)
    assert.equal("", test.trace())
  end)
end)
