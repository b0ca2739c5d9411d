-- examples/replicated_kv.lua on hostile networks. LEV_KV_SEEDS says how many.

local test = require "lev.test"
local cluster = require "replicated_kv_support"

local SEEDS = math.tointeger(tonumber(os.getenv("LEV_KV_SEEDS") or 1000))

describe("a replicated key-value store", function()
  it("loses nothing it acknowledged, has one leader a term, and recovers",
     function()
    local elections, acknowledged = 0, 0
    test.each_seed(SEEDS, function(network)
      local done = cluster.run(network)
      for _ in pairs(done.leaders) do elections = elections + 1 end
      for _, operations in pairs(done.history) do
        for _, op in ipairs(operations) do
          if op.to then acknowledged = acknowledged + 1 end
        end
      end
    end)
    -- It was put to the test.
    if not os.getenv("LEV_TEST_SEED") then
      assert.is_true(elections > 2 * SEEDS)
      assert.is_true(acknowledged > 10 * SEEDS)
    end
  end)

  -- What the first seed that finds this bug raises.
  local function found(bug)
    local ok, message = pcall(test.each_seed, 1000, function(network)
      cluster.run(network, bug)
    end)
    assert.is_false(ok)
    return message, math.tointeger(tonumber(message:match("^seed (%d+) ")))
  end

  -- The same, and the trace, once more from the seed.
  local function replayed(bug, seed)
    local ok, message = pcall(test.run, function(network)
      cluster.run(network, bug)
    end, { seed = seed, trace = true })
    assert.is_false(ok)
    return message, test.trace()
  end

  for bug, symptom in pairs {
    ["acknowledges too much"] = "'%w*' is there although '%w+' came after it",
    ["forgets its vote"] = "two leaders in one term",
  } do
    it(("is caught when it %s, again and again"):format(bug), function()
      local message, seed = found(bug)
      assert.matches(symptom, message)
      local again, trace = replayed(bug, seed)
      assert.equal(message:match("[^\n]+"), again:match("[^\n]+"))
      assert.matches(" node %d leads in term 1\n", trace)
      assert.same({ again, trace }, { replayed(bug, seed) })
    end)
  end
end)

describe("the judge of histories", function()
  -- What is raised about operations such as "set a 1-4", which was acknowledged
  -- at 4, "set b 2-", which was not, and "get a 5-6", on one key.
  local function verdict(...)
    local operations = {}
    for i, text in ipairs { ... } do
      local kind, value, from, to = text:match("^(%a+) (%a*) ?(%d+)-(%d*)$")
      operations[i] = { kind = kind, value = value, from = tonumber(from),
                        to = tonumber(to) }
    end
    local ok, message = pcall(cluster.judge, operations)
    return ok and "fine" or message
  end

  it("lets operations that overlap come in either order", function()
    assert.equal("fine", verdict("set a 1-4", "set b 2-3", "get a 5-6"))
    assert.equal("fine", verdict("set a 1-4", "set b 2-3", "get b 5-6"))
  end)

  it("lets a write take place late, or never, if nobody confirmed it",
     function()
    assert.equal("fine", verdict("set a 1-2", "set b 3-", "get a 4-5"))
    assert.equal("fine", verdict("set a 1-2", "set b 3-", "get a 4-5",
                                 "get b 6-7"))
  end)

  it("finds that an acknowledged write was lost", function()
    assert.equal("'a' is there although 'b' came after it",
                 verdict("set a 1-2", "set b 3-4", "get a 5-6"))
    assert.equal("'' is there although 'a' came after it",
                 verdict("set a 1-2", "get  3-4"))
  end)

  it("finds that a value went and came again", function()
    assert.equal("'a' is there although 'b' came after it",
                 verdict("set a 1-", "set b 2-", "get a 3-4", "get b 5-6",
                         "get a 7-8"))
  end)

  it("finds a value from the future, or from nowhere", function()
    assert.matches("not written yet", verdict("get a 1-2", "set a 3-4"))
    assert.matches("that nobody wrote", verdict("get a 1-2"))
  end)
end)
