---@meta fibers.io.socket

---@class fibers.io.socket
local socket = {}

---A UNIX socket that listens.
---@class fibers.Socket
local Socket = {}

---Listens at a path.
---@param path string
---@return fibers.Socket? socket
---@return string? err
function socket.listen_unix(path) end

---Connects to a path.
---@async
---@param path string
---@return fibers.Stream? stream
---@return string? err
function socket.connect_unix(path) end

---One that does not listen yet.
---@return fibers.Socket socket
---@nodiscard
function socket.socket() end

---Listens at a path.
---@param path string
---@return true? ok
---@return string? err
function Socket:listen_unix(path) end

---Connects to a path.
---@async
---@param path string
---@return fibers.Stream? stream
---@return string? err
function Socket:connect_unix(path) end

---Accepts a connection.
---@async
---@return fibers.Stream? stream
---@return string? err
function Socket:accept() end

---Accepts a connection.
---@return lev.Op op
---@nodiscard
function Socket:accept_op() end

---Stops listening.
---@return true
function Socket:close() end

return socket
