-- Tests that datagrams, descriptors on their way, names and signals survive
-- that those who wait for them are cut short. (torture_support.lua says what
-- happens to each scenario.)

local dns = require "dns_support"
local lev = require "lev"
local net = require "net_support"
local torture = require "torture_support"

local SECONDS = 20  -- Long enough for the busiest machine.

local function scenario(title, body)
  it(title, torture.test(body, { real = true }))
end

-- Both ends of a UNIX stream.
local names = 0
local function unix_pair(options)
  names = names + 1
  local name = ("@lev torture %d %d"):format(net.pid(), names)
  local listener <close> = assert(lev.unix_listen(name, options))
  local ours = assert(lev.unix_connect(name, options))
  return ours, assert(listener:accept(SECONDS))
end

-- Numbers from 1 on that are all there, in order.
local function assert_counts_to(count, list)
  for i = 1, count do assert.equal(tostring(i), list[i]) end
  assert.equal(count, #list)
end

-- A bound socket of UDP, and how to send to it.
local function udp_target()
  local socket = assert(lev.udp("inet"))
  assert(socket:bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  return socket, "127.0.0.1", port
end

local function unix_target()
  names = names + 1
  local name = ("@lev torture %d %d"):format(net.pid(), names)
  return assert(lev.unix_dgram(name)), name
end

-- The victim receives the datagrams of a partner. Those it has not received
-- are still there.
local function receiving(make, new, receive)
  return function(t)
    local address = table.pack(make())
    local socket = t:closes("the socket", table.remove(address, 1))
    local sender <close> = assert(new())
    local partner = t:partner(function()
      for i = 1, 6 do
        local sent, err = sender:sendto(tostring(i), table.unpack(address))
        if not sent and t:was_closed() then break end
        assert(sent, err)
        if i % 2 == 0 then lev.sleep(0) end
      end
    end)
    local got = {}
    t:victim(function()
      while #got < 6 do
        receive(t, socket, got, t:wait { timeout = SECONDS })
      end
    end)
    partner:await()
    if socket:fd() >= 0 then
      while #got < 6 do got[#got + 1] = assert(socket:recv(10, SECONDS)) end
    end
    socket:close()
    if not t:was_closed() then assert_counts_to(6, got) end
  end
end

local function recvfrom(t, socket, got, wait)
  got[#got + 1] = t:must(socket:recvfrom(10, wait))
end

describe("Torture of a datagram socket's", function()
  scenario("recvfrom", receiving(udp_target, function()
    return lev.udp("inet")
  end, recvfrom))

  scenario("recv", receiving(udp_target, function()
    return lev.udp("inet")
  end, function(t, socket, got, wait)
    got[#got + 1] = t:must(socket:recv(10, wait))
  end))

  scenario("recvfrom_many", receiving(udp_target, function()
    return lev.udp("inet")
  end, function(t, socket, got, wait)
    for _, message in ipairs(t:must(socket:recvfrom_many(4, 10, wait))) do
      got[#got + 1] = message.data
    end
  end))

  scenario("recv beside another", function(t)
    local socket, host, port = udp_target()
    local sender <close> = assert(lev.udp("inet"))
    local got = {}
    local other = lev.spawn(function()
      while true do
        local data = socket:recv(10)
        if not data then return end
        got[#got + 1] = data
      end
    end)
    t:partner(function()
      for i = 1, 6 do
        assert(sender:sendto(tostring(i), host, port))
        if i % 2 == 0 then lev.sleep(0) end
      end
      local began = lev.now()
      while #got < 6 and lev.now() < began + 5 do lev.sleep(0) end
      socket:close()
    end)
    t:victim(function()
      repeat
        local data, err = socket:recv(10, t:wait { timeout = SECONDS })
        if data then got[#got + 1] = data end
      until err == "socket is closed" or not t:must(data, err)
    end)
    t:finish()
    other:await()
    table.sort(got)
    assert_counts_to(6, got)
  end)

  -- The loop of one that is full is what sending waits for.
  scenario("sendto #kernel", function(t)
    local target, name = unix_target()
    local socket = t:closes("the socket", assert(lev.unix_dgram()))
    local got, sent = {}, 0
    local over = false
    local partner = t:partner(function()
      while true do
        local data, err = target:recv(10, over and 0 or 0.005)
        if data then got[#got + 1] = data end
        if over and err then break end
      end
    end)
    t:victim(function()
      for i = 1, 40 do
        t:must(socket:sendto(tostring(i), name, t:wait { timeout = SECONDS }))
        sent = i
      end
      lev.sleep(0)
    end)
    over = true
    partner:await()
    socket:close()
    target:close()
    assert_counts_to(sent, got)
  end)

  scenario("sendto_many #kernel", function(t)
    local target, host, port = udp_target()
    local socket = t:closes("the socket", assert(lev.udp("inet")))
    local messages, sent = {}, 0
    for i = 1, 8 do messages[i] = { tostring(i), host, port } end
    t:victim(function()
      local count, err, partial = socket:sendto_many(messages,
        t:wait { timeout = SECONDS })
      sent = count or partial
      t:must(count, err)
      lev.sleep(0)
    end)
    local got = {}
    while true do
      local data = target:recv(10, 0)
      if not data then break end
      got[#got + 1] = data
    end
    socket:close()
    target:close()
    assert_counts_to(sent, got)
  end)
end)

describe("Torture of a UNIX socket's", function()
  scenario("datagrams", receiving(unix_target, lev.unix_dgram, recvfrom))

  scenario("connect and accept", function(t)
    names = names + 1
    local name = ("@lev torture %d %d"):format(net.pid(), names)
    -- One fits, the others wait until the partner accepts.
    local listener = t:closes("the listener",
      assert(lev.unix_listen(name, { backlog = 0 })))
    local over, accepted, made = false, 0, 0
    local partner = t:partner(function()
      while listener:fd() >= 0 do
        local socket <close> = listener:accept(over and 0 or 0.003)
        if socket then accepted = accepted + 1 elseif over then break end
      end
    end)
    t:victim(function()
      for _ = 1, 4 do
        local socket = t:must(lev.unix_connect(name,
          t:wait { timeout = SECONDS }))
        made = made + 1
        socket:close()
      end
      lev.sleep(0)
    end)
    over = true
    partner:await()
    listener:close()
    assert.is_true(accepted >= made or t:was_closed())
    assert.is_true(accepted <= made + 1)
  end)

  scenario("send_fds and recv_fds", function(t)
    local ours, theirs = unix_pair { pass_fds = true }
    t:closes("the socket", ours)
    local reader, writer = assert(lev.pipe())
    local back = {}
    local partner = t:partner(function()
      while true do
        local data, objects = theirs:recv_fds(10, SECONDS)
        if not data then break end
        back[#back + 1] = data
        lev.sleep(0)
        theirs:send_fds(data, objects, SECONDS)
        for _, object in ipairs(objects) do object:close() end
      end
      theirs:close()
    end)
    local sent, received = 0, 0
    t:victim(function()
      for i = 1, 3 do
        t:must(ours:send_fds(tostring(i), { writer },
          t:wait { timeout = SECONDS }))
        sent = i
        local data, objects = ours:recv_fds(10, t:wait { timeout = SECONDS })
        t:must(data, objects)
        received = i
        assert.equal(1, #objects)
        objects[1]:close()
      end
    end)
    if ours:fd() >= 0 then
      ours:shutdown("w")
      while true do
        local data, objects = ours:recv_fds(10, SECONDS)
        if not data then break end
        received = received + 1
        assert.equal(1, #objects)
        objects[1]:close()
      end
    end
    partner:await()
    for _, object in ipairs { ours, theirs, reader, writer } do
      object:close()
    end
    assert_counts_to(sent, back)
    assert.is_true(received == sent or t:was_closed())
  end)

  scenario("send_fds when it is full", function(t)
    local ours, theirs = unix_pair { pass_fds = true }
    t:closes("the socket", ours)
    net.fill(ours)
    t:partner(function()
      for _ = 1, 3 do lev.sleep(0) end
      while true do
        local data, objects = theirs:recv_fds(1 << 20, SECONDS)
        if not data then break end
        for _, object in ipairs(objects) do object:close() end
      end
    end)
    t:victim(function()
      t:must(ours:send_fds("x", { 0 }, t:wait { timeout = SECONDS }))
      lev.sleep(0)
    end)
    ours:close()
    while not t.partners[1]:done() do lev.sleep(0) end
    theirs:close()
  end)
end)

describe("Torture of", function()
  local stop

  setup(function()
    stop = dns.serve { "slow.test A 127.0.0.1", "slow.test AAAA ::1" }
  end)
  teardown(function() stop() end)

  scenario("lev.resolve #kernel", function(t)
    t:victim(function()
      for _ = 1, 2 do
        local list = t:must(lev.resolve("slow.test",
          t:wait { timeout = SECONDS }))
        assert.is_true(#list > 0)
      end
    end)
  end)

  scenario("lev.connect to a name #kernel", function(t)
    local listener, port = net.listen()
    local server = lev.spawn(function()
      while true do
        local socket <close> = listener:accept()
        if not socket then break end
        socket:recv(1, SECONDS)
      end
    end)
    t:victim(function()
      local socket <close> = t:must(lev.connect("slow.test", port,
        t:wait { timeout = SECONDS }))
      lev.sleep(0)
    end)
    listener:close()
    server:await()
  end)
end)

describe("Torture of signals and", function()
  scenario("lev.wait_signal #kernel", function(t)
    local got, raised = 0, 0
    lev.wait_signal(lev.SIGUSR2, 0)  -- From here on it ends nobody.
    local partner = t:partner(function()
      for _ = 1, 2 do
        for _ = 1, 3 do lev.sleep(0) end
        local before = got
        os.execute("kill -USR2 " .. net.pid())
        raised = raised + 1
        for _ = 1, 100 do
          if got > before or t.task:done() then break end
          lev.sleep(0.002)
        end
      end
    end)
    t:victim(function()
      for _ = 1, 2 do
        t:must(lev.wait_signal(lev.SIGUSR2, t:wait { timeout = SECONDS }))
        got = got + 1
      end
      lev.sleep(0)
    end)
    partner:await()
    -- What nobody has got is there for the next, several as one.
    local late = lev.wait_signal(lev.SIGUSR2, got < raised and 5 or 0)
    assert.is_true(got + (late and 1 or 0) >= 1)
    assert.equal(got < raised, late ~= nil)
  end)

  scenario("pipes that are waited for by number", function(t)
    local reader, writer = assert(lev.pipe())
    t:closes("the reader", reader)
    t:partner(function()
      lev.sleep(0)
      lev.sleep(0)
      writer:send("x")
    end)
    t:victim(function()
      t:must(lev.wait_writable(writer, t:wait { timeout = SECONDS }))
      t:must(lev.wait_readable(reader, t:wait { timeout = SECONDS }))
      assert.equal("x", t:must(reader:recv(1, t:wait { timeout = SECONDS })))
      lev.sleep(0)
    end)
    reader:close()
    writer:close()
  end)
end)
