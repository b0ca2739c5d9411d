-- Echo within one process: what a request costs, both sides together.
--
--   tools/run bench/echo.lua [CONNECTIONS [REQUESTS [BYTES]]]
--
-- Prints processor time per request (client and server, system included) and
-- requests per second. Under `strace -c` the counts must be one recv and one
-- send for each side's part of a request, and a share of epoll_wait.

local lev = require "lev"

local connections = tonumber(arg[1] or 64)
local requests = tonumber(arg[2] or 100000) // connections
local message = ("x"):rep(tonumber(arg[3] or 64))

local function serve(listener)
  while true do
    local socket = listener:accept()
    if not socket then return end
    lev.spawn(function()
      while true do
        local data = socket:recv(65536)
        if not data or not socket:send(data) then break end
      end
      socket:close()
    end)
  end
end

local function client(port)
  local socket = assert(lev.connect("127.0.0.1", port))
  for _ = 1, requests do
    socket:send(message)
    assert(#socket:recv_exactly(#message) == #message)
  end
  socket:close()
end

lev.run(function()
  local listener = assert(lev.listen("127.0.0.1", 0, { backlog = 4096 }))
  local _, port = listener:getsockname()
  lev.spawn(function() serve(listener) end)
  local clients = {}
  for i = 1, connections do
    clients[i] = function() client(port) end
  end
  local wall, processor = lev.now(), os.clock()
  assert(lev.all(clients))
  local count = connections * requests
  print(("%d requests over %d connections: %.0f ns of processor time each, " ..
         "%.0f requests per second"):format(count, connections,
    (os.clock() - processor) / count * 1e9, count / (lev.now() - wall)))
  listener:close()
end)
