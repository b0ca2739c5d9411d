-- Each piece of code that the contract of the module shows, section by section:
-- running, tasks, cleanups, timers, cancellation, combinators. The addresses
-- are loopback ones. What goes beyond the contract is tested elsewhere.

local lev = require "lev"
local net = require "net_support"
local support = require "support"

-- A TCP service on the loopback interface in place of a public one.
local function dns_like_service()
  return net.serve(function(socket)
    socket:send("answer")
    socket:recv(4096, 5)
  end)
end

describe("Event loop", function()
  it("returns the main function's results", function()
    local result, err = lev.run(function()
      -- async code here
      return 42
    end)
    assert.equal(42, result)
    assert.is_nil(err)
  end)

  it("returns nil and the error if the main function failed", function()
    local result, err = lev.run(function() error("boom") end)
    assert.is_nil(result)
    assert.matches("boom", err)
  end)

  it("does not nest", function()
    local nested, err
    lev.run(function() nested, err = pcall(lev.run, function() end) end)
    assert.is_false(nested)
    assert.matches("nested", err)
  end)
end)

describe("Spawning tasks", function()
  it("gives a handle for await; detached tasks run beside it", function()
    local handled
    local function handle_request(data) handled = data end
    local data = "request"
    local got
    lev.run(function()
      local task = lev.spawn(function()
        lev.sleep(0.1)
        return "done"
      end)

      -- Detached: errors logged to stderr, never awaited
      lev.spawn(function()
        handle_request(data)
      end, { detached = true })

      local result = lev.await(task)  -- "done"
      got = result
    end)
    assert.equal("done", got)
    assert.equal("request", handled)
  end)

  it("names a task", support.inside(function()
    local task = lev.spawn(function() return lev.task_name() end,
      { name = "worker" })
    assert.equal("worker", lev.await(task))
  end))
end)

describe("Awaiting tasks", function()
  it("returns results, or nil and the error, to everybody who asks",
    support.inside(function()
      local good = lev.spawn(function() lev.sleep(0.1) return "result" end)
      local others = {}
      for i = 1, 3 do
        others[i] = lev.spawn(function() return lev.await(good) end)
      end
      for i = 1, 3 do assert.equal("result", (lev.await(others[i]))) end
      assert.equal("result", (lev.await(good)))

      local bad = lev.spawn(function() error("no luck") end)
      local result, err = lev.await(bad)
      assert.is_nil(result)
      assert.matches("no luck", err)
    end))
end)

describe("Resource tracking", function()
  it("closes what was owned, even if an error is thrown", net.inside(function()
    local port = dns_like_service()
    local kept
    local messages = support.logged(function()
      local task = lev.spawn(function()
        local sock = lev.own(lev.connect("127.0.0.1", port, { timeout = 5 }))
        kept = sock
        -- sock:close() called automatically when this coroutine exits,
        -- even if an error is thrown
        local data = sock:recv(4096, 5)
        error("after " .. data)
      end, { detached = true })
      lev.await(task)
    end)
    assert.same({}, messages) -- it was awaited
    local data, err = kept:recv(1, 1)
    assert.is_nil(data)
    assert.equal("socket is closed", err)
  end))

  it("runs deferred functions, the last one first", support.inside(function()
    local counts, order = 0, {}
    local function get_counter()
      return {
        increment = function() counts = counts + 1 end,
        decrement = function() counts = counts - 1 end,
      }
    end
    local task = lev.spawn(function()
      local counter = get_counter()
      counter:increment()
      lev.defer(function() counter:decrement() order[#order + 1] = "first" end)
      lev.defer(function() order[#order + 1] = "second" end)
      assert.equal(1, counts)
    end)
    lev.await(task)
    assert.equal(0, counts)
    assert.same({ "second", "first" }, order)
  end))

  it("hands a resource over", net.inside(function()
    local port = dns_like_service()
    local inner, sock
    local outer = lev.spawn(function()
      sock = lev.own(lev.connect("127.0.0.1", port))
      -- Transfer ownership to another task
      lev.disown(sock)
      inner = lev.spawn(function()
        lev.own(sock)
        lev.sleep(0.05)
        assert(sock:fd() >= 0)
        return sock:recv(6, 5)
        -- sock is now cleaned up when THIS task exits
      end)
    end)
    lev.await(outer)
    assert.equal("answer", (lev.await(inner)))
    assert.is_true(sock:fd() < 0)
  end))

  it("does cleanups before awaiters are told", support.inside(function()
    local closed_at_await
    local task
    task = lev.spawn(function()
      lev.own({ close = function() closed_at_await = task.status end })
    end)
    lev.await(task)
    assert.equal("pending", closed_at_await)
  end))

  it("logs the error of a cleanup, and runs the others", function()
    local ran = false
    local messages = support.logged(function()
      support.run(function()
        lev.await(lev.spawn(function()
          lev.defer(function() ran = true end)
          lev.defer(function() error("bad cleanup") end)
        end))
      end)
    end)
    assert.is_true(ran)
    assert.matches("bad cleanup", messages[1])
  end)
end)

describe("Timers", function()
  it("sleep, and tell of a cancel", support.inside(function()
    assert.is_true(lev.sleep(0.5)) -- sleep 500ms
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(1) token:cancel() end)
    -- Cancellable sleep
    local slept, err = lev.sleep(5.0, token)
    assert.is_nil(slept)
    assert.equal("cancelled", err)
  end))

  it("measure", function()
    local function do_work() for _ = 1, 1000 do end end
    local start = lev.now()
    do_work()
    local elapsed = lev.now() - start
    assert.equal("float", math.type(start))
    assert.is_true(elapsed >= 0)
  end)
end)

describe("Cancellation", function()
  it("interrupts whoever waits with the token", net.inside(function()
    local sock = lev.own(lev.udp())
    assert(sock:bind("127.0.0.1", 0))
    local token = lev.cancel_token()

    lev.spawn(function()
      lev.sleep(0.05)
      token:cancel()  -- interrupt waiters
    end)

    assert.is_false(token.cancelled)
    local data, err = sock:recvfrom(4096, { cancel = token })
    -- err == "cancelled" if token fired first
    assert.is_nil(data)
    assert.equal("cancelled", err)
    assert.is_true(token.cancelled)
    -- The socket remains open for reuse.
    local _, port = sock:getsockname()
    assert(sock:sendto("again", "127.0.0.1", port))
    assert.equal("again", (sock:recvfrom(4096, 5.0)))
  end))
end)

describe("Combinators", function()
  it("race returns the first result", support.inside(function()
    local result = lev.race({
      function(token)
        lev.sleep(0.1)
        return "fast"
      end,
      function(token)
        lev.sleep(10.0)
        return "slow"
      end,
    })
    assert.equal("fast", result)
  end))

  it("all returns every result", support.inside(function()
    local results, err = lev.all({
      function(token) return "a" end,
      function(token) return "b" end,
    })
    assert.is_nil(err)
    assert.same({ { "a" }, { "b" } }, results)
  end))

  it("all fails fast", support.inside(function()
    local start = lev.now()
    local results, err = lev.all({
      function(token) error("boom") end,
      function(token) lev.sleep(10) end,
    })
    assert.is_nil(results)
    assert.matches("boom", err)
    assert.is_true(lev.now() - start < 10)
  end))
end)

describe("Deadlock detection", function()
  it("returns nil and an explanation", function()
    local ok, err = lev.run(function()
      local never = lev.spawn(function()
        coroutine.yield()  -- yield without registering anything
      end)
      lev.await(never)  -- blocks forever
    end)
    assert.is_nil(ok)
    assert.matches("^deadlock", err)
  end)
end)
