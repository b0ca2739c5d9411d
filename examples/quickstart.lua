#!/usr/bin/env lev
-- An echo server and a hundred clients, a race against a timeout, and a
-- graceful stop. Run it with: tools/run examples/quickstart.lua

local lev = require "lev"

-- One task for each client; its socket is closed when the task ends.
local function serve(listener, stopping)
  while true do
    local socket, err = listener:accept({ cancel = stopping })
    if not socket then return err end
    lev.spawn(function()
      lev.own(socket)
      while true do
        local line = socket:recv_until("\n", { timeout = 5 })
        if not line then return end
        socket:send(line)
      end
    end, { name = "connection" })
  end
end

local function client(port, number)
  local socket = lev.own(assert(lev.connect("127.0.0.1", port)))
  local message = ("hello from client %d\n"):format(number)
  socket:send(message)
  assert(socket:recv_until("\n", 5) == message)
end

local result, err = lev.run(function()
  local stopping = lev.cancel_token()
  local listener = lev.own(assert(lev.listen("127.0.0.1", 0)))
  local _, port = listener:getsockname()
  local server = lev.spawn(function() return serve(listener, stopping) end,
                           { name = "server" })

  local clients = {}
  for i = 1, 100 do
    clients[i] = function() client(port, i) end
  end
  assert(lev.all(clients))
  print("100 clients were echoed")

  -- The loser is cancelled and unwound before race returns.
  print("the race was won by " .. lev.race({
    function() lev.sleep(0.05) return "the timeout" end,
    function() lev.sleep(60) return "a very slow answer" end,
  }))

  stopping:cancel()
  print("the server stopped: " .. lev.await(server))
  return "done"
end)

print(result or err)
os.exit(result == "done")
