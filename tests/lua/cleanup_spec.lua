-- Tests lev/lua/lua_cleanup.cc: when cleanups run, and how.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

-- A resource that appends its letter to a trace when it is closed.
local function resource(add, letter)
  return { close = function() add(letter) end }
end

describe("cleanups", function()
  it("run last registered first", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      lev.defer(function() add "1" end)
      lev.own(resource(add, "2"))
      lev.defer(function() add "3" end)
    end))
    assert.equal("321", read())
  end))

  it("run after an error, and the error stays", inside(function()
    local add, read = support.trace()
    local _, err = lev.await(lev.spawn(function()
      lev.defer(function() add "d" end)
      error("boom", 0)
    end))
    assert.equal("boom", err)
    assert.equal("d", read())
  end))

  it("of the main task run before lev.run returns", function()
    local add, read = support.trace()
    assert.equal("result", run(function()
      lev.defer(function() lev.sleep(1) add "d" end)
      return "result"
    end))
    assert.equal("d", read())
  end)

  it("run before those who wait are told", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() lev.sleep(5) add "d" end)
    end)
    lev.spawn(function() lev.await(task) add "w" end)
    lev.sleep(1)
    assert.equal("pending", task.status)
    lev.await(task)
    lev.yield()
    assert.equal("dw", read())
  end))

  it("leave the results alone, however many", inside(function()
    local numbers = {}
    for i = 1, 100 do numbers[i] = i end
    local task = lev.spawn(function()
      lev.defer(function() lev.sleep(1) return table.unpack(numbers) end)
      return table.unpack(numbers)
    end)
    assert.same(numbers, { lev.await(task) })
  end))

  it("may suspend in any way", inside(function()
    local seen
    lev.await(lev.spawn(function()
      lev.defer(function()
        lev.sleep(1)
        lev.yield()
        seen = lev.race({ function() lev.sleep(1) return "raced" end,
                          function() lev.sleep(2) end })
      end)
    end))
    assert.equal("raced", seen)
    assert.equal(2, lev.now())
  end))

  it("may register further ones", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      lev.defer(function() add "1" end)
      lev.defer(function()
        add "2"
        lev.defer(function() add "3" end)
      end)
    end))
    assert.equal("231", read())
  end))

  it("that fail are logged, and the others run", function()
    local add, read = support.trace()
    local messages, result = logged(function()
      return run(function()
        return lev.await(lev.spawn(function()
          lev.defer(function() add "1" end)
          lev.own({ close = function() error("cannot close") end })
          lev.defer(function() lev.sleep(1) error("cannot tidy up") end)
          return "result"
        end, { name = "worker" }))
      end)
    end)
    assert.equal("result", result)
    assert.equal("1", read())
    assert.equal(2, #messages)
    assert.matches('a cleanup of task #2 "worker" failed: .*cannot tidy up',
                   messages[1])
    assert.matches('a cleanup of task #2 "worker" failed: .*cannot close',
                   messages[2])
  end)

  it("run after the to-be-closed variables", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      lev.defer(function() add "d" end)
      local _ <close> = setmetatable({}, { __close = function() add "c" end })
      error("boom")
    end))
    assert.equal("cd", read())
  end))

  it("include to-be-closed variables whose errors are logged", function()
    local messages, err = logged(function()
      return (select(2, run(function()
        local _ <close> = setmetatable({}, {
          __close = function() error("cannot close", 0) end })
        error("boom", 0)
      end)))
    end)
    assert.equal("boom", err)
    assert.equal(1, #messages)
    assert.matches("cannot close", messages[1])
  end)

  it("of a thousand tasks are all run", inside(function()
    local count = 0
    for _ = 1, 1000 do
      lev.spawn(function()
        lev.defer(function() lev.sleep(1) count = count + 1 end)
        lev.own({ close = function() count = count + 1 end })
      end)
    end
    lev.sleep(2)
    assert.equal(2000, count)
  end))

  it("ten thousand in one task are all run", inside(function()
    local count = 0
    lev.await(lev.spawn(function()
      for _ = 1, 10000 do lev.defer(function() count = count + 1 end) end
    end))
    assert.equal(10000, count)
  end))

  it("registered in a coroutine inside the task belong to it",
     inside(function()
       local add, read = support.trace()
       lev.await(lev.spawn(function()
         coroutine.wrap(function()
           lev.defer(function() add "d" end)
           lev.own(resource(add, "o"))
           lev.disown(lev.own(resource(add, "x")))
         end)()
         add "b"
       end))
       assert.equal("bod", read())
     end))
end)
