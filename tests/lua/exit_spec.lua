-- The state closes, from anywhere, with anything alive.

local support = require "support"

-- Runs a program in which `EXIT` stands for os.exit with status 3: as it is,
-- and closing the state.
local function exits(source)
  return function()
    for _, call in ipairs({ "os.exit(3)", "os.exit(3, true)" }) do
      local output, code = support.program((source:gsub("EXIT", call)))
      assert.equal("", output, call)
      assert.equal(3, code, call)
    end
  end
end

describe("os.exit", function()
  it("from the main task exits", exits [[
    lev.run(function() EXIT end)]])

  it("from a spawned task exits", exits [[
    lev.run(function()
      lev.await(lev.spawn(function() lev.sleep(0.001) EXIT end))
    end)]])

  it("before a run and after one exits", exits [[
    lev.run(function() lev.sleep(0.001) end)
    EXIT]])

  it("from a branch of a race in an all exits", exits [[
    lev.run(function()
      lev.all({
        function()
          lev.race({ function() lev.sleep(0.001) EXIT end,
                     function() lev.sleep(9) end })
        end,
        function(token) lev.sleep(9, token) end,
      })
    end)]])

  it("from a cleanup that can suspend exits", exits [[
    lev.run(function()
      lev.defer(function() lev.sleep(0.001) EXIT end)
    end)]])

  it("from a cleanup of a cancelled task exits", exits [[
    lev.run(function()
      local task = lev.spawn(function()
        lev.defer(function() EXIT end)
        lev.sleep(9)
      end)
      lev.yield()
      task:cancel()
      lev.await(task)
    end)]])

  it("from a cleanup of an aborted task exits", exits [[
    lev.run(function()
      local task = lev.spawn(function()
        lev.defer(function() EXIT end)
        lev.sleep(9)
      end)
      lev.yield()
      task:abort()
    end)]])

  it("from a cleanup that lev.stop causes exits", exits [[
    lev.run(function()
      for _ = 1, 3 do
        lev.spawn(function()
          lev.race({ function() lev.defer(function() EXIT end) lev.sleep(9) end,
                     function() lev.sleep(9) end })
        end)
      end
      lev.sleep(0.001)
      lev.stop()
    end)]])

  it("from a step exits", exits [[
    local run = lev.start(function()
      lev.spawn(function() lev.sleep(9) end)
      lev.sleep(0.001)
      EXIT
    end)
    while run:step(9) do end]])

  it("from what a run's close runs exits", exits [[
    local run = lev.start(function()
      lev.defer(function() EXIT end)
      lev.sleep(9)
    end)
    run:step()
    run:close()]])

  it("between two steps exits", exits [[
    local run = lev.start(function()
      lev.defer(function() print "unreached" end)
      lev.sleep(9)
    end)
    run:step()
    EXIT]])

  it("from aborts within aborts exits", exits [[
    lev.run(function()
      local inner = lev.spawn(function()
        lev.defer(function() EXIT end)
        lev.sleep(9)
      end)
      local outer = lev.spawn(function()
        lev.defer(function() inner:abort() end)
        lev.sleep(9)
      end)
      lev.yield()
      outer:abort()
    end)]])

  it("from a to-be-closed variable of a failed task exits", exits [[
    lev.run(function()
      local _ <close> = setmetatable({}, { __close = function() EXIT end })
      error("boom")
    end)]])

  it("from a to-be-closed variable of an aborted task exits", exits [[
    lev.run(function()
      local task = lev.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() EXIT end })
        lev.sleep(9)
      end)
      lev.yield()
      task:abort()
    end)]])

  it("from a logger during the run exits", exits [[
    lev.set_logger(function() EXIT end)
    lev.run(function()
      lev.spawn(error, { detached = true })
      lev.sleep(9)
    end)]])

  it("from a logger exits, and the failed task's name is freed", exits [[
    lev.set_logger(function() EXIT end)
    lev.run(function()
      lev.spawn(error, { detached = true, name = ("long"):rep(20) })
      lev.sleep(9)
    end)]])

  it("from a logger at the end of the run exits", exits [[
    lev.set_logger(function() EXIT end)
    lev.run(function() lev.spawn(error, { name = "named" }) end)]])

  it("from a coroutine inside a task exits", exits [[
    lev.run(function()
      lev.spawn(function() lev.sleep(9) end)
      lev.yield()
      coroutine.wrap(function() EXIT end)()
    end)]])

  it("from a callback from C exits", exits [[
    lev.run(function() string.gsub("x", "x", function() EXIT end) end)]])

  it("from a run inside a coroutine exits", exits [[
    coroutine.wrap(function()
      lev.run(function() lev.sleep(0.001) EXIT end)
    end)()]])

  it("with failures that nobody has seen exits", exits [[
    lev.run(function()
      for i = 1, 10 do
        lev.spawn(function() error("boom") end, { name = "task " .. i })
      end
      lev.sleep(0.001)
      EXIT
    end)]])

  it("with everything alive exits", exits [[
    kept = {}
    lev.run(function()
      local token = lev.cancel_token()
      local listener = assert(lev.listen("127.0.0.1", 0))
      kept[1], kept[2] = token, listener
      local function wait() lev.sleep(9) end
      local _, port = listener:getsockname()
      for _, body in ipairs({
        wait, coroutine.yield,
        function() lev.sleep(9, token) end,
        function() lev.sleep(9, token:child():child()) end,
        function() lev.sleep(math.huge) end,
        function() lev.await(lev.spawn(wait), { cancel = token }) end,
        function() lev.race({ wait, wait }) end,
        function() lev.all({ function() lev.race({ wait }) end, wait }) end,
        function() lev.defer(wait) wait() end,
        function() lev.defer(wait) end,
        function() lev.own(listener) wait() end,
        function() listener:accept({ cancel = token }) wait() end,
        function() lev.connect("127.0.0.1", port):recv(1) end,
        function() lev.own(lev.connect("127.0.0.1", port)) wait() end,
        function()
          local socket = lev.connect("127.0.0.1", port)
          socket:send(("x"):rep(1 << 24), { cancel = token })
        end,
        function()
          local _ <close> = setmetatable({}, { __close = print })
          wait()
        end,
        function() pcall(wait) end,
      }) do
        kept[#kept + 1] = lev.spawn(body, { name = "named" })
      end
      lev.sleep(0.01)
      kept[3]:cancel({ "reason" })
      lev.yield()
      EXIT
    end)]])

  it("with tasks that have not begun exits", exits [[
    lev.run(function()
      for _ = 1, 10 do lev.spawn(function() lev.sleep(9) end) end
      EXIT
    end)]])

  it("in virtual time exits", exits [[
    lev.run(function()
      lev.spawn(function() lev.sleep(1e9) end)
      lev.sleep(1e6)
      EXIT
    end, { poller = "fake" })]])

  it("runs no cleanup of a state that closes", function()
    local output, code = support.program([[
      lev.run(function()
        lev.defer(function() print("defer") end)
        lev.spawn(function()
          lev.own({ close = function() print("close") end })
          lev.sleep(9)
        end)
        lev.yield()
        os.exit(3, true)
      end)]])
    assert.equal("", output)
    assert.equal(3, code)
  end)
end)

describe("a state that closes after runs", function()
  it("frees tokens, tasks and threads that are still referred to", function()
    local output, code = support.program([[
      kept = { lev.cancel_token() }
      kept[2] = kept[1]:child()
      kept[1]:cancel({ "reason" })
      lev.set_logger(function() end)
      lev.run(function()
        for i = 3, 20 do
          kept[i] = lev.spawn(function()
            kept[i + 100] = coroutine.running()
            lev.own({ close = function() end })
            lev.sleep(0.001)
            return i, kept
          end, { name = "task " .. i })
        end
        lev.spawn(error)
      end)
      print("end")]])
    assert.equal("end\n", output)
    assert.equal(0, code)
  end)

  it("finds lev usable, and harmless, in finalizers", function()
    local output, code = support.program([[
      lev.run(function() lev.sleep(0.001) end)
      local token = lev.cancel_token()
      setmetatable({}, { __gc = function()
        print(pcall(lev.now), pcall(lev.sleep, 1))
        print(lev.stats(), lev.task_name(), token.cancelled)
        print((pcall(lev.run, function() end)))
      end })]])
    assert.equal(0, code)
    assert.matches("must be called within lev.run", output)
    assert.matches("nil\tnil\t", output)
  end)

  it("in the middle of a run can still be asked in finalizers", function()
    local _, code = support.program([[
      setmetatable({}, { __gc = function()
        pcall(lev.sleep, 1)
        pcall(lev.spawn, print)
        pcall(lev.stop)
        pcall(lev.run, print)
        lev.stats()
        lev.now()
        lev.task_name()
        pcall(lev.defer, print)
        pcall(lev.own, { close = print })
        print(pcall(lev.cancel_token))
      end })
      lev.run(function()
        lev.spawn(function() lev.sleep(9) end)
        lev.yield()
        os.exit(3, true)
      end)]])
    assert.equal(3, code)
  end)

  it("refuses to run in the finalizers of what is older than lev", function()
    local output, code = support.program([[
      lev.run(function() lev.spawn(function() lev.sleep(0.001) end) end)]], [[
      kept = setmetatable({}, { __gc = function()
        local lev = require "lev"
        print(pcall(lev.run, function() end))
        print(pcall(lev.spawn, print))
        print(lev.stats(), lev.now() > 0)
        lev.set_logger(print)
        print(pcall(lev.cancel_token))
      end })]])
    assert.equal(0, code)
    assert.matches("lev.run: the Lua state is being closed", output)
    assert.matches("nil\ttrue", output)
    assert.matches("lev.cancel_token: the Lua state is being closed", output)
  end)
end)
