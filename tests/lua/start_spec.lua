-- Tests lev/lua/lua_start.cc: a run that its caller turns. (A loop with a
-- descriptor of its own is in lua_start_test.cc.)

local lev = require "lev"

-- Turns it until it ends; each step may take so long.
local function turn(run, most)
  while run:step(most) do end
  return run:results()
end

local function start(fn)
  return assert(lev.start(fn, { poller = "fake" }))
end

describe("lev.start", function()
  it("runs nobody before the first step", function()
    local begun = false
    local run <close> = start(function() begun = true end)
    assert.is_false(begun)
    assert.is_false(run:step())
    assert.is_true(begun)
  end)

  it("has the results of lev.run", function()
    assert.same({ 1, nil, 3, n = 3 },
      table.pack(turn(start(function() return 1, nil, 3 end))))
    local failure = {}
    local ok, err, traceback = turn(start(function() error(failure) end))
    assert.is_nil(ok)
    assert.equal(failure, err)
    assert.matches("traceback", traceback)
  end)

  it("takes the options of lev.run, and refuses as it does", function()
    assert.error_matches(function() lev.start(print, { poler = "epoll" }) end,
                         "poler")
    assert.error_matches(function() lev.start(1) end, "function expected")
    local run <close> = start(function() lev.sleep(1) end)
    assert.error_matches(function() lev.start(print) end,
                         "lev.start: nested calls are not allowed")
    assert.error_matches(function() lev.run(print) end, "nested")
  end)
end)

describe("run:step", function()
  it("takes no longer than it may", function()
    local run <close> = start(function()
      lev.sleep(10)
      return lev.now()
    end)
    local began = lev.now()
    assert.is_true(run:step())
    assert.equal(began, lev.now())
    assert.equal(began + 10, run:next_deadline())
    assert.is_true(run:step(4))
    assert.equal(began + 4, lev.now())
    assert.is_false(run:step(100))
    assert.equal(began + 10, run:results())
    assert.is_false(run:step())
    assert.equal(math.huge, run:next_deadline())
  end)

  it("may come from another coroutine each time, which goes", function()
    local trace = {}
    local run = start(function()
      for i = 1, 5 do
        trace[#trace + 1] = i
        lev.yield()
        collectgarbage()
      end
      return "done"
    end)
    local alive = true
    while alive do
      alive = coroutine.wrap(function() return run:step() end)()
      collectgarbage()
    end
    assert.same({ 1, 2, 3, 4, 5 }, trace)
    assert.equal("done", run:results())
  end)

  it("sees what was done between two steps", function()
    local channel, spawned = lev.channel(), false
    local run <close> = start(function() return channel:recv() end)
    assert.is_true(run:step())
    lev.spawn(function()
      spawned = true
      channel:send("from outside")
    end)
    assert.is_true(run:next_deadline() <= lev.now())
    assert.is_false(run:step())
    assert.is_true(spawned)
    assert.equal("from outside", run:results())
  end)

  it("is never a deadlock, unless it waits for ever", function()
    local run = start(function() lev.channel():recv() end)
    for _ = 1, 3 do assert.is_true(run:step(1)) end
    assert.is_false(run:step(math.huge))
    local ok, err = run:results()
    assert.is_nil(ok)
    assert.matches("^deadlock: task #1 \"main\" waits for", err)
  end)

  it("is not called within the run", function()
    local run
    run = start(function() return pcall(run.step, run) end)
    local ok, message = turn(run)
    assert.is_false(ok)
    assert.matches("run:step: must not be called within the run", message)
  end)
end)

describe("a stepped run", function()
  local function stops(stop)
    local cleaned = false
    local run = start(function()
      lev.defer(function() cleaned = true end)
      lev.sleep(10)
    end)
    assert.is_true(run:step())
    stop(run)
    run:step()
    assert.is_true(cleaned)
    assert.same({ nil, "stopped", n = 2 }, table.pack(run:results()))
    assert.equal("lev.run: ended", tostring(run))
  end

  it("ends by close, which may come twice", function()
    stops(function(run)
      run:close()
      run:close()
    end)
  end)

  it("ends by lev.stop between two steps", function()
    stops(function() lev.stop() end)
  end)

  it("ends by lev.stop in a task", function()
    local run = start(function()
      lev.stop()
      lev.yield()
    end)
    assert.is_false(run:step())
    assert.same({ nil, "stopped", n = 2 }, table.pack(run:results()))
  end)

  it("ends with its variable", function()
    local kept
    do
      local run <close> = start(function() lev.sleep(10) end)
      kept = run
      run:step()
    end
    assert.is_false(kept:step())
    assert.equal(1, lev.run(function() return 1 end))
  end)

  it("is not closed from within", function()
    local run
    run = start(function() run:close() end)
    local ok, err = turn(run)
    assert.is_nil(ok)
    assert.matches("run:close: must not be called within the run", err)
  end)

  it("is not turned, nor closed, by what its end runs", function()
    local run, closed, stepped
    run = start(function()
      lev.defer(function()
        closed, stepped = pcall(run.close, run), pcall(run.step, run)
      end)
      lev.sleep(10)
    end)
    assert.is_true(run:step())
    run:close()
    assert.is_false(closed)
    assert.is_false(stepped)
    assert.same({ nil, "stopped", n = 2 }, table.pack(run:results()))
  end)

  it("has no results before its end", function()
    local run <close> = start(function() lev.sleep(1) end)
    assert.error_matches(function() run:results() end, "has not ended")
    assert.equal("lev.run: running", tostring(run))
    assert.is_nil(run:fd())
  end)
end)
