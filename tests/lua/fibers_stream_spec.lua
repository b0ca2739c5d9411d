-- Tests lev/lua/faces/fibers/io/{stream,socket}.lua, and pipes as
-- fibers.io.file has them. Files are in fibers_file_spec.lua.

local fibers_support = require "fibers_support"
local net = require "net_support"
local fibers = require "fibers"
local file = require "fibers.io.file"
local sleep = require "fibers.sleep"
local socket = require "fibers.io.socket"
local stream = require "fibers.io.stream"

local failure = fibers_support.failure
local perform = fibers.perform

local function fiber(body) return fibers_support.fiber(body, true) end

-- A stream that has this to read, and then ends.
local function holding(text)
  local reader, writer = file.pipe()
  writer:write(text)
  writer:close()
  return reader
end

describe("Stream:read", function()
  it("reads lines, with or without newlines, and then nil", fiber(function()
    local reader = holding "one\ntwo\n\nlast"
    assert.equal("one", reader:read())
    assert.equal("two\n", reader:read("*L"))
    assert.equal("", reader:read("*l"))
    assert.equal("last", reader:read())
    assert.same({ n = 2, nil, nil }, table.pack(reader:read()))
  end))

  it("reads numbers of bytes, or what is left", fiber(function()
    local reader = holding "0123456789"
    assert.same({ "", "012", "3456789" },
                { reader:read(0), reader:read(3), reader:read(100) })
    assert.is_nil((reader:read(1)))
  end))

  it("reads everything", fiber(function()
    assert.equal("a\nb", (holding("a\nb"):read("*a")))
    local reader = holding(("x"):rep(50000))
    assert.equal(50000, #reader:read_all())
    assert.same({ "" }, { reader:read_all() })
  end))

  it("knows no other formats", fiber(function()
    local reader = holding ""
    assert.equal("read_op: invalid format l", failure(reader.read, reader, "l"))
    assert.equal("read_op: invalid format *x",
                 failure(reader.read_op, reader, "*x"))
  end))

  it("waits, and can lose without losing anything", fiber(function()
    local reader, writer = file.pipe()
    writer:write("par")
    assert.same({ 2 }, { perform(fibers.first_ready {
      reader:read_op(), sleep.sleep_op(0.01) }) })
    writer:write("tial\n")
    assert.equal("partial", reader:read())
    reader:close()
    writer:close()
  end))

  it("reads line by line in a loop", fiber(function()
    local lines = {}
    for line in holding("a\nb\n"):lines() do lines[#lines + 1] = line end
    assert.same({ "a", "b" }, lines)
  end))
end)

describe("Stream:read_exactly and read_string", function()
  it("say when there was too little", fiber(function()
    local reader = holding "12345"
    assert.same({ "123" }, { reader:read_exactly(3) })
    assert.same({ nil, "short read" }, { reader:read_exactly(3) })
  end))

  it("read at least and at most so many", fiber(function()
    assert.same({ "123", 3 },
                { holding("12345"):read_string { min = 2, max = 3 } })
    assert.same({ "12", 2, "short read" },
                { holding("12"):read_string { min = 5 } })
    assert.same({ "12", 2 },
                { holding("12"):read_string { min = 5, eof_ok = true } })
    assert.same({ "", 0 }, { holding(""):read_string { eof_ok = true } })
    assert.same({ nil, 0, "short read" }, { holding(""):read_string() })
  end))

  it("read up to a terminator", fiber(function()
    local reader = holding "key: value"
    assert.same({ "key: ", 5 }, { reader:read_string { terminator = ": " } })
    assert.same({ "value", 5 }, { reader:read_string { terminator = ": " } })
  end))
end)

describe("Stream:write", function()
  it("writes all, of whatever kind", fiber(function()
    local reader, writer = file.pipe()
    assert.same({ 6 }, { writer:write("a", 1, true) })
    assert.same({ 0 }, { writer:write() })
    assert.is_true(writer:flush())
    assert.is_true(writer:setvbuf("no"))
    writer:close()
    assert.equal("a1true", reader:read_all())
    reader:close()
  end))

  it("says that nobody reads", fiber(function()
    local reader, writer = file.pipe()
    reader:close()
    assert.same({ 0, "Broken pipe" }, { writer:write("x") })
    writer:close()
  end))

  it("waits until there is room", fiber(function()
    local reader, writer = file.pipe()
    local size = 300000
    fibers.spawn(function()
      writer:write(("x"):rep(size))
      writer:close()
    end)
    assert.equal(size, #reader:read_all())
  end))
end)

describe("a stream that is closed", function()
  it("raises when it is used", fiber(function()
    local reader, writer = file.pipe()
    assert.is_true(reader:close())
    assert.is_true(reader:close())
    assert.is_true(perform(writer:close_op()))
    assert.equal("stream is not readable", failure(reader.read, reader))
    assert.equal("stream is not writable", failure(writer.write, writer, "x"))
  end))

  it("raises for the direction that it lacks", fiber(function()
    local reader, writer = file.pipe()
    assert.equal("stream is not writable", failure(reader.write, reader, "x"))
    assert.equal("stream is not readable", failure(writer.read_all, writer))
    assert.same({ nil, "Illegal seek" }, { reader:seek("set", 0) })
    reader:close()
    writer:close()
  end))
end)

describe("fibers.io.stream", function()
  it("knows streams", fiber(function()
    assert.is_true(stream.is_stream(holding ""))
    assert.is_false(stream.is_stream {})
    assert.is_false(stream.is_stream "x")
  end))

  it("merges the lines of several", fiber(function()
    local quiet, writer = file.pipe()
    local operation = stream.merge_lines_op { a = quiet, b = holding "line\n" }
    assert.same({ "b", "line" }, { perform(operation) })
    quiet:close()
    writer:close()
  end))
end)

describe("fibers.io.socket", function()
  local path = "@" .. os.tmpname()

  it("listens, connects, and talks in streams", fiber(function()
    local before = net.count_fds()
    local listener = assert(socket.listen_unix(path, { ephemeral = true }))
    fibers.spawn(function()
      local peer = listener:accept()
      peer:write(peer:read():upper(), "\n")
      peer:close()
    end)
    local client = assert(socket.connect_unix(path))
    assert.equal(path, client:filename())
    assert.equal(5, client:write("text\n"))
    assert.same({ "TEXT" }, { client:read() })
    client:close()
    assert.is_true(listener:close())
    assert.equal(before, net.count_fds())
  end))

  it("says why it cannot", fiber(function()
    assert.same({ nil, "No such file or directory" },
                { socket.connect_unix("/no/such/socket") })
    assert.same({ nil, "bind failed: No such file or directory" },
                { socket.listen_unix("/no/such/socket") })
  end))

  it("raises when it is closed", fiber(function()
    local listener = assert(socket.listen_unix(path))
    listener:close()
    listener:close()
    assert.equal("socket is closed", failure(listener.accept, listener))
    assert.equal("socket is closed", failure(socket.socket().accept_op,
                                             socket.socket()))
  end))

  it("may be told later to listen", fiber(function()
    local one <close> = socket.socket()
    assert.is_true(one:listen_unix(path))
    local client = assert(socket.socket():connect_unix(path))
    local peer = perform(one:accept_op())
    client:close()
    assert.is_nil((peer:read()))
    peer:close()
    assert.same({ nil, "bind failed: No such file or directory" },
                { socket.socket():listen_unix("/no/such/socket") })
  end))
end)
