#!/usr/bin/env lev
-- An echo server: lev echo_server.lua [PORT [ADDRESS]]
-- Try it with: nc 127.0.0.1 7777

local lev = require "lev"

local port = tonumber(arg[1] or 7777)
local address = arg[2] or "127.0.0.1"

local function echo(socket, host, peer_port)
  lev.own(socket)
  lev.task_name(("%s:%d"):format(host, peer_port))
  while true do
    local data, err = socket:recv(65536, 60)
    if not data then return err end
    local sent, send_err = socket:send(data)
    if not sent then return send_err end
  end
end

local _, err = lev.run(function()
  local listener = lev.own(assert(lev.listen(address, port)))
  print(("listening on %s port %d"):format(listener:getsockname()))
  io.stdout:flush()
  while true do
    local socket, host, peer_port = listener:accept()
    if socket then
      lev.spawn(function() return echo(socket, host, peer_port) end,
                { detached = true })
    else
      io.stderr:write("accept: ", host, "\n")
      lev.sleep(0.1)
    end
  end
end)
io.stderr:write(tostring(err), "\n")
os.exit(false)
