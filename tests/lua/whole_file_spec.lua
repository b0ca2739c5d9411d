-- Tests lev/lua/lua_whole_file.cc: read_file, write_file and stat. And the
-- twins of all that has to do with files.

local lev = require "lev"
local net = require "net_support"
local files = require "file_support"

local inside = net.inside
local path_of, text_of = files.path_of, files.text_of

-- A directory of its own.
local function directory()
  local path = path_of()
  assert(os.execute("mkdir " .. path))
  return path
end

local function list(path)
  return (net.shell("ls -A " .. path):gsub("\n", " "))
end

describe("lev.read_file", function()
  it("reads all of it", inside(function()
    local text = ("0123456789"):rep(300000)
    assert.is_true(text == lev.read_file(path_of(text)))
    assert.equal("", lev.read_file("/dev/null"))
    assert.truthy(lev.read_file("/proc/version"):find("Linux", 1, true))
  end))

  it("says why it cannot", inside(function()
    assert.same({ nil, "No such file or directory" },
      { lev.read_file("/none") })
    assert.same({ nil, "Is a directory" }, { lev.read_file("/") })
    assert.same({ nil, "timeout" }, { lev.read_file(files.fifo(), 0.01) })
    assert.has_error(function() lev.read_file("/", { unknown = 1 }) end)
  end))

  it("leaves no descriptor when it is cut short", inside(function()
    lev.read_file("/dev/null")
    local before = net.count_fds()
    local path = files.fifo()
    for _ = 1, 20 do
      local task = lev.spawn(function() lev.read_file(path) end)
      lev.yield()
      task:abort()
      lev.read_file(path, 0)
    end
    assert.is_true(files.await_fds(before))
  end))
end)

describe("lev.write_file", function()
  it("replaces the file, and keeps its permissions", inside(function()
    local path = path_of("old")
    os.execute("chmod 640 " .. path)
    local old <close> = assert(io.open(path))
    assert.is_true(lev.write_file(path, "new"))
    assert.equal("new", text_of(path))
    assert.equal("old", old:read("a"))
    assert.equal(416, lev.stat(path).mode)
    assert.is_true(lev.write_file(path, "newer", { perm = 384, sync = false }))
    assert.equal(384, lev.stat(path).mode)
  end))

  it("writes into the file itself if it is told to", inside(function()
    local path = path_of("the old text")
    local old <close> = assert(io.open(path))
    assert.is_true(lev.write_file(path, "new", { atomic = false }))
    assert.equal("new", old:read("a"))
  end))

  it("leaves nothing behind when it fails", inside(function()
    local where = directory()
    assert.same({ nil, "Is a directory" }, { lev.write_file(where, "x") })
    assert.same({ nil, "No such file or directory" },
      { lev.write_file(where .. "/none/file", "x") })
    assert.same({ nil, "No space left on device" },
      { lev.write_file("/dev/full", "x") })
    assert.equal("", list(where))
    assert.has_error(function() lev.write_file("x", 1) end)
    assert.has_error(function() lev.write_file("x", "x", { sync = 1 }) end)
  end))

  it("leaves the old or the new file when it is cut short", function()
    local where = directory()
    local path = where .. "/file"
    local big = ("x"):rep(3 << 20)
    net.run(function()
      for turns = 0, 40 do
        assert(lev.write_file(path, "old", { sync = false }))
        local task = lev.spawn(function() lev.write_file(path, big) end)
        for _ = 1, turns do lev.yield() end
        if turns % 2 == 0 then task:abort() else task:cancel() end
        assert.same({ nil, "timeout" },
          { lev.write_file(where .. "/other", big, 0) })
      end
    end)
    assert.equal("file ", list(where))
    local text = text_of(path)
    assert.is_true(text == "old" or text == big)
  end)
end)

describe("lev.stat", function()
  it("tells what a name stands for", inside(function()
    local path = path_of("12345")
    local info = assert(lev.stat(path))
    assert.same({ 5, "file" }, { info.size, info.type })
    assert.is_true(math.abs(info.mtime - os.time()) < 60)
    for name, kind in pairs { ["/"] = "directory", ["/dev/null"] = "char",
      [files.fifo()] = "fifo" } do
      assert.equal(kind, lev.stat(name).type)
    end
    assert.same({ nil, "No such file or directory" }, { lev.stat("/none") })
  end))
end)

describe("The twins of files", function()
  it("do what their verbs do", inside(function()
    local path = path_of("one\ntwo\n")
    local file <close> = lev.open_op(path, "r+"):perform()
    local read = file:read_op("l")
    assert.equal("one", read:perform())
    assert.equal("two", read:perform())
    assert.equal(0, file:seek_op("set"):perform())
    assert.equal(file, file:write_op("abc"):perform())
    assert.equal(8, file:size_op():perform())
    assert.is_true(file:truncate_op(4):perform())
    assert.is_true(file:sync_op():perform())
    assert.is_true(file:flush_op():perform())
    assert.equal("abc\n", lev.read_file_op(path):perform())
    assert.is_true(lev.write_file_op(path, "new"):perform())
    assert.equal(3, lev.stat_op(path):perform().size)
  end))

  it("lose nothing when they lose", inside(function()
    local path = files.fifo()
    local reader <close> = assert(lev.open(path))
    local writer <close> = assert(lev.open(path, "w"))
    assert(writer:write("half "))
    local key = lev.select { read = reader:read_op("l"),
      timer = lev.sleep_op(0.01) }
    assert.equal("timer", key)
    assert(writer:write("a line\n"))
    local line
    key, line = lev.select { read = reader:read_op("l"),
      timer = lev.sleep_op(10) }
    assert.same({ "read", "half a line" }, { key, line })
  end))
end)
