---@meta fibers.io.file

---@class fibers.io.file
local file = {}

---Opens a file.
---@async
---@param path string
---@param mode? string "r" if not given.
---@param perms? integer|string Of a new file: a number, or "rw-r--r--".
---@return fibers.Stream? stream
---@return string? err
function file.open(path, mode, perms) end

---Makes a pipe.
---@return fibers.Stream? reader
---@return fibers.Stream|string writer # Or why there is none.
function file.pipe() end

---Makes a stream of a descriptor.
---@param fd integer
---@param mode? string|integer|{readable: boolean?, writable: boolean?}
---@param name? string
---@return fibers.Stream? stream
---@return string? err
function file.fdopen(fd, mode, name) end

---Makes a new file, whose descriptor is for fdopen.
---@async
---@param prefix string
---@return integer? fd
---@return string name # Or why there is none.
function file.mktemp(prefix) end

---Makes a new file that goes when it is closed, unless it was renamed.
---@async
---@param perms? integer|string
---@param directory? string
---@return fibers.Stream? stream
---@return string? err
function file.tmpfile(perms, directory) end

---Does nothing: all descriptors are non-blocking.
---@param fd integer
---@return true
function file.init_nonblocking(fd) end

return file
