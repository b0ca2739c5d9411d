-- host:signal of lev.test: signals without the kernel.

local lev = require "lev"
local test = require "lev.test"

describe("host:signal", function()
  it("comes to the handlers of lev.on_signal, as tasks", function()
    local came = {}
    test.run(function(net)
      local main = net:host("main")
      assert(lev.on_signal(lev.SIGTERM, function(signal)
        lev.sleep(5)
        came[#came + 1] = signal
      end))
      main:signal(lev.SIGTERM)
      lev.sleep(10)
      main:signal(lev.SIGTERM)
      lev.sleep(1)
    end)
    assert.same({ lev.SIGTERM, lev.SIGTERM }, came)
  end)

  it("comes to one who waits for it, and is kept for the next", function()
    test.run(function(net)
      local main = net:host("main")
      local waiter = lev.spawn(function()
        return lev.wait_signal(lev.SIGHUP)
      end)
      lev.sleep(60)
      main:signal(lev.SIGHUP)
      assert.equal(lev.SIGHUP, lev.await(waiter))
      main:signal(lev.SIGHUP)
      main:signal(lev.SIGHUP)
      lev.sleep(1)
      assert.equal(lev.SIGHUP, lev.wait_signal(lev.SIGHUP, 1))
      local none, why = lev.wait_signal(lev.SIGHUP, 1)
      assert.is_nil(none)
      assert.equal("timeout", why)
    end)
  end)

  it("does nothing when by default it does nothing", function()
    test.run(function(net)
      net:host("main"):signal(lev.SIGWINCH)
      net:host("main"):signal(lev.SIGCHLD)
    end)
  end)

  it("is an error on 'main' when nobody takes it", function()
    test.run(function(net)
      local main = net:host("main")
      assert.error_matches(function() main:signal(lev.SIGTERM) end,
                           "host:signal: nobody on 'main' takes SIGTERM")
      assert(lev.on_signal(lev.SIGTERM, print))
      assert(lev.on_signal(lev.SIGTERM, nil))
      assert.error_matches(function() main:signal(lev.SIGTERM) end,
                           "nobody on 'main' takes SIGTERM")
      assert.error_matches(function() main:signal(lev.SIGKILL) end,
                           "nobody on 'main' takes SIGKILL")
      local ok, why = lev.on_signal(lev.SIGKILL, print)
      assert.is_nil(ok)
      assert.equal("Invalid argument", why)
    end)
  end)

  it("is a crash of another host when nobody takes it there", function()
    local ends = {}
    test.run(function(net)
      local host = net:host("server")
      lev.on_signal(lev.SIGTERM, function() ends[#ends + 1] = "main's" end)
      host:spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          ends[#ends + 1] = "aborted"
        end })
        _G.forgotten = assert(lev.listen("0.0.0.0", 80))
        lev.sleep(math.huge)
      end)
      lev.sleep(1)
      host:signal(lev.SIGTERM)
      host:start()
      assert(lev.await(host:spawn(function()
        assert(lev.listen("0.0.0.0", 80)):close()
        return true
      end)))
    end)
    _G.forgotten = nil
    assert.same({ "aborted" }, ends)
  end)

  it("comes to the host it is sent to, and begins anew after a crash",
     function()
    local came = {}
    local function take(name)
      return function()
        assert(lev.on_signal(lev.SIGTERM, function()
          came[#came + 1] = name
        end))
      end
    end
    test.run(function(net)
      local host = net:host("server")
      take("main")()
      lev.await(host:spawn(take("first")))
      host:signal(lev.SIGTERM)
      lev.sleep(1)
      host:crash()
      host:start()
      lev.await(host:spawn(take("second")))
      host:signal(lev.SIGTERM)
      lev.sleep(1)
      net:host("main"):signal(lev.SIGTERM)
      lev.sleep(1)
    end)
    assert.same({ "first", "second", "main" }, came)
  end)

  it("needs a signal's number", function()
    test.run(function(net)
      local main = net:host("main")
      for _, wrong in ipairs { "SIGTERM", 0, 65, 1.5 } do
        assert.error_matches(function() main:signal(wrong) end,
                             "host:signal: a signal's number expected")
      end
    end)
  end)
end)

-- A server that ends in good order: a program that knows nothing of lev.test.
local function serve(port, log)
  local listener <close> = assert(lev.listen("127.0.0.1", port))
  local server = lev.spawn(function()
    while true do
      local socket = listener:accept()
      if not socket then return end
      lev.spawn(function()
        local s <close> = socket
        s:send(s:recv_until("\n"))
      end)
    end
  end)
  lev.wait_signal(lev.SIGTERM)
  log("closing")
  listener:close()
  lev.await(server)
end

describe("a program that takes signals", function()
  it("is tested as it is", function()
    local log = {}
    test.run(function(net)
      local program = lev.spawn(function()
        return serve(80, function(line)
          log[#log + 1] = ("%g %s"):format(test.now(), line)
        end)
      end)
      lev.sleep(1)
      local client <close> = assert(lev.connect("127.0.0.1", 80))
      lev.sleep(3600)
      net:host("main"):signal(lev.SIGTERM)
      assert(client:send("the last one\n"))
      assert.equal("the last one\n", client:recv_until("\n"))
      assert(lev.await(program) == nil)
    end, { limit = 4000 })
    assert.same({ "3601 closing" }, log)
  end)
end)
