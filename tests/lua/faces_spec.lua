-- Tests lev/lua/lua_faces.cc: how programs find the faces, and what becomes of
-- their tasks when the program's file has ended.

local support = require "support"

local directory = os.getenv("TEST_TMPDIR") or "/tmp"
local path = directory .. "/faces_spec_file.lua"

-- What the program lev prints for a file of this text, and its exit code.
local function run(text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen("lev/lua/lev " .. path .. " 2>&1"))
  local output = pipe:read("a")
  local _, _, code = pipe:close()
  return output, code
end

describe("the faces", function()
  it("are modules once lev is loaded", function()
    assert.is_function(require("std.task").spawn)
    assert.equal(require "std.task", require "std.task")
  end)

  it("leave alone what has their names already", function()
    assert.equal("mine\n", (support.program([[
      print((require "std.task"))]], [[
      package.preload["std.task"] = function() return "mine" end]])))
  end)

  it("make no global in a program of another kind", function()
    assert.equal("nil\n", (support.program([[
      require "std.task"
      print(std)]])))
  end)

  it("work in lev.run under any interpreter", function()
    assert.same({ "slept\n", 0 }, { support.program([[
      lev.run(function()
        local task = require "std.task"
        task.spawn(function() task.sleep(1) print "slept" end)
      end)]]) })
  end)
end)

describe("the program lev", function()
  it("has the global std.task, and can do without require", function()
    assert.same({ "true\tnil\n7\n", 0 }, { run([[
      print(std.task == require "std.task", std.json)
      local handle = std.task.spawn(function()
        std.task.sleep(1)
        return 7
      end)
      print(handle:join())]]) })
  end)

  it("ends with its file, whatever tasks it left behind", function()
    assert.same({ "end\nclosed\n", 0 }, { run([[
      std.task.spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          print "closed"
        end })
        while true do pcall(std.task.sleep, 1) end
      end)
      std.task.sleep(5)
      print "end"]]) })
  end)

  it("ends them after an error, too", function()
    local text, code = run([[
      std.task.spawn(function() std.task.sleep(1e6) end)
      error("oops", 0)]])
    assert.equal(1, code)
    assert.matches("^lev: oops\n", text)
  end)

  it("shows errors that are raised again as they are", function()
    local text, code = run([[
      std.task.spawn(function() error("boom", 0) end):join()]])
    assert.equal(1, code)
    assert.matches("^lev: boom\n", text)
  end)

  it("logs failures that nobody has joined", function()
    assert.matches("failed: boom\n", (run([[
      std.task.spawn(function() error("boom", 0) end)
      std.task.sleep(1)]])))
  end)
end)

describe("a program written for std.task", function()
  it("runs as it is", function()
    assert.same({ [[
fetched a
fetched b
3
task.with_timeout: exceeded 20 ms
cleaned up: task cancelled
]], 0 }, { run([[
      local function fetch(name, ms)
        std.task.sleep(ms)
        print("fetched " .. name)
        return 1
      end
      print(std.task.scope("fetches", function(scope)
        local a = scope:spawn(function() return fetch("a", 1) end)
        local b = scope:spawn(function() return 1 + fetch("b", 20) end,
                              { name = "b" })
        return a:join() + b:join()
      end))
      local kept
      local ok, err = pcall(std.task.with_timeout, 20, function(scope)
        scope:spawn(function()
          local ok, why = pcall(std.task.sleep, 60000)
          kept = "cleaned up: " .. tostring(why)
        end)
        std.task.sleep(60000)
      end, { grace_ms = 10000 })
      print(err)
      print(kept)]]) })
  end)
end)
