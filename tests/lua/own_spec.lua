local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

-- A resource that appends its letter to a trace when it is closed.
local function resource(add, letter)
  return { close = function() add(letter) end }
end

describe("lev.own", function()
  it("closes the resource when the task ends", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.own(resource(add, "r"))
      add "b"
      lev.sleep(1)
      add "e"
    end)
    lev.await(task)
    assert.equal("ber", read())
  end))

  it("returns the resource, and what comes with it", inside(function()
    local object = { close = function() end }
    assert.same({ object, 2, nil, n = 3 },
                table.pack(lev.own(object, 2, nil)))
  end))

  it("lets a failure pass through", inside(function()
    assert.same({ nil, "timeout", n = 2 }, table.pack(lev.own(nil, "timeout")))
    assert.same({ n = 0 }, table.pack(lev.own()))
  end))

  it("passes the resource to its close method", inside(function()
    local seen
    local object = { close = function(...) seen = table.pack(...) end }
    lev.await(lev.spawn(function() lev.own(object) end))
    assert.same({ object, n = 1 }, seen)
  end))

  it("looks for the close method when it closes", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "x"))
      object.close = function() add "y" end
    end))
    assert.equal("y", read())
  end))

  it("finds a close method that is inherited", inside(function()
    local add, read = support.trace()
    local class = { __index = resource(add, "c") }
    lev.await(lev.spawn(function() lev.own(setmetatable({}, class)) end))
    assert.equal("c", read())
  end))

  it("closes twice what is owned twice", inside(function()
    local add, read = support.trace()
    local object = resource(add, "r")
    lev.await(lev.spawn(function() lev.own(object) lev.own(object) end))
    assert.equal("rr", read())
  end))

  it("owns a file", inside(function()
    local file = io.tmpfile()
    lev.await(lev.spawn(function() lev.own(file) end))
    assert.equal("closed file", io.type(file))
  end))

  it("refuses what cannot be closed", inside(function()
    for _, value in ipairs({ {}, 42, true, print }) do
      assert.error_matches(function() lev.own(value) end,
                           "an object with a close method expected")
    end
  end))

  it("outside a run does nothing", function()
    local add, read = support.trace()
    local object = resource(add, "r")
    assert.equal(object, lev.own(object))
    assert.equal(object, lev.disown(object))
    lev.defer(function() add "d" end)
    run(function() end)
    assert.equal("", read())
  end)

  it("keeps a resource alive that nobody else knows", inside(function()
    local closed = false
    lev.await(lev.spawn(function()
      lev.own({ close = function() closed = true end })
      collectgarbage()
      collectgarbage()
      lev.sleep(1)
    end))
    assert.is_true(closed)
  end))
end)

describe("lev.disown", function()
  it("takes the resource back", inside(function()
    local add, read = support.trace()
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "r"))
      assert.equal(object, lev.disown(object))
    end))
    assert.equal("", read())
  end))

  it("hands a resource to another task", inside(function()
    local add, read = support.trace()
    local second
    lev.await(lev.spawn(function()
      local object = lev.own(resource(add, "r"))
      lev.disown(object)
      second = lev.spawn(function() lev.own(object) lev.sleep(5) end)
    end))
    assert.equal("", read())
    lev.await(second)
    assert.equal("r", read())
  end))

  it("takes one of two back", inside(function()
    local add, read = support.trace()
    local object = resource(add, "r")
    lev.await(lev.spawn(function()
      lev.own(object)
      lev.own(resource(add, "s"))
      lev.own(object)
      lev.disown(object)
    end))
    assert.equal("sr", read())
  end))

  it("compares by identity", inside(function()
    local add, read = support.trace()
    local same = { __eq = function() return true end }
    local first = setmetatable(resource(add, "a"), same)
    local second = setmetatable(resource(add, "b"), same)
    lev.await(lev.spawn(function()
      lev.own(first)
      lev.own(second)
      lev.disown(first)
    end))
    assert.equal("b", read())
  end))

  it("of what is not owned changes nothing", inside(function()
    local object = {}
    assert.equal(object, lev.disown(object))
    assert.is_nil(lev.disown(nil))
  end))

  it("does not take back a deferred function", inside(function()
    local add, read = support.trace()
    local function cleanup() add "d" end
    lev.await(lev.spawn(function()
      lev.defer(cleanup)
      lev.disown(cleanup)
    end))
    assert.equal("d", read())
  end))
end)

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
