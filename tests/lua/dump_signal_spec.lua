-- Tests lev/lua/lua_dump_signal.cc with real signals.

local lev = require "lev"
local net = require "net_support"
local support = require "support"

local PID = net.pid()

-- Sends this process a signal at once: the call is over when it has come.
local function signal(name)
  os.execute(("kill -%s %d"):format(name or "USR1", PID))
end

-- The same, from outside, when somebody else has the loop.
local function signal_later(name)
  os.execute(("(sleep 0.05; kill -%s %d) &"):format(name or "USR1", PID))
end

-- For a body that is told of each dump: `it` with a logger that keeps them.
local function dumping(body, options)
  return function()
    local dumps = {}
    lev.set_logger(function(level, message)
      assert(level == "info", message)
      dumps[#dumps + 1] = message
      if dumps.heard then dumps.heard() end
    end)
    local results = table.pack(lev.run(function()
      assert(lev.enable_dump_signal())
      body(dumps)
      return "done"
    end, options))
    lev.set_logger(nil)
    if results[1] ~= "done" then
      error(tostring(results[2]) .. "\n" .. tostring(results[3]), 0)
    end
  end
end

-- Keeps the loop until a dump comes; fails after half a minute.
local function hog(dumps, work)
  local limit = os.time() + 30
  while #dumps == 0 do
    if work then work() end
    assert(os.time() < limit, "no dump came")
  end
end

-- A token that a dump cancels, so that those who sleep need not wait.
local function until_dump(dumps)
  local token = lev.cancel_token()
  function dumps.heard() token:cancel() end
  return token
end

-- The lines of the contract: those below a task are indented by four or more.
local function contract_lines(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    if not line:match("^    ") then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

describe("The dump signal, while everybody waits,", function()
  it("prints what the contract says", dumping(function(dumps)
    local token = until_dump(dumps)
    lev.spawn(function() lev.sleep(30, token) end, { name = "sleeper" })
    signal_later()
    lev.sleep(30, token)
    assert.equal(table.concat({
      '=== LEV task dump ===',
      '  task #1 "main"  status=pending  co=suspended  detached=false' ..
        '  parent=none',
      '  task #2 "sleeper"  status=pending  co=suspended  detached=false' ..
        '  parent=1',
      '=== end dump ===',
    }, "\n"), contract_lines(dumps[1]))
  end))

  it("prints the wait and the traceback below each", dumping(function(dumps)
    local token = until_dump(dumps)
    signal_later()
    local line = debug.getinfo(1, "l").currentline + 1
    lev.sleep(30, token)
    local below = dumps[1]:match("parent=none\n(.*)\n=== end dump ===$")
    assert.matches("^    waits for a cancel token in lev.sleep, " ..
      "for %d+%.%d%d%d s, deadline in %d+%.%d%d%d s\n" ..
      "    stack traceback:\n" ..
      "      %[C%]: in function 'lev.sleep'\n", below)
    assert.matches("\n      [^\n]*dump_signal_spec.lua:" .. line .. ": in ",
      below)
    assert.matches("\n    spawned at [^\n]*dump_signal_spec.lua:%d+$", below)
  end))

  it("prints JSON when told so", dumping(function(dumps)
    local token = until_dump(dumps)
    assert.is_true(lev.enable_dump_signal("json"))
    signal_later()
    lev.sleep(30, token)
    assert.matches('^%[{"id":1,"name":"main","status":"pending",' ..
      '"detached":false,"parent_id":null,"co_status":"suspended",' ..
      '"wait":{"on":"a cancel token","verb":"lev.sleep","object":null,' ..
      '"since":[%d.e-]+,"deadline":[%d.]+},"spawned_at":"[^"]*",' ..
      '"traceback":"stack traceback:\\n[^"]*"}%]$', dumps[1])
  end))

  it("comes as often as it is sent", dumping(function(dumps)
    for i = 1, 3 do
      local token = until_dump(dumps)
      signal_later()
      lev.sleep(30, token)
      assert.equal(i, #dumps)
    end
  end))

  it("may be another", dumping(function(dumps)
    local token = until_dump(dumps)
    lev.enable_dump_signal("text", 12)
    signal_later("USR2")
    lev.sleep(30, token)
    assert.equal(1, #dumps)
  end))
end)

describe("The dump signal, while a task keeps the loop,", function()
  it("prints where it is stuck", dumping(function(dumps)
    lev.spawn(function() lev.sleep(0) end, { name = "starving" })
    lev.yield()
    signal_later()
    local line = debug.getinfo(1, "l").currentline + 1
    hog(dumps)
    assert.matches('task #1 "main"  status=pending  co=running', dumps[1])
    assert.matches("in upvalue 'hog'\n      [^\n]*dump_signal_spec.lua:" ..
      line .. ":", dumps[1])
    assert.matches('task #2 "starving"  status=pending  co=suspended',
      dumps[1])
  end))

  it("reaches it between protected errors", dumping(function(dumps)
    signal_later()
    hog(dumps, function() pcall(error, "again") end)
    assert.equal(1, #dumps)
  end))

  it("waits for a call of C to return, and no longer", dumping(function(dumps)
    signal()
    assert.equal(1, #dumps)
    assert.matches("in function 'os.execute'\n[^\n]*in upvalue 'signal'\n",
      dumps[1])
  end))

  it("waits for a coroutine of its own to come back", dumping(function(dumps)
    local within
    coroutine.wrap(function()
      signal()
      within = #dumps
    end)()
    assert.same({ 0, 1 }, { within, #dumps })
  end))

  it("reaches into coroutines when slow tasks are watched",
    dumping(function(dumps)
      signal_later()
      coroutine.wrap(function() hog(dumps) end)()
      assert.matches('"main"  status=pending  co=normal', dumps[1])
      assert.matches("in upvalue 'hog'.*in a coroutine that the task has " ..
        "resumed:\n    stack traceback:", dumps[1])
    end, { slow = 1000 }))

  it("reaches it in virtual time", dumping(function(dumps)
    lev.sleep(1000)
    signal()
    assert.equal(1, #dumps)
  end, { poller = "fake" }))

  it("reaches cleanups", dumping(function(dumps)
    lev.await(lev.spawn(function()
      lev.defer(function() signal() end)
    end, { name = "tidy" }))
    assert.matches('"tidy"  status=pending  co=running', dumps[1])
  end))

  it("is answered even when that is its last act", dumping(function(dumps)
    lev.spawn(signal)
    lev.yield()
    assert.equal(1, #dumps)
    assert.is_nil(debug.gethook())
  end))
end)

describe("The dump signal", function()
  it("leaves a hook of the user's in its place", dumping(function(dumps)
    local lines = 0
    local function count() lines = lines + 1 end
    debug.sethook(count, "l")
    signal()
    local before = lines
    local hook, mask = debug.gethook()
    debug.sethook()
    assert.same({ count, "l", 1 }, { hook, mask, #dumps })
    assert.is_true(lines > before)
  end))

  it("may be taken by handlers as well", dumping(function(dumps)
    local came = {}
    local function handler(number) came[#came + 1] = number end
    local token = until_dump(dumps)
    assert(lev.on_signal(lev.SIGUSR1, handler))
    signal_later()
    lev.sleep(30, token)
    lev.yield()
    assert.same({ { 10 }, 1 }, { came, #dumps })
    lev.on_signal(lev.SIGUSR1, nil)
    signal()
    assert.same({ { 10 }, 2 }, { came, #dumps })
  end))

  it("may be taken after handlers", function()
    local dumps, came = 0, 0
    lev.set_logger(function() dumps = dumps + 1 end)
    lev.run(function()
      local token = lev.cancel_token()
      lev.on_signal(lev.SIGUSR1, function()
        came = came + 1
        token:cancel()
      end)
      lev.enable_dump_signal()
      lev.on_signal(lev.SIGUSR2, function() came = came + 10 end)
      signal("USR2")
      signal_later()
      lev.sleep(30, token)
    end)
    lev.set_logger(nil)
    assert.same({ 1, 11 }, { dumps, came })
  end)

  it("leaves no hook behind", dumping(function(dumps)
    signal()
    assert.is_nil(debug.gethook())
    local thread
    lev.await(lev.spawn(function()
      signal()
      thread = coroutine.create(print)
    end))
    assert.is_nil(debug.gethook(thread))
    assert.equal(2, #dumps)
  end))

  it("is reported by a logger that is nobody's code", function()
    local name, spawned, err = "unknown", false, nil
    lev.set_logger(function()
      name = lev.task_name()
      lev.spawn(function() spawned = true end)
      err = select(2, pcall(lev.sleep, 1))
    end)
    lev.run(function()
      lev.enable_dump_signal()
      signal()
    end)
    lev.set_logger(nil)
    assert.is_nil(name)
    assert.is_true(spawned)
    assert.matches("lev.sleep: cannot suspend outside a task", err)
  end)

  it("may end the run from the logger", function()
    lev.set_logger(lev.stop)
    local _, err = lev.run(function()
      lev.enable_dump_signal()
      signal_later()
      lev.sleep(30)
    end)
    lev.set_logger(nil)
    assert.equal("stopped", err)
  end)

  it("leaves no descriptor behind", function()
    local before = net.count_fds()
    for _ = 1, 3 do lev.run(function() lev.enable_dump_signal() end) end
    assert.equal(before, net.count_fds())
  end)

  it("keeps no run alive", function()
    assert.equal("over", lev.run(function()
      lev.enable_dump_signal()
      return "over"
    end))
  end)

  it("can come at any time", function()
    local count, total = 0, 0
    lev.set_logger(function() count = count + 1 end)
    lev.run(function()
      lev.enable_dump_signal()
      local pipe <close> = assert(io.popen(("for i in $(seq 300); do " ..
        "kill -USR1 %d || exit; done; echo all"):format(PID)))
      local done = false
      for _ = 1, 20 do
        lev.spawn(function()
          while not done do
            local grow = coroutine.wrap(function()
              for i = 1, 20 do coroutine.yield(("x"):rep(i)) end
            end)
            for _ = 1, 20 do total = total + #grow() end
            pcall(error, {})
            lev.sleep(0.0001)
          end
        end)
      end
      assert.equal("all\n", pipe:read("a"))
      lev.sleep(0.01)
      done = true
    end)
    lev.set_logger(nil)
    assert.is_true(count > 0)
    assert.equal(0, total % 210)
  end)
end)

describe("lev.enable_dump_signal", function()
  it("raises for a format that it does not know", net.inside(function()
    assert.error_matches(function() lev.enable_dump_signal("xml") end,
      "bad argument #1 to 'enable_dump_signal' %(invalid option 'xml'%)")
  end))

  it("raises for a signal that cannot be caught", net.inside(function()
    assert.error_matches(function() lev.enable_dump_signal("text", 9) end,
      "bad argument #2 .*a signal that cannot be caught")
    assert.error_matches(function() lev.enable_dump_signal("text", 0) end,
      "bad argument #2 .*must be from 1 to 64, is 0")
  end))

  it("fails for a signal that the C library keeps", net.inside(function()
    assert.same({ nil, "Invalid argument" },
      { lev.enable_dump_signal("text", 33) })
  end))

  it("raises outside a run", function()
    assert.error_matches(lev.enable_dump_signal,
      "lev.enable_dump_signal: must be called within lev.run")
  end)
end)
