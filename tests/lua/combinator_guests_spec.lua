local lev = require "lev"

-- What a function of race or all spawns belongs to the same scope: it is
-- waited for, but is no contender.
describe("a task spawned within a combinator", function()
  it("does not win a race", function()
    assert.equal("winner", lev.run(function()
      return lev.race({ function()
        lev.spawn(function() end)
        lev.sleep(0.001)
        return "winner"
      end })
    end))
  end)

  it("ends before the race returns", function()
    local status
    lev.run(function()
      local spawned
      lev.race({ function()
        spawned = lev.spawn(function() lev.sleep(60) end)
        lev.sleep(0.001)
      end })
      status = spawned.status
    end)
    assert.equal("cancelled", status)
  end)

  it("may abort the task that waits for the combinator", function()
    local status
    lev.run(function()
      local owner
      owner = lev.spawn(function()
        lev.race({ function()
          owner:abort()
          for _ = 1, 5 do collectgarbage() end
          lev.sleep(0.001)
        end })
      end)
      lev.await(owner)
      status = owner.status
    end)
    assert.equal("aborted", status)
  end)

  it("may come from a finalizer while the functions are being spawned",
     function()
       local result, guests = nil, 0
       local function guest() guests = guests + 1 end
       lev.run(function()
         local branches = {}
         for i = 1, 300 do
           branches[i] = function() lev.sleep(0.001) return i end
           setmetatable({}, { __gc = function() lev.spawn(guest) end })
         end
         while guests == 0 do
           for _ = 1, 50 do
             setmetatable({}, { __gc = function() lev.spawn(guest) end })
           end
           result = lev.race(branches)
           if type(result) ~= "number" then break end
         end
       end)
       assert.equal("number", type(result))
     end)
end)
