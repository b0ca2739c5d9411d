#!/usr/bin/env lev
-- A server that ends well: lev graceful_shutdown.lua [PORT [GRACE]]
-- A client sends a number of seconds, for which the server "works", and gets
-- an answer. At SIGTERM or SIGINT the server stops accepting and lets go of
-- those who are idle; the others have GRACE seconds, and then are cancelled.

local lev = require "lev"

local port, grace = tonumber(arg[1] or 7777), tonumber(arg[2] or 5)

local function serve(socket, stopping)
  lev.own(socket)
  while true do
    local line = socket:recv_until("\n", { timeout = 60, cancel = stopping })
    if not line then return end
    lev.sleep(tonumber(line) or 0)  -- The work, which `stopping` does not end.
    socket:send("done\n")
  end
end

local function accept(listener, stopping)
  local connections = {}
  while not stopping.cancelled do
    local socket, err = listener:accept({ cancel = stopping })
    if socket then
      local task
      task = lev.spawn(function()
        serve(socket, stopping)
        connections[task] = nil
      end)
      connections[task] = true
    elseif not stopping.cancelled then
      io.stderr:write("accept: ", err, "\n")
    end
  end
  return connections
end

local result, err = lev.run(function()
  local stopping = lev.cancel_token()
  for _, signum in ipairs { lev.SIGTERM, lev.SIGINT } do
    lev.on_signal(signum, function() stopping:cancel(signum) end)
  end
  local listener = lev.own(assert(lev.listen("127.0.0.1", port)))
  print(("listening on %s port %d"):format(listener:getsockname()))
  io.stdout:flush()
  local connections = accept(listener, stopping)
  listener:close()
  local deadline, cancelled = lev.now() + grace, 0
  for task in pairs(connections) do  -- Those that end take themselves out.
    task:await(math.max(0, deadline - lev.now()))
    if not task:done() then
      task:cancel("the grace is over")
      cancelled = cancelled + 1
    end
  end
  print(("stopped; %d cancelled"):format(cancelled))
  return true
end)
os.exit(result or error(err, 0))
