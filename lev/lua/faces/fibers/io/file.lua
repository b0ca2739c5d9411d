-- fibers.io.file: files, pipes and descriptors as streams, on top of lev.open,
-- lev.pipe and lev.adopt.

local lev = ...

local fibers = require "fibers"
local stream = require "fibers.io.stream"

local file = {}

-- Files whose descriptors were handed out, until fdopen makes streams of them.
local handed_out = {}

local function is_file(object) return object.recv_op == nil end

local function to_stream(object, readable, writable, name)
  return stream.new(object, { file = is_file(object), readable = readable,
    writable = writable, filename = name })
end

-- Permissions as a number, or as ls writes them: "rw-r--r--".
local function to_perm(perms)
  if type(perms) ~= "string" then return perms end
  local bits = 0
  for letter in perms:gmatch(".") do
    bits = bits << 1 | (letter == "-" and 0 or 1)
  end
  return bits
end

local function directions(mode)
  local both = mode:find("+", 1, true) ~= nil
  return both or mode:find("r") ~= nil, both or mode:find("[wa]") ~= nil
end

-- -> stream | nil, err
function file.open(path, mode, perms)
  mode = mode or "r"
  if not mode:match("^[rwa]%+?b?%+?$") then
    return nil, "invalid mode: " .. mode
  end
  local object, err = fibers.perform(lev.open_op(path, mode,
    { perm = to_perm(perms) }))
  if not object then return nil, err end
  local readable, writable = directions(mode)
  return to_stream(object, readable, writable, path)
end

-- -> reader, writer | nil, err
function file.pipe()
  local reader, writer = lev.pipe()
  if not reader then return nil, writer end
  return to_stream(reader, true, false), to_stream(writer, false, true)
end

-- The flags of open(2): 0 reads, 1 writes, 2 both.
local function access(mode)
  if type(mode) == "string" then return directions(mode) end
  if type(mode) == "number" then return mode & 3 ~= 1, mode & 3 ~= 0 end
  if type(mode) == "table" then return mode.readable, mode.writable end
  return true, true
end

-- mode: "r", "w", ...; flags of open(2); or {readable =, writable =}
-- -> stream | nil, err
function file.fdopen(fd, mode, name)
  local object, err = handed_out[fd], nil
  handed_out[fd] = nil
  if not object then object, err = lev.adopt(fd) end
  if not object then return nil, err end
  local readable, writable = access(mode)
  return to_stream(object, readable, writable, name)
end

local TRIES = 100

-- A new file with a name of its own -> its object, name | nil, err
local function new_file(prefix)
  local object, name, err
  for _ = 1, TRIES do
    name = ("%s%08x"):format(prefix, math.random(0, 0xffffffff))
    object, err = fibers.perform(lev.open_op(name, "x+", { perm = 384 }))
    if object or err ~= "File exists" then break end
  end
  return object, object and name or err
end

-- A new file. -> fd, name | nil, err. The descriptor is for fdopen.
function file.mktemp(prefix)
  local object, name = new_file(prefix)
  if not object then return nil, name end
  handed_out[object:fd()] = object
  return object:fd(), name
end

-- A new file, which goes when it is closed, unless it was renamed.
-- -> stream | nil, err
function file.tmpfile(_, directory)
  local object, name = new_file((directory or os.getenv("TMPDIR") or "/tmp") ..
    "/lev-")
  if not object then return nil, name end
  return stream.new(object, { file = true, readable = true, writable = true,
    filename = name, on_close = function(self)
      if not self._renamed then os.remove(name) end
    end })
end

-- All descriptors of lev are non-blocking.
function file.init_nonblocking() return true end

return file
