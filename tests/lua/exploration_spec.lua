-- Small programs in every order that the loop allows: whatever comes first,
-- somebody wins, nobody is lost, and nothing is there twice.

local explorer = require "explorer"
local lev = require "lev"

-- `body(choose)` is the main task, once for each course.
local function explored(name, body)
  it(name, function()
    local courses = explorer.all(function(choose)
      local out = table.pack(lev.run(function()
        body(choose)
        return "well"
      end, { poller = "fake" }))
      if out[1] ~= "well" then error(out[2], 0) end
    end)
    print(("%8d courses: it %s"):format(courses, name))
    assert.is_true(courses > 1)
  end)
end

-- Gives up 0 to `most` turns: a course for each.
local function linger(choose, most)
  for _ = 2, choose(most + 1) do lev.yield() end
end

local function sorted(list)
  table.sort(list)
  return table.concat(list, " ")
end

describe("In every order", function()
  -- The second error of two has nobody to go to, and is logged.
  setup(function() lev.set_logger(function() end) end)
  teardown(function() lev.set_logger(nil) end)

  explored("the first of a race wins, and the others unwind", function(choose)
    local ends = {}
    local function runner(name)
      return function()
        lev.defer(function() ends[#ends + 1] = name end)
        linger(choose, 1)
        return name
      end
    end
    local winner = lev.race { runner "a", runner "b", runner "c" }
    assert.equal(winner, ends[1])
    assert.equal("a b c", sorted(ends))
  end)

  explored("the error that came first is the one of lev.all", function(choose)
    local first
    local function failing(name)
      return function()
        linger(choose, 1)
        first = first or name
        error(name, 0)
      end
    end
    local ended = 0
    local function waiting()
      lev.defer(function() ended = ended + 1 end)
      lev.sleep(60)
    end
    local ok, err = lev.all { failing "a", waiting, failing "b" }
    assert.is_nil(ok)
    assert.equal(first, err)
    assert.equal(1, ended)
    assert.equal(0, lev.now())
  end)

  explored("a scope returns the first failure of two", function(choose)
    local first
    local function fail(name)
      return function()
        linger(choose, 1)
        first = first or name
        error(name, 0)
      end
    end
    local live = 0
    local ok, err = lev.scope(function(scope)
      scope:spawn(fail "a")
      scope:spawn(fail "b")
      scope:spawn(function()
        live = live + 1
        lev.defer(function() live = live - 1 end)
        lev.sleep(60)
      end)
      lev.sleep(60)
    end)
    assert.is_nil(ok)
    assert.equal(first, err)
    assert.equal(0, live)
  end)

  explored("a join and its cancellation are one or the other", function(choose)
    local token = lev.cancel_token()
    local task = lev.spawn(function() linger(choose, 1) return "result" end)
    local other = lev.spawn(function() return task:await() end)
    lev.spawn(function() linger(choose, 2) token:cancel() end)
    local result, err = task:await { cancel = token }
    if not result then assert.equal("cancelled", err) end
    assert.equal("result", other:await())
    assert.equal("result", task:await())
  end)

  explored("a message and a timeout are one or the other", function()
    local channel = lev.channel()
    local sent
    local sender = lev.spawn(function()
      lev.sleep(1)
      sent = channel:try_send("message")
    end)
    local message, err = channel:recv(1)
    sender:await()
    assert.equal(message == "message", sent == true)
    if not message then assert.equal("timeout", err) end
    assert.equal(0, #channel)
  end)

  explored("a cancelled sender's message is sent or is not", function(choose)
    local channel = lev.channel(choose(2) - 1)
    local token = lev.cancel_token()
    local got, sent = {}, {}
    local function send(number, wait)
      if channel:send(number, wait) then sent[#sent + 1] = number end
    end
    local function drain()
      for _ = 1, 2 do
        local message = channel:try_recv()
        got[#got + 1] = message
      end
    end
    local senders = {
      lev.spawn(function() send(1, { cancel = token }) end),
      lev.spawn(function() send(2) end),
    }
    local receiver = lev.spawn(function() got[1] = channel:recv() end)
    lev.spawn(function() linger(choose, 1) token:cancel() end)
    receiver:await()
    lev.sleep(1)
    drain()
    for _, sender in ipairs(senders) do sender:await() end
    drain()
    assert.equal(sorted(sent), sorted(got))
  end)

  explored("an aborted task hands its mutex on", function(choose)
    local mutex = lev.mutex()
    local inside, most = 0, 0
    local function work()
      mutex:with(function()
        inside = inside + 1
        most = math.max(most, inside)
        lev.defer(function() end)
        lev.yield()
        inside = inside - 1
      end)
    end
    local victim = lev.spawn(function() mutex:lock() mutex:unlock() end)
    local tasks = { lev.spawn(work), lev.spawn(work) }
    lev.spawn(function() linger(choose, 2) victim:abort() end)
    for _, task in ipairs(tasks) do task:await() end
    assert.equal(1, most)
    assert.is_true(mutex:try_lock())
    mutex:unlock()
  end)

  explored("two selects meet on one of two channels", function(choose)
    local a, b = lev.channel(), lev.channel()
    local token = lev.cancel_token()
    local one = lev.spawn(function()
      return lev.select({ sent = a:send_op(1), got = b }, { cancel = token })
    end)
    local other = lev.spawn(function()
      return lev.select({ sent = b:send_op(2), got = a }, 1)
    end)
    lev.spawn(function() linger(choose, 1) token:cancel() end)
    local how, got = one:await()
    local other_how, other_got = other:await()
    if not how then
      assert.equal("cancelled", got)
      assert.equal("timeout", other_got)
    elseif how == "sent" then
      assert.same({ "got", 1 }, { other_how, other_got })
    else
      assert.same({ 2, "sent" }, { got, other_how })
    end
    for _, channel in ipairs { a, b } do
      assert.same({ 0, 0 }, { channel:stats().senders,
        channel:stats().receivers })
    end
  end)

  explored("a timeout and a result of a scope are one or the other",
    function()
      local done
      local result, err = lev.with_timeout(1, function()
        lev.sleep(1)
        done = true
        return "result"
      end)
      if result then
        assert.is_true(done)
      else
        assert.equal("timeout", err)
      end
    end)
end)
