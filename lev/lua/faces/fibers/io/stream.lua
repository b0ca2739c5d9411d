-- fibers.io.stream: bytes in and out, over what lev reads and writes without
-- blocking: sockets of any kind (pipes among them), and files.
--
-- A source says how its kind is read and written; all of these are operations.
-- What an operation read and did not return stays in the source.

local lev = ...

local fibers = require "fibers"

local stream = {}

-- More than there ever is.
local HUGE = 1 << 30
local PATIENT = { timeout = math.huge }
local LINE = { plain = true, max_size = HUGE }

-- Sockets.

-- What is left before the end of the stream.
local function rest(socket)
  local parts = {}
  repeat
    local data = socket:recv(1 << 16)
    parts[#parts + 1] = data
  until not data
  return table.concat(parts)
end

-- At the end of the stream, what is left, or nil alone.
local function until_end(socket)
  return function(data, err)
    if data or err ~= "closed" then return data, err end
    local left = rest(socket)
    if left ~= "" then return left end
    return nil
  end
end

local sockets = {}

function sockets.line(socket)
  return socket:recv_until_op("\n", LINE):wrap(until_end(socket))
end

function sockets.exactly(socket, size)
  if size == 0 then return lev.op.always "" end
  return socket:recv_exactly_op(size):wrap(until_end(socket))
end

function sockets.some(socket, most)
  return socket:recv_op(most):wrap(until_end(socket))
end

function sockets.all(socket) return sockets.exactly(socket, HUGE) end

function sockets.through(socket, terminator)
  return socket:recv_until_op(terminator, LINE):wrap(until_end(socket))
end

function sockets.write(socket, data)
  if data == "" then return lev.op.always(0) end
  return socket:send_op(data, PATIENT):wrap(function(sent, err, partly)
    if sent then return sent end
    return partly or 0, err == "closed" and "Broken pipe" or err
  end)
end

function sockets.seek()
  return lev.op.always(nil, "Illegal seek")
end

-- Files.

local files = {}

function files.line(file) return file:read_op("L") end
function files.exactly(file, size) return file:read_op(size) end

function files.some(file, most) return file:read_op(most) end

function files.all(file)
  return file:read_op("a"):wrap(function(data, err)
    if data == "" then return nil end
    return data, err
  end)
end

-- Line by line: a file has no pattern to look for.
function files.through(file, terminator)
  return lev.op.guard(function()
    local parts = {}
    local function more(byte, err)
      if not byte then
        return #parts > 0 and table.concat(parts) or nil, err
      end
      parts[#parts + 1] = byte
      local text = table.concat(parts)
      if text:sub(-#terminator) == terminator then return text end
      return more(file:read(1))
    end
    return file:read_op(1):wrap(more)
  end)
end

function files.write(file, data)
  return file:write_op(data):wrap(function(written, err, partly)
    if written then return #data end
    return partly or 0, err
  end)
end

function files.seek(file, whence, offset)
  return file:seek_op(whence, offset)
end

-- Streams.

local Stream = { __name = "fibers.stream" }
Stream.__index = Stream

-- options: file: whether it is a file of lev, else a socket; readable,
-- writable; filename; on_close(stream).
function stream.new(source, options)
  return setmetatable({ _source = source,
    _kind = options.file and files or sockets,
    _readable = options.readable, _writable = options.writable,
    _filename = options.filename, _on_close = options.on_close }, Stream)
end

function stream.is_stream(value) return getmetatable(value) == Stream end

local function check_readable(self)
  if not self._readable then error("stream is not readable", 0) end
end

local function check_writable(self)
  if not self._writable then error("stream is not writable", 0) end
end

local function without_newline(line, err)
  return line and line:gsub("\n$", "", 1) or nil, err
end

local formats = {}
formats["*l"] = function(self)
  return self._kind.line(self._source):wrap(function(line, err)
    return (without_newline(line)), err
  end)
end
formats["*L"] = function(self) return self._kind.line(self._source) end
formats["*a"] = function(self) return self:read_all_op() end

function Stream:read_op(format)
  check_readable(self)
  if type(format) == "number" then
    return self._kind.exactly(self._source, format)
  end
  local make = formats[format == nil and "*l" or format]
  if make then return make(self) end
  error("read_op: invalid format " .. tostring(format), 0)
end

-- -> text (what there is until the end), err
function Stream:read_all_op()
  check_readable(self)
  return self._kind.all(self._source):wrap(function(data, err)
    return data or "", err
  end)
end

-- -> n bytes, or nil, "short read"
function Stream:read_exactly_op(n)
  check_readable(self)
  return self._kind.exactly(self._source, n):wrap(function(data, err)
    if data and #data == n then return data end
    return nil, err or "short read"
  end)
end

-- As many as there are, up to `most`, behind what was read already.
local function extend(self, data, most)
  if #data >= most then return data end
  local more = fibers.perform(self._kind.some(self._source,
    math.min(most - #data, 1 << 16)):or_else(function() end))
  return data .. (more or "")
end

-- options: min (1), max (any), terminator, eof_ok. -> text, size, err
function Stream:read_string_op(options)
  check_readable(self)
  options = options or {}
  local least, most = options.min or 1, options.max or math.huge
  local operation
  if options.terminator then
    operation = self._kind.through(self._source, options.terminator)
  else
    operation = self._kind.exactly(self._source, math.min(least, most))
  end
  return operation:wrap(function(data, err)
    local size = data and #data or 0
    if size < least and not options.eof_ok then
      return data, size, err or "short read"
    elseif data and not options.terminator and self._kind == sockets then
      data = extend(self, data, most)
    end
    return data or (options.eof_ok and "" or nil), data and #data or 0, err
  end)
end

local function text_of(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  return table.concat(parts)
end

-- -> how many bytes, and the error if that is not all
function Stream:write_op(...)
  check_writable(self)
  return self._kind.write(self._source, text_of(...))
end

Stream.write_string_op = Stream.write_op

-- Nothing is held back.
function Stream:flush_op()
  check_writable(self)
  return lev.op.always(true)
end

-- -> position | nil, err
function Stream:seek_op(whence, offset)
  if type(whence) == "number" then whence, offset = nil, whence end
  return self._kind.seek(self._source, whence or "cur", offset or 0)
end

function Stream:setvbuf() return true end

function Stream:filename() return self._filename end

-- -> true | nil, err. A temporary file stays then.
function Stream:rename(name)
  local ok, err = os.rename(self._filename, name)
  if not ok then return nil, err end
  self._filename, self._renamed = name, true
  return true
end

function Stream:close_op()
  return lev.op.guard(function() return lev.op.always(self:_shut()) end)
end

-- -> true. As often as one likes.
function Stream:_shut()
  if not self._readable and not self._writable then return true end
  self._readable, self._writable = false, false
  self._source:close()
  if self._on_close then self:_on_close() end
  return true
end

for _, name in ipairs { "read", "read_all", "read_exactly", "read_string",
                        "write", "write_string", "flush", "seek", "close" } do
  local twin = name .. "_op"
  Stream[name] = function(self, ...)
    return fibers.perform(self[twin](self, ...))
  end
end

-- Closing needs no fiber.
function Stream:close() return self:_shut() end

Stream.__close = Stream.close

-- Iterates over what read(format) returns.
function Stream:lines(format)
  return function() return self:read(format) end
end

-- -> name, line, err: the first line of any of them
function stream.merge_lines_op(streams)
  local lines = {}
  for name, each in pairs(streams) do lines[name] = each:read_op("*l") end
  return fibers.named_choice(lines)
end

return stream
