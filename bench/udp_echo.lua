-- UDP echo within one process: what a datagram costs, both sides together.
--
--   tools/run bench/udp_echo.lua [CLIENTS [REQUESTS [BYTES [WINDOW]]]]
--
-- The server takes and returns datagrams in batches (recvmmsg, sendmmsg); each
-- client keeps WINDOW of them on their way. Prints processor time per request
-- (client and server, system included) and requests per second. With a first
-- argument "serve" and a port it is the server alone, until it is killed.

local lev = require "lev"

local BATCH, LARGEST = 64, 2048

local function serve(socket)
  while true do
    local messages, err = socket:recvfrom_many(BATCH, LARGEST)
    if not messages then return err end
    socket:sendto_many(messages)
  end
end

if arg[1] == "serve" then
  local _, failure = lev.run(function()
    local socket = assert(lev.udp())
    assert(socket:bind("127.0.0.1", math.tointeger(arg[2])))
    socket:setsockopt("rcvbuf", 1 << 20)
    return serve(socket)
  end)
  error(failure)
end

local clients = tonumber(arg[1] or 64)
local requests = tonumber(arg[2] or 100000) // clients
local message = ("x"):rep(tonumber(arg[3] or 64))
local window = tonumber(arg[4] or 1)

-- What is lost is not waited for: on the loopback interface nothing is, unless
-- the server's buffer overflows.
local function client(port)
  local socket = assert(lev.udp())
  assert(socket:connect("127.0.0.1", port))
  local burst = {}
  for i = 1, window do burst[i] = { message } end
  local answered = 0
  while answered < requests do
    socket:sendto_many(burst)
    for _ = 1, window do
      if not socket:recv(LARGEST, 1) then break end
      answered = answered + 1
    end
  end
  socket:close()
  return answered
end

lev.run(function()
  local socket = assert(lev.udp())
  socket:setsockopt("rcvbuf", 1 << 20)
  assert(socket:bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  lev.spawn(function() serve(socket) end)
  local tasks = {}
  for i = 1, clients do
    tasks[i] = function() return client(port) end
  end
  local wall, processor = lev.now(), os.clock()
  local count = 0
  for _, results in ipairs(assert(lev.all(tasks))) do
    count = count + results[1]
  end
  print(("%d requests from %d clients: %.0f ns of processor time each, " ..
         "%.0f requests per second"):format(count, clients,
    (os.clock() - processor) / count * 1e9, count / (lev.now() - wall)))
  socket:close()
end)
