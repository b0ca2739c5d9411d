-- What a busy server asks of the kernel: one recv and one send per request,
-- none in vain. Counted by strace.

local net = require "net_support"

local REQUESTS = 2000

-- One process: a server and `clients` connections, each with one request at
-- a time, on the loopback interface.
local PROGRAM = [[
  local lev = require "lev"
  lev.run(function()
    local listener = assert(lev.listen("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local clients, requests = %d, %d
    lev.spawn(function()
      for _ = 1, clients do
        local socket = assert(listener:accept(5))
        lev.spawn(function()
          while true do
            local data = socket:recv(1000)
            if not data then return end
            socket:send(data)
          end
        end)
      end
    end)
    for _ = 1, clients do
      lev.spawn(function()
        local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
        for _ = 1, requests // clients do
          assert(socket:send("request"))
          assert(%s)
        end
      end)
    end
  end)
]]

local function trace(clients, receive)
  local path = os.tmpname()
  local out = net.subprocess(PROGRAM:format(clients, REQUESTS, receive),
    -- The leak checker does not work under strace.
    "ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o " .. path ..
    " -e trace=network,epoll_wait,epoll_pwait,epoll_pwait2,epoll_ctl")
  assert.equal("exit 0\n", out)
  local counts = { again = 0 }
  for line in io.lines(path) do
    local call = line:match("^%d+%s+([%w_]+)%(")
    if call then counts[call] = (counts[call] or 0) + 1 end
    if call and line:find("EAGAIN", 1, true) then
      counts.again = counts.again + 1
    end
  end
  os.remove(path)
  return counts
end

local RECEIVE = {
  recv = "socket:recv(1000)",
  recv_exactly = "socket:recv_exactly(7)",
  recv_until = 'socket:recv_until("st")',
  ["recv_until of a pattern"] = 'socket:recv_until("s[t]")',
}

for name, receive in pairs(RECEIVE) do
  describe("Fifty busy clients that use " .. name, function()
    it("cost one recvfrom and one sendto per message, none in vain",
      function()
        local clients = 50
        local counts = trace(clients, receive)
        local messages = 2 * REQUESTS
        assert.equal(messages, counts.sendto)
        -- The end of each connection is one more; and the first recv of a
        -- connection, before its readiness is known, may come too early.
        local extra = counts.recvfrom - messages
        assert.is_true(extra >= clients and extra <= 3 * clients,
          extra .. " more than one recvfrom per message")
        assert.is_true(counts.again <= 2 * clients + 2,
          counts.again .. " calls in vain")
        -- Each descriptor is added and removed once.
        assert.is_true(counts.epoll_ctl <= 4 * clients + 2,
          counts.epoll_ctl .. " times epoll_ctl")
        local polls = (counts.epoll_wait or 0) + (counts.epoll_pwait or 0)
          + (counts.epoll_pwait2 or 0)
        assert.is_true(polls < messages / 4, polls .. " polls")
      end)
  end)
end
