-- lev.wait_signal. Tests lev/lua/lua_wait_signal.cc.

local lev = require "lev"
local net = require "net_support"

local inside = net.inside

-- From another process: it comes when the loop looks.
local function raise(name)
  os.execute(("kill -%s %d"):format(name, net.pid()))
end

local function waiter(wait)
  return lev.spawn(function() return lev.wait_signal(lev.SIGUSR1, wait) end)
end

describe("lev.wait_signal", function()
  it("waits until the signal comes", inside(function()
    local task = waiter()
    lev.yield()
    raise "USR1"
    assert.equal(lev.SIGUSR1, task:await(10))
  end))

  it("gives each signal to one, in their order", inside(function()
    local first, second = waiter(), waiter()
    lev.yield()
    raise "USR1"
    assert.equal(lev.SIGUSR1, first:await(10))
    assert.equal("pending", second.status)
    raise "USR1"
    assert.equal(lev.SIGUSR1, second:await(10))
  end))

  it("keeps one that comes between two waits", inside(function()
    assert.same({ nil, "timeout" }, { lev.wait_signal(lev.SIGUSR1, 0.01) })
    raise "USR1"
    raise "USR1"
    lev.sleep(0.01)
    assert.equal(lev.SIGUSR1, lev.wait_signal(lev.SIGUSR1, 10))
    assert.same({ nil, "timeout" }, { lev.wait_signal(lev.SIGUSR1, 0.01) })
  end))

  -- The kernel reports both signals at once, the lower number first.
  it("leaves what came for one who was aborted to the next",
    inside(function()
      local first
      local aborter = lev.spawn(function()
        lev.wait_signal(lev.SIGUSR1)
        first:abort()
      end)
      first = lev.spawn(function() lev.wait_signal(lev.SIGUSR2) end)
      lev.yield()
      os.execute(("kill -USR1 %d; kill -USR2 %d"):format(net.pid(), net.pid()))
      aborter:await(10)
      assert.same({ nil, "aborted" }, { first:await(10) })
      assert.equal(lev.SIGUSR2, lev.wait_signal(lev.SIGUSR2, 10))
    end))

  it("comes to handlers, too, and outlives them", inside(function()
    local handled = 0
    lev.on_signal(lev.SIGUSR1, function() handled = handled + 1 end)
    local task = waiter()
    lev.yield()
    raise "USR1"
    assert.equal(lev.SIGUSR1, task:await(10))
    lev.on_signal(lev.SIGUSR1, nil)
    raise "USR1"
    assert.equal(lev.SIGUSR1, lev.wait_signal(lev.SIGUSR1, 10))
    assert.equal(1, handled)
  end))

  it("is an operation", inside(function()
    local choice = { signal = lev.wait_signal_op(lev.SIGUSR2), late = 0.01 }
    assert.same({ "late", true }, { lev.select(choice) })
    raise "USR2"
    assert.same({ "signal", lev.SIGUSR2 },
      { lev.select { signal = choice.signal, late = 10 } })
  end))

  it("is stopped by timeout and token", inside(function()
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "timeout" }, { lev.wait_signal(lev.SIGUSR1, 0) })
    assert.same({ nil, "cancelled" },
      { lev.wait_signal(lev.SIGUSR1, { cancel = token }) })
  end))

  it("is no deadlock, and ends with the run", function()
    assert.is_true(lev.run(function()
      waiter()
      lev.spawn(function()
        lev.sleep(0.05)
        lev.stop()
      end)
      return true
    end))
    assert.is_true(lev.run(function() return true end))
  end)

  it("says what cannot be waited for", inside(function()
    assert.same({ nil, "Invalid argument" },
      { lev.wait_signal(lev.SIGKILL, 1) })
    assert.error_matches(function() lev.wait_signal(0) end, "from 1 to 64")
    assert.error_matches(function() lev.wait_signal("x") end, "number expected")
  end))
end)
