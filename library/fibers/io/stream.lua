---@meta fibers.io.stream

---@class fibers.io.stream
local stream = {}

---@class fibers.ReadOptions
---@field min? integer 1 if not given.
---@field max? integer
---@field terminator? string
---@field eof_ok? boolean The end is no error.

---Bytes in and out.
---@class fibers.Stream
local Stream = {}

---@class fibers.StreamOptions
---@field file? boolean The source is a file of lev, and no socket.
---@field readable? boolean
---@field writable? boolean
---@field filename? string
---@field on_close? fun(stream: fibers.Stream)

---Makes a stream of a socket or a file of lev.
---@param source lev.Socket|any
---@param options fibers.StreamOptions
---@return fibers.Stream stream
---@nodiscard
function stream.new(source, options) end

---Whether it is a stream.
---@param value any
---@return boolean is
---@nodiscard
function stream.is_stream(value) end

---Gives name, line and error of the first stream that has a line.
---@param streams table<any, fibers.Stream>
---@return lev.Op op
---@nodiscard
function stream.merge_lines_op(streams) end

---Reads a line, so many bytes, or all; nil at the end.
---@async
---@param format? integer|"*l"|"*L"|"*a" A line if not given.
---@return string? data
---@return string? err
function Stream:read(format) end

---Reads a line, so many bytes, or all; nil at the end.
---@param format? integer|"*l"|"*L"|"*a" A line if not given.
---@return lev.Op op
---@nodiscard
function Stream:read_op(format) end

---Reads all there is until the end.
---@async
---@return string data
---@return string? err
function Stream:read_all() end

---Reads all there is until the end.
---@return lev.Op op
---@nodiscard
function Stream:read_all_op() end

---Reads so many bytes.
---@async
---@param n integer
---@return string? data
---@return string? err # "short read" at the end.
function Stream:read_exactly(n) end

---Reads so many bytes.
---@param n integer
---@return lev.Op op
---@nodiscard
function Stream:read_exactly_op(n) end

---Reads at least and at most so many bytes, or up to a terminator.
---@async
---@param options? fibers.ReadOptions
---@return string? data
---@return integer size
---@return string? err
function Stream:read_string(options) end

---Reads at least and at most so many bytes, or up to a terminator.
---@param options? fibers.ReadOptions
---@return lev.Op op
---@nodiscard
function Stream:read_string_op(options) end

---Writes all values, one after the other.
---@async
---@param ... any
---@return integer size
---@return string? err
function Stream:write(...) end

---Writes all values, one after the other.
---@param ... any
---@return lev.Op op
---@nodiscard
function Stream:write_op(...) end

---Writes all values, one after the other.
---@async
---@param ... any
---@return integer size
---@return string? err
function Stream:write_string(...) end

---Writes all values, one after the other.
---@param ... any
---@return lev.Op op
---@nodiscard
function Stream:write_string_op(...) end

---Nothing is held back: does nothing.
---@async
---@return true
function Stream:flush() end

---Nothing is held back: does nothing.
---@return lev.Op op
---@nodiscard
function Stream:flush_op() end

---Moves the position of a file.
---@async
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@return integer? position
---@return string? err
function Stream:seek(whence, offset) end

---Moves the position of a file.
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@return lev.Op op
---@nodiscard
function Stream:seek_op(whence, offset) end

---Closes it, as often as one likes.
---@return true
function Stream:close() end

---Closes it, as often as one likes.
---@return lev.Op op
---@nodiscard
function Stream:close_op() end

---Iterates over what read(format) gives.
---@param format? integer|"*l"|"*L"|"*a"
---@return fun(): string?
---@nodiscard
function Stream:lines(format) end

---Does nothing.
---@return true
function Stream:setvbuf() end

---The name of its file, if it has one.
---@return string? name
---@nodiscard
function Stream:filename() end

---Renames its file. A temporary one stays then.
---@param name string
---@return true? ok
---@return string? err
function Stream:rename(name) end

return stream
