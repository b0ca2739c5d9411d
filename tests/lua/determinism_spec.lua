-- The same seed gives the same trace.

local lev = require "lev"
local support = require "support"

-- Some twenty tasks that sleep, race, yield, wait for tokens and for each
-- other, in virtual time. Returns all that happened, as a text.
local function trace_of(seed)
  local events = {}
  local function note(...)
    events[#events + 1] = table.concat({ lev.now(), ... }, " ")
  end

  local function worker(name, token)
    return function()
      note(name, "begins")
      for i = 1, 3 do
        local ok, err = lev.sleep((#name * i) % 3, token)
        note(name, i, tostring(ok), tostring(err))
        lev.yield()
      end
      return name
    end
  end

  support.run(function()
    local token = lev.cancel_token()
    local tasks = {}
    for i = 1, 12 do
      tasks[i] = lev.spawn(worker("w" .. i, i % 3 == 0 and token or nil))
    end
    for i = 1, 4 do
      lev.spawn(function()
        note("race", i, tostring(lev.race({
          worker("a" .. i), worker("b" .. i), worker("c" .. i) })))
      end)
    end
    for i = 1, 3 do
      lev.spawn(function()
        note("await", i, tostring(lev.await(tasks[i], i)))
      end)
    end
    lev.spawn(function() lev.sleep(1) token:cancel() note("cancel") end)
    lev.spawn(function() lev.sleep(2) tasks[5]:cancel() tasks[7]:abort() end)
    for i = 1, 12 do note("end", i, tostring(lev.await(tasks[i]))) end
  end, seed)
  return table.concat(events, "\n")
end

describe("a run in virtual time", function()
  it("does the same with the same seed, for two hundred seeds", function()
    for seed = 0, 199 do
      local first, second = trace_of(seed), trace_of(seed)
      assert(first == second, "seed " .. seed .. " is not reproducible")
    end
  end)

  it("does the same although garbage is collected otherwise", function()
    local before = trace_of(7)
    collectgarbage("stop")
    local without = trace_of(7)
    collectgarbage("restart")
    collectgarbage("generational")
    local otherwise = trace_of(7)
    collectgarbage("incremental")
    assert.equal(before, without)
    assert.equal(before, otherwise)
  end)

  it("tries many orders with many seeds", function()
    local traces, distinct = {}, 0
    for seed = 0, 49 do
      local trace = trace_of(seed)
      if not traces[trace] then distinct = distinct + 1 end
      traces[trace] = true
    end
    assert.is_true(distinct > 40, distinct)
  end)

  it("keeps the order of the calls without a seed", function()
    local add, read = support.trace()
    support.run(function()
      for letter in ("abcdefgh"):gmatch(".") do
        lev.spawn(function() add(letter) end)
      end
    end)
    assert.equal("abcdefgh", read())
  end)

  it("permutes with a seed, and loses nobody", function()
    for seed = 1, 20 do
      local add, read = support.trace()
      support.run(function()
        for letter in ("abcdefgh"):gmatch(".") do
          lev.spawn(function() add(letter) end)
        end
      end, seed)
      local letters = {}
      for letter in read():gmatch(".") do letters[#letters + 1] = letter end
      table.sort(letters)
      assert.equal("abcdefgh", table.concat(letters))
    end
  end)

  it("never wakes early nor out of order in time, whatever the seed",
     function()
       for seed = 1, 50 do
         local last = 0
         support.run(function()
           for i = 1, 20 do
             lev.spawn(function()
               lev.sleep(i % 5)
               assert(lev.now() == i % 5)
               assert(lev.now() >= last)
               last = lev.now()
             end)
           end
         end, seed)
       end
     end)
end)
