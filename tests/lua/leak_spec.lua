-- Tests lev/lua/lua_object.cc: handles that were collected without close.

local support = require "support"

-- What a program says that has warnings on.
local function output(text)
  return (support.program('warn("@on")\n' .. text))
end

describe("A handle that is collected while it is open", function()
  it("is told of, with where it was made", function()
    local said = output([[
      lev.run(function()
        local _, port = lev.listen("127.0.0.1", 0):getsockname()
        collectgarbage()
        collectgarbage()
        print(port)
      end)]])
    local listener, port = said:match("Lua warning: lev: a lev.listener " ..
      "%(fd %d+, 127.0.0.1:(%d+)%) made at [^\n]*:5 was collected without " ..
      "close\n(%d+)\n$")
    assert.is_truthy(listener, said)
    assert.equal(listener, port)
  end)

  it("is told of with both addresses", function()
    local said = output([[
      lev.run(function()
        local listener = assert(lev.listen("127.0.0.1", 0))
        local _, port = listener:getsockname()
        assert(lev.connect("127.0.0.1", port, 5))
        collectgarbage()
        collectgarbage()
        print(port)
        listener:close()
      end)]])
    local peer, port = said:match("a lev.tcp %(fd %d+, 127.0.0.1:%d+ %-> " ..
      "127.0.0.1:(%d+)%) made at [^\n]*:7 was collected.*\n(%d+)\n")
    assert.is_truthy(peer, said)
    assert.equal(peer, port)
  end)

  it("is told of as what it is", function()
    assert.matches("a lev.pipe %(fd %d+%) made at", output([[
      lev.run(function()
        lev.pipe()
        collectgarbage()
        collectgarbage()
      end)]]))
  end)

  it("is told of once, although it has many descriptors", function()
    local said = output([[
      lev.run(function()
        local pid = lev.exec("sleep", { "30" }):pid()
        collectgarbage()
        collectgarbage()
        print(pid)
      end)]])
    local forgotten, pid = said:match("^Lua warning: lev: a lev.process " ..
      "%(pid (%d+)%) made at [^\n]*:5 was collected without close\n(%d+)\n$")
    assert.is_truthy(forgotten, said)
    assert.equal(forgotten, pid)
  end)

  it("is told of by lev -W", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write([[
      local lev = require "lev"
      lev.listen("127.0.0.1", 0)
      collectgarbage()
      collectgarbage()]])
    file:close()
    local function said(options)
      local pipe <close> = assert(io.popen(
        ("lev/lua/lev %s %s 2>&1"):format(options, path)))
      return pipe:read("a")
    end
    assert.matches("Lua warning: lev: a lev.listener", said("-W"))
    assert.equal("", said(""))
    os.remove(path)
  end)
end)

describe("Nothing is told of a handle", function()
  local function quiet(title, text)
    it(title, function() assert.equal("", output(text)) end)
  end

  quiet("that was closed", [[
    lev.run(function()
      lev.listen("127.0.0.1", 0):close()
      collectgarbage()
      collectgarbage()
    end)]])

  quiet("that a task owned", [[
    lev.run(function()
      lev.await(lev.spawn(function() lev.own(lev.listen("127.0.0.1", 0)) end))
      collectgarbage()
      collectgarbage()
    end)]])

  quiet("that the end of the run has closed", [[
    lev.run(function() lev.listen("127.0.0.1", 0) end)
    collectgarbage()
    collectgarbage()]])

  quiet("that is open when the state is closed", [[
    lev.run(function()
      kept = lev.listen("127.0.0.1", 0)
      os.exit(0, true)
    end)]])

  quiet("that is collected while the run ends", [[
    lev.run(function()
      lev.spawn(function()
        local listener = { lev.listen("127.0.0.1", 0) }
        lev.defer(function()
          listener[1] = nil
          collectgarbage()
          collectgarbage()
        end)
        lev.sleep(9)
      end)
      lev.yield()
      lev.stop()
    end)]])

  quiet("that was never made", [[
    lev.run(function()
      local listener <close> = lev.listen("127.0.0.1", 0)
      local task = lev.spawn(function() listener:accept() end)
      lev.yield()
      task:abort()
      task = nil
      collectgarbage()
      collectgarbage()
    end)]])
end)
