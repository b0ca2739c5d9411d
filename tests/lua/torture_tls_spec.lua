-- Tests that TLS loses no byte when those who wait for it are cut short, and
-- that a broken handshake leaves the socket closed. (torture_support.lua says
-- what happens to each scenario.)

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"
local torture = require "torture_support"

local SECONDS = 20  -- Long enough for the busiest machine.

local function scenario(title, body)
  it(title, torture.test(body, { real = true }))
end

local TEXT = torture.pattern(40)
local BLOCK = torture.pattern(150000)

-- A configuration with a wait in it.
local function with(config, wait)
  config.timeout, config.cancel = wait.timeout, wait.cancel
  return config
end

describe("Torture of TLS's", function()
  for _, side in ipairs { "client", "server" } do
    scenario("handshake, the " .. side, function(t)
      local ours, theirs = net.pair()
      t:closes("the socket", ours)
      local other = side == "client" and "server" or "client"
      t:partner(function()
        for _ = 1, 3 do lev.sleep(0) end
        local config = tls[other]()
        config.timeout = SECONDS
        theirs:starttls(config)
      end)
      local done = false
      t:victim(function()
        t:must(ours:starttls(with(tls[side](),
          t:wait { timeout = SECONDS })))
        done = true
        lev.sleep(0)
      end)
      -- With TLS, or closed, or "busy" for ever if nobody could see to it:
      -- nothing goes out in the clear.
      if not done and t.kind == "lost" and ours:fd() >= 0 then
        assert.same({ nil, "busy", 0 }, { ours:send("clear", 0.01) })
        assert.same({ nil, "busy" }, { ours:recv(1, 0.01) })
      elseif not done then
        tls.assert_closed(ours)
      end
      ours:close()
      theirs:close()
    end)
  end

  scenario("connect", function(t)
    local listener, port = net.listen()
    t:partner(function()
      local socket <close> = listener:accept(SECONDS)
      if socket then socket:starttls(tls.server { timeout = SECONDS }) end
    end)
    t:victim(function()
      local socket <close> = t:must(lev.connect("127.0.0.1", port,
        t:wait { timeout = SECONDS, tls = tls.client() }))
      assert.is_table(socket:tls_info())
      lev.sleep(0)
    end)
    -- Whom nobody has called, we call.
    if not t.partners[1]:done() then
      local socket = lev.connect("127.0.0.1", port, 1)
      if socket then socket:close() end
    end
    t.partners[1]:await()
    listener:close()
  end)

  scenario("reading", function(t)
    local ours, theirs = tls.connected()
    t:closes("the socket", ours)
    t:partner(function()
      for at = 1, #TEXT, 7 do
        if not theirs:send(TEXT:sub(at, at + 6), SECONDS) then break end
        lev.sleep(0)
      end
      theirs:close()
    end)
    local got = {}
    t:victim(function()
      for _ = 1, 4 do
        got[#got + 1] = t:must(ours:recv_exactly(10,
          t:wait { timeout = SECONDS }))
      end
    end)
    if ours:fd() >= 0 then got[#got + 1] = net.read_all(ours, SECONDS) end
    ours:close()
    local data = table.concat(got)
    assert.is_true(TEXT:sub(1, #data) == data, "other bytes")
    assert.is_true(data == TEXT or t:was_closed())
  end)

  scenario("sending", function(t)
    local ours, theirs = tls.connected()
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
      local count, err, partial = ours:send(BLOCK,
        t:wait { timeout = SECONDS })
      sent = count or partial
      t:must(count, err)
      lev.sleep(0)
    end)
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
    assert.is_true(BLOCK:sub(1, #data) == data, "other bytes")
    assert.is_true(how ~= "done" or data == BLOCK)
    assert.is_true(not sent or #data == sent or t:was_closed())
  end)
end)
