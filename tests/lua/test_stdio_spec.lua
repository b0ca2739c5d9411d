-- Tests lev/testing/memory_process.cc: what a scripted program is given as its
-- standard streams may be any descriptor of its host.

local lev = require "lev"
local test = require "lev.test"

-- Runs `fn` where "shout" is a program that repeats lines, in capitals.
local function with_shout(fn)
  return function()
    test.run(function(net)
      net:host("main"):program("shout", function(process)
        for line in process.stdin:lines() do
          process.stdout:send(line:upper() .. "\n")
        end
      end)
      fn()
    end)
  end
end

describe("a scripted program's standard streams", function()
  it("may be an end of a pipe of its parent's", with_shout(function()
    local reading, writing = lev.pipe()
    local child <close> = assert(lev.exec("shout", {},
      { stdin = reading, stdout = "pipe" }))
    reading:close()
    writing:send("hello\n")
    writing:close()
    assert.equal("HELLO\n", child:read_all())
    assert.equal(0, (child:wait()))
  end))

  it("may be a socket, which stays its parent's, too", with_shout(function()
    local listener <close> = assert(lev.listen("127.0.0.1", 80))
    local client <close> = assert(lev.connect("127.0.0.1", 80))
    local server <close> = assert(listener:accept())
    local child <close> = assert(lev.exec("shout", {},
      { stdin = server, stdout = server }))
    client:send("over tcp\n")
    assert.equal("OVER TCP\n", client:recv_until("\n"))
    client:shutdown("w")
    assert.equal(0, (child:wait()))
    server:send("still here\n")
    assert.equal("still here\n", client:recv_until("\n"))
  end))
end)
