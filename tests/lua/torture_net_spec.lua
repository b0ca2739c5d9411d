-- Tests that streams lose no byte, and listeners no connection, when those who
-- wait for them are cut short. (torture_support.lua says what happens to each
-- scenario.)

local lev = require "lev"
local net = require "net_support"
local torture = require "torture_support"

local SECONDS = 20  -- Long enough for the busiest machine.

local function scenario(title, body)
  it(title, torture.test(body, { real = true }))
end

-- What is left in a socket until its end.
local function rest(socket)
  if socket:fd() < 0 then return "" end
  return (net.read_all(socket, SECONDS))
end

-- `data` is a prefix of `whole`.
local function assert_begins(data, whole)
  assert.is_true(#data <= #whole)
  assert.is_true(whole:sub(1, #data) == data, "other bytes")
end

-- The victim reads, by `read`, what a partner sends in pieces. All of it is
-- there in the end: what was returned, and what was left.
local function reading(text, read)
  return function(t)
    local ours, theirs = net.pair()
    t:closes("the socket", ours)
    local partner = t:partner(function()
      for at = 1, #text, 7 do
        if not theirs:send(text:sub(at, at + 6), SECONDS) then break end
        lev.sleep(0)
      end
      theirs:shutdown("w")
    end)
    local got = {}
    t:victim(function() read(t, ours, function(data)
      got[#got + 1] = data
    end) end)
    got[#got + 1] = rest(ours)
    partner:await()
    ours:close()
    theirs:close()
    local data = table.concat(got)
    assert_begins(data, text)
    assert.is_true(data == text or t:was_closed())
  end
end

local TEXT = torture.pattern(40)
local LINES = ("one\ntwo\nthree and more\n\nfour"):rep(2)

describe("Torture of a socket's", function()
  scenario("recv", reading(TEXT, function(t, socket, take)
    local count = 0
    repeat
      local data = t:must(socket:recv(5, t:wait { timeout = SECONDS }))
      count = count + #data
      take(data)
    until count == #TEXT
  end))

  scenario("recv_exactly", reading(TEXT, function(t, socket, take)
    for _ = 1, 4 do
      take(t:must(socket:recv_exactly(10, t:wait { timeout = SECONDS })))
    end
  end))

  scenario("recv_until", reading(LINES, function(t, socket, take)
    for _ = 1, 8 do
      take(t:must(socket:recv_until("\n", t:wait { timeout = SECONDS })))
    end
  end))

  scenario("peek", reading(TEXT, function(t, socket, take)
    local seen = t:must(socket:peek(20, t:wait { timeout = SECONDS }))
    assert.equal(TEXT:sub(1, 20), seen)
    take(t:must(socket:recv_exactly(30, t:wait { timeout = SECONDS })))
    t:must(socket:peek(10, t:wait { timeout = SECONDS }))
  end))

  scenario("lines", reading(LINES, function(t, socket, take)
    local lines = socket:lines(t:wait { timeout = SECONDS, keep = true })
    for line in t:each(lines) do take(line) end
  end))

  scenario("operations, of which one is done", reading(TEXT,
    function(t, socket, take)
      local count = 0
      while count < #TEXT do
        local key, data = lev.select({
          some = socket:recv_exactly_op(8), late = lev.sleep_op(SECONDS),
        }, t:wait())
        t:must(key, data)
        if key == "some" then
          t:must(data, "closed")
          take(data)
          count = count + #data
        end
      end
    end))

  scenario("readiness", function(t)
    local ours, theirs = net.pair()
    t:closes("the socket", ours)
    t:partner(function()
      for _ = 1, 3 do lev.sleep(0) end
      theirs:send("x")
    end)
    t:victim(function()
      t:must(lev.wait_readable(ours, t:wait { timeout = SECONDS }))
      t:must(lev.wait_writable(ours, t:wait { timeout = SECONDS }))
      t:must(lev.wait_readable(ours:fd(), t:wait { timeout = SECONDS }))
      lev.sleep(0)
    end)
    if not t:was_closed() then
      assert.equal("x", ours:recv(5, SECONDS))
    end
    ours:close()
    theirs:close()
  end)
end)

local BLOCK = torture.pattern(300000)

-- The victim sends, by `send`, to a partner who reads slowly. The partner gets
-- what was sent, and if the victim was told how much that was, exactly so much.
local function sending(send)
  return function(t)
    local ours, theirs = net.pair()
    t:closes("the socket", ours)
    ours:setsockopt("sndbuf", 20000)
    local got = {}
    local partner = t:partner(function()
      while true do
        local data = theirs:recv(60000, SECONDS)
        if not data then break end
        got[#got + 1] = data
        lev.sleep(0)
      end
    end)
    local sent
    local how = t:victim(function()
      local count, err, partial = send(t, ours)
      sent = count or partial
      t:must(count, err)
      lev.sleep(0)
    end)
    -- Who comes next is not held up by what was left undone.
    local after = not t:was_closed() and ours:send("!", SECONDS)
    ours:shutdown("w")
    partner:await()
    ours:close()
    theirs:close()
    local data = table.concat(got)
    if after then
      assert.equal("!", data:sub(-1))
      data = data:sub(1, -2)
    end
    assert_begins(data, BLOCK)
    assert.is_true(how ~= "done" or data == BLOCK)
    -- What a close throws away, the kernel had already.
    assert.is_true(not sent or #data == sent or t:was_closed())
  end
end

describe("Torture of what sends", function()
  scenario("a string", sending(function(t, socket)
    return socket:send(BLOCK, t:wait { timeout = SECONDS })
  end))

  scenario("a list", sending(function(t, socket)
    local pieces = {}
    for at = 1, #BLOCK, 50000 do
      pieces[#pieces + 1] = BLOCK:sub(at, at + 49999)
    end
    return socket:send(pieces, t:wait { timeout = SECONDS })
  end))

  scenario("a file", function(t)
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write(BLOCK)
    file:flush()
    sending(function(_, socket)
      return socket:sendfile(path, t:wait { timeout = SECONDS })
    end)(t)
    os.remove(path)
  end)

  scenario("behind another sender", function(t)
    local ours, theirs = net.pair()
    t:closes("the socket", ours)
    ours:setsockopt("sndbuf", 20000)
    local got, sent = {}, 0
    local before = lev.spawn(function() return ours:send(BLOCK, SECONDS) end)
    while before.runs == 0 do lev.sleep(0) end
    local partner = t:partner(function()
      got[1] = net.read_all(theirs, SECONDS)
    end)
    local after
    t:victim(function()
      for i = 1, 2 do
        t:must(ours:send(("%d"):format(i), t:wait { timeout = SECONDS }))
        sent = i
      end
    end)
    after = lev.spawn(function() return ours:send("after", SECONDS) end)
    before:await()
    after:await()
    ours:shutdown("w")
    partner:await()
    ours:close()
    theirs:close()
    if t:was_closed() then return assert_begins(got[1], BLOCK .. "12after") end
    local middle = got[1]:sub(#BLOCK + 1, -6)
    assert.is_true(got[1]:sub(1, #BLOCK) == BLOCK)
    assert.equal("after", got[1]:sub(-5))
    local unaware = t:was_killed() and #middle > sent and 1 or 0
    assert.equal(("12"):sub(1, sent + unaware), middle)
  end)
end)

describe("Torture of what", function()
  scenario("accepts", function(t)
    local listener, port = net.listen()
    t:closes("the listener", listener)
    local arrived, accepted = 0, 0
    local partner = t:partner(function()
      for _ = 1, 3 do
        local socket <close> = lev.connect("127.0.0.1", port, SECONDS)
        if not socket then break end
        arrived = arrived + 1
        socket:recv(1, t:was_closed() and 0.2 or SECONDS)
      end
    end)
    t:victim(function()
      for _ = 1, 3 do
        local socket <close> =
          t:must(listener:accept(t:wait { timeout = SECONDS }))
        accepted = accepted + 1
        socket:send(".")
      end
    end)
    -- Those whom the victim has not accepted, others can accept.
    while not partner:done() and listener:fd() >= 0 do
      local socket <close> = listener:accept(0.01)
      if socket then accepted = accepted + 1 end
    end
    partner:await()
    listener:close()
    assert.is_true(accepted <= arrived + 1)
    assert.is_true(accepted >= arrived or t:was_closed())
  end)

  scenario("accepts beside another", function(t)
    local listener, port = net.listen()
    local accepted = 0
    local function serve(arrival)
      local socket <close> = arrival
      accepted = accepted + 1
      socket:send(".")
    end
    local other = lev.spawn(function()
      while true do
        local socket = listener:accept()
        if not socket then return end
        serve(socket)
      end
    end)
    t:partner(function()
      for _ = 1, 4 do
        local socket <close> = assert(lev.connect("127.0.0.1", port, SECONDS))
        lev.sleep(0)
        local _, err = socket:recv(1, 5)
        assert(err ~= "timeout", "accepted by neither of the two")
      end
      listener:close()
    end)
    t:victim(function()
      repeat
        local socket, err = listener:accept(t:wait { timeout = SECONDS })
        if socket then serve(socket) end
      until err == "socket is closed" or not t:must(socket, err)
    end)
    t:finish()
    other:await()
    assert.equal(4, accepted)
  end)

  scenario("connects", function(t)
    local listener, port = net.listen()
    local made = 0
    t:closes("the listener", listener)
    local server = lev.spawn(function()
      while true do
        local socket <close> = listener:accept()
        if not socket then break end
        socket:send("hello")
        socket:recv(1, SECONDS)
      end
    end)
    t:victim(function()
      for _ = 1, 2 do
        local socket <close> = t:must(lev.connect("127.0.0.1", port,
          t:wait { timeout = SECONDS }))
        assert.equal("hello", t:must(socket:recv_exactly(5, SECONDS)))
        made = made + 1
      end
    end)
    listener:close()
    server:await()
    assert.is_true(made <= 2)
  end)

  scenario("connects a bare socket", function(t)
    local listener, port = net.listen()
    local socket = t:closes("the socket", assert(lev.tcp()))
    t:victim(function()
      t:must(socket:connect("127.0.0.1", port, t:wait { timeout = SECONDS }))
      t:must(socket:send("x"))
      lev.sleep(0)
    end)
    socket:close()
    listener:close()
  end)
end)
