-- Tests lev/lua/faces/fibers: programs written for fibers, among them those of
-- its README, run by the program lev.

local directory = os.getenv("TEST_TMPDIR") or "/tmp"
local path = directory .. "/fibers_program_spec_file.lua"

-- What the program prints, on standard output and on standard error, and its
-- exit code.
local function run(text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen(("lev/lua/lev %s 2>%s.err"):format(path, path)))
  local output = pipe:read("a")
  local _, _, code = pipe:close()
  local errors <close> = assert(io.open(path .. ".err"))
  return output, errors:read("a"), code
end

describe("the README of fibers", function()
  it("runs several tasks and fails fast on error", function()
    local output, errors, code = run([[
local fibers = require 'fibers'
local sleep  = require 'fibers.sleep'

fibers.run(function(scope)
  -- Start two child tasks under the main scope.
  fibers.spawn(function(s)
    sleep.sleep(0.5)
    print("first: finished ok")
  end)

  fibers.spawn(function(s)
    sleep.sleep(0.2)
    error("second: something went wrong")
  end)

  -- Block until the main scope’s child scope has finished.
  local status, err = fibers.run_scope(function(child)
    -- Do more work here if you like.
  end)

  print("main scope status:", status, err)
end)]])
    assert.equal("main scope status:\tok\tnil\n", output)
    assert.matches("second: something went wrong", errors)
    assert.equal(1, code)
  end)

  local channels = [[
local fibers = require 'fibers'
local chan   = require 'fibers.channel'
local sleep  = require 'fibers.sleep'

fibers.run(function(scope)
  local c = chan.new()

  -- Producer
  fibers.spawn(function(s)
    sleep.sleep(0.1)
    c:put("hello")
  end)

  -- Consumer with timeout: either get a value, or time out after 1s.
  local function read_with_timeout()
    local read_op    = c:get_op()
    local timeout_op = sleep.sleep_op(1.0)

    -- Race the two operations.
    local which, value = fibers.named_choice{
      data    = read_op,
      timeout = timeout_op,
    }

    if which == "data" then
      return true, value
    else
      return false, "timed out"
    end
  end

  local ok, value_or_err = read_with_timeout()
  print("result:", ok, value_or_err)
end)]]

  it("uses channels and timeouts with the event algebra", function()
    local performed = channels:gsub("fibers.named_choice(%b{})",
                                    "fibers.perform(fibers.named_choice%1)")
    assert.same({ "result:\ttrue\thello\n", "", 0 }, { run(performed) })
  end)

  it("forgets there to perform, and is told that it hangs", function()
    local output, errors, code = run(channels)
    assert.equal("result:\tfalse\ttimed out\n", output)
    assert.matches("deadlock: ", errors)
    assert.equal(1, code)
  end)

  it("runs a subprocess bound to a scope", function()
    local output, errors, code = run([[
local fibers = require 'fibers'
local exec   = require 'fibers.exec'

fibers.run(function(scope)
  local cmd = exec.command{
    "ls", "-l",
    stdout = "pipe",
  }

  local out, status, code, signal, err =
    fibers.perform(cmd:output_op())

  if status == "exited" and code == 0 then
    print(out)
  else
    print("command failed:", status, code, signal, err)
  end
end)]])
    assert.matches("lev", output)
    assert.same({ "", 0 }, { errors, code })
  end)
end)

describe("fibers.run at the top level", function()
  it("returns, and the file goes on", function()
    assert.same({ "fiber\n1\tnil\t3\nfalse\tboom\nnext\n", "", 0 }, { run([[
      local fibers = require "fibers"
      local sleep = require "fibers.sleep"
      print(fibers.run(function()
        fibers.spawn(function() sleep.sleep(0.001) print "fiber" end)
        return 1, nil, 3
      end))
      print(pcall(fibers.run, function() error("boom", 0) end))
      fibers.run(function() print "next" end)]]) })
  end)

  it("may stand among lev's own calls", function()
    assert.same({ "5\n", "", 0 }, { run([[
      local lev = require "lev"
      local fibers = require "fibers"
      local channel = lev.channel()
      lev.spawn(function() lev.sleep(0.001) channel:send(5) end)
      fibers.run(function() print(fibers.perform(channel:recv_op())) end)]]) })
  end)
end)

describe("a server of lines", function()
  it("serves its clients, each in a scope of its own", function()
    assert.same({ "A\nB\nstatus\tcancelled\tdone\n", "", 0 }, { run(([[
      local fibers = require "fibers"
      local socket = require "fibers.io.socket"
      local path = %q
      fibers.run(function()
        print("status", fibers.run_scope(function(scope)
          local listener = assert(socket.listen_unix(path))
          scope:defer(function() listener:close() end)
          fibers.spawn(function(server)
            while true do
              local peer = listener:accept()
              fibers.spawn(function(s)
                for line in peer:lines() do peer:write(line:upper(), "\n") end
                peer:close()
              end)
            end
          end)
          for _, text in ipairs { "a\n", "b\n" } do
            local client = assert(socket.connect_unix(path))
            client:write(text)
            print((client:read()))
            client:close()
          end
          scope:cancel("done")
        end))
      end)]]):format("@" .. path:sub(-50))) })
  end)
end)
