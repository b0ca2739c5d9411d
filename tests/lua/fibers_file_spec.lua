-- Tests lev/lua/faces/fibers/io/file.lua, and streams of files.

local fibers_support = require "fibers_support"
local net = require "net_support"
local fibers = require "fibers"
local file = require "fibers.io.file"
local sleep = require "fibers.sleep"

local failure = fibers_support.failure
local perform = fibers.perform

-- A body that gets a path of its own, and leaves no descriptor open.
local function with_path(body)
  return fibers_support.fiber(function(scope)
    local path = os.tmpname()
    scope:defer(function() os.remove(path) end)
    file.open(path):close()
    sleep.sleep(0.01)
    local before = net.count_fds()
    body(path)
    sleep.sleep(0.01)
    assert.equal(before, net.count_fds())
  end, true)
end

local function write(path, text)
  local stream = assert(file.open(path, "w"))
  assert.equal(#text, stream:write(text))
  stream:close()
end

local function read(path)
  local stream = assert(file.open(path))
  local text = stream:read_all()
  stream:close()
  return text
end

describe("file.open", function()
  it("reads and writes, as its mode says", with_path(function(path)
    write(path, "one\ntwo")
    assert.equal("one\ntwo", read(path))
    local stream = assert(file.open(path, "a"))
    stream:write(3)
    assert.equal("stream is not readable", failure(stream.read, stream))
    stream:close()
    assert.equal("one\ntwo3", read(path))
    stream = assert(file.open(path, "r"))
    assert.equal("stream is not writable", failure(stream.write, stream, "x"))
    assert.equal(path, stream:filename())
    stream:close()
  end))

  it("says why it cannot", with_path(function(path)
    assert.same({ nil, "No such file or directory" },
                { file.open("/no/such/file") })
    assert.same({ nil, "invalid mode: q" }, { file.open(path, "q") })
  end))

  it("gives a new file permissions", with_path(function(path)
    for perms, expected in pairs { [tonumber("600", 8)] = "600",
                                   ["rw-r-----"] = "640" } do
      os.remove(path)
      file.open(path, "w", perms):close()
      local pipe = io.popen("stat -c %a " .. path)
      assert.equal(expected, pipe:read())
      pipe:close()
    end
  end))
end)

describe("a stream of a file", function()
  it("reads in all formats", with_path(function(path)
    write(path, "one\ntwo\nrest of it")
    local stream = file.open(path)
    assert.equal("one", stream:read())
    assert.equal("two\n", stream:read("*L"))
    assert.equal("rest", stream:read(4))
    assert.same({ " of", 3 }, { stream:read_string { min = 3, max = 3 } })
    assert.same({ " i", 2 }, { stream:read_string { terminator = "i" } })
    assert.same({ nil, "short read" }, { stream:read_exactly(5) })
    assert.same({ n = 2, nil, nil }, table.pack(stream:read()))
    assert.same({ "" }, { stream:read_all() })
    assert.same({ nil, 0, "short read" }, { stream:read_string() })
    stream:close()
  end))

  it("seeks", with_path(function(path)
    local stream = file.open(path, "w+")
    stream:write("0123456789")
    assert.equal(10, stream:seek())
    assert.equal(2, stream:seek("set", 2))
    assert.equal("234", stream:read(3))
    assert.equal(8, stream:seek("end", -2))
    assert.equal("89", stream:read("*a"))
    stream:close()
  end))

  it("is chosen from", with_path(function(path)
    write(path, "line\n")
    local stream = file.open(path)
    assert.same({ "file", "line" }, { perform(fibers.named_choice {
      file = stream:read_op(), late = sleep.sleep_op(60) }) })
    stream:close()
  end))
end)

describe("file.mktemp and fdopen", function()
  it("make a stream of a descriptor", with_path(function(path)
    local fd, name = file.mktemp(path .. "-")
    assert.is_number(fd)
    assert.equal(path .. "-", name:sub(1, #path + 1))
    local stream = assert(file.fdopen(fd, "w", "a name"))
    assert.equal("a name", stream:filename())
    stream:write("text")
    stream:close()
    assert.equal("text", read(name))
    os.remove(name)
    assert.same({ nil, "No such file or directory" },
                { file.mktemp("/no/such/prefix") })
  end))

  it("know directions by text, flags or names", with_path(function(path)
    for _, mode in ipairs { "r", 0, { readable = true } } do
      local reader = assert(file.fdopen(file.mktemp(path), mode))
      assert.is_nil((reader:read()))
      assert.equal("stream is not writable", failure(reader.write, reader))
      reader:close()
    end
    local both = assert(file.fdopen(file.mktemp(path)))
    assert.equal(1, both:write("x"))
    both:close()
    os.execute("rm " .. path .. "*")
  end))

  it("adopt descriptors of others", with_path(function()
    assert.is_nil((file.fdopen(9999)))
    assert.is_true(file.init_nonblocking(0))
  end))
end)

describe("file.tmpfile", function()
  it("goes when it is closed", with_path(function()
    local stream = assert(file.tmpfile())
    local name = stream:filename()
    stream:write("text")
    stream:seek("set", 0)
    assert.equal("text", stream:read())
    stream:close()
    assert.is_nil((io.open(name)))
  end))

  it("stays if it was renamed", with_path(function(path)
    local stream = assert(file.tmpfile())
    stream:write("text")
    assert.is_true(stream:rename(path))
    assert.equal(path, stream:filename())
    stream:close()
    assert.equal("text", read(path))
    stream = assert(file.tmpfile())
    assert.is_nil((stream:rename("/no/such/place")))
    stream:close()
    assert.is_nil((file.tmpfile(nil, "/no/such")))
  end))
end)
