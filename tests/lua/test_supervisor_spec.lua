-- The same program over the kernel, with real children and signals, and in
-- lev.test, with scripted ones.

local lev = require "lev"
local net = require "net_support"
local test = require "lev.test"

-- The program: keeps a worker running until SIGTERM comes. One that fails is
-- started again after a pause, which doubles; the last one may take `grace`
-- seconds to end.
local function supervise(script, options, log)
  local stop = lev.cancel_token()
  lev.spawn(function()
    lev.wait_signal(lev.SIGTERM)
    stop:cancel()
  end, { detached = true })
  local pause, attempt = options.pause, 0
  repeat
    attempt = attempt + 1
    local worker <close> =
      assert(lev.exec("/bin/sh", { "-c", script, tostring(attempt) }))
    local reader = lev.spawn(function()
      for line in worker:lines() do log("says " .. line) end
    end)
    local code, signal = worker:wait({ cancel = stop })
    if signal == "cancelled" then
      worker:kill(lev.SIGTERM)
      code, signal = worker:wait(options.grace)
      if signal == "timeout" then
        worker:kill(lev.SIGKILL)
        code, signal = worker:wait()
      end
      lev.await(reader)
      return log(code and "exit " .. code or "signal " .. signal)
    end
    lev.await(reader)
    log(code and "exit " .. code or "signal " .. signal)
    local slept = lev.sleep(pause, { cancel = stop })
    pause = pause * 2
  until slept == nil and stop:is_cancelled()
end

-- A worker that fails twice, and then works until it is told to end; `stubborn`
-- ones are not told anything.
local SCRIPT = [[
if [ $0 -lt 3 ]; then echo "try $0"; exit $0; fi
trap '%s' TERM
echo ready
while :; do sleep 0.01; done
]]
local POLITE = SCRIPT:format("echo bye; exit 0")
local STUBBORN = SCRIPT:format("")

local function scripted_shell(process)
  local script, attempt = process.args[2], math.tointeger(process.args[3])
  if attempt < 3 then
    process.stdout:send(("try %d\n"):format(attempt))
    return attempt
  end
  lev.on_signal(lev.SIGTERM, function() end)
  process.stdout:send("ready\n")
  lev.wait_signal(lev.SIGTERM)
  if script == STUBBORN then lev.sleep(math.huge) end
  process.stdout:send("bye\n")
  return 0
end

-- What the supervisor tells; `terminate` ends it once a worker is ready.
local function tell(script, options, terminate)
  local told = {}
  supervise(script, options, function(line)
    told[#told + 1] = line
    if line == "says ready" then terminate() end
  end)
  return told
end

local function over_the_kernel(script, options)
  return assert(lev.run(function()
    return tell(script, options, function()
      os.execute("kill -TERM " .. net.pid())
    end)
  end))
end

local function in_memory(script, options, seed)
  return test.run(function(network)
    local main = network:host("main")
    main:program("sh", scripted_shell)
    return tell(script, options, function() main:signal(lev.SIGTERM) end),
           test.now()
  end, { seed = seed })
end

local FAILURES = { "says try 1", "exit 1", "says try 2", "exit 2",
                   "says ready" }

local function with(...)
  return table.move({ ... }, 1, select("#", ...), #FAILURES + 1,
                    { table.unpack(FAILURES) })
end

describe("A supervisor", function()
  it("restarts, and ends its worker in good order", function()
    local expected = with("says bye", "exit 0")
    assert.same(expected, over_the_kernel(POLITE, { pause = 0.01, grace = 30 }))
    for seed = 0, 50 do
      local told, seconds = in_memory(POLITE, { pause = 60, grace = 30 }, seed)
      assert.same(expected, told)
      assert.equal(180, seconds)
    end
  end)

  it("kills a worker that does not listen", function()
    local expected = with("signal 9")
    assert.same(expected, over_the_kernel(STUBBORN, { pause = 0.01,
                                                      grace = 0.1 }))
    for seed = 0, 50 do
      local told, seconds = in_memory(STUBBORN, { pause = 60, grace = 30 },
                                      seed)
      assert.same(expected, told)
      assert.equal(210, seconds)
    end
  end)
end)
