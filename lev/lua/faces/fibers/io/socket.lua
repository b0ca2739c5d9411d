-- fibers.io.socket: UNIX sockets, as listeners and as streams.

local lev = ...

local fibers = require "fibers"
local stream = require "fibers.io.stream"

local socket = {}

local Socket = { __name = "fibers.socket" }
Socket.__index = Socket

local function to_stream(connection, path)
  return stream.new(connection, { readable = true, writable = true,
    filename = path })
end

local function check_open(self)
  if not self._listener then error("socket is closed", 0) end
end

-- -> stream | nil, err
function Socket:accept_op()
  check_open(self)
  return self._listener:accept_op():wrap(function(connection, err)
    if connection then return to_stream(connection, self._path) end
    return nil, err
  end)
end

function Socket:accept() return fibers.perform(self:accept_op()) end

function Socket:close()
  if self._listener then self._listener:close() end
  self._listener = nil
  return true
end

Socket.__close = Socket.close

-- -> Socket | nil, err. Its file goes with it.
function socket.listen_unix(path)
  local listener, err = lev.unix_listen(path)
  if not listener then return nil, "bind failed: " .. err end
  return setmetatable({ _listener = listener, _path = path }, Socket)
end

-- -> stream | nil, err
function socket.connect_unix(path)
  local connection, err = fibers.perform(lev.unix_connect_op(path))
  if not connection then return nil, err end
  return to_stream(connection, path)
end

-- One that does not listen yet.
function socket.socket()
  return setmetatable({}, Socket)
end

-- -> true | nil, err
function Socket:listen_unix(path)
  local made, err = socket.listen_unix(path)
  if not made then return nil, err end
  self._listener, self._path = made._listener, path
  return true
end

function Socket:connect_unix(path) return socket.connect_unix(path) end

return socket
