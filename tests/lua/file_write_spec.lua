-- Tests lev/lua/lua_file_io.cc, and what else is done with a file: writes,
-- positions, sizes, ends.

local lev = require "lev"
local net = require "net_support"
local files = require "file_support"

local inside = net.inside
local fifo, path_of, text_of = files.fifo, files.path_of, files.text_of
local await_fds = files.await_fds

describe("file:write", function()
  it("writes strings and numbers, one after the other", inside(function()
    local path = path_of()
    local file <close> = assert(lev.open(path, "w"))
    assert.equal(file, file:write("a", 1, 2.5, "\0", "b", { timeout = 10 }))
    assert.equal(file, file:write())
    assert.equal("a12.5\0b", text_of(path))
    assert.has_error(function() file:write(nil, "x") end)
    assert.has_error(function() file:write("x", {}, "y") end)
    assert.has_error(function() file:write("x", { unknown = 1 }) end)
  end))

  it("writes much", inside(function()
    local path = path_of()
    local text = ("0123456789"):rep(500000)
    local file <close> = assert(lev.open(path, "w"))
    assert(file:write(text))
    assert.is_true(text == text_of(path))
  end))

  it("says how much was written when the disk is full", inside(function()
    local file <close> = assert(lev.open("/dev/full", "w"))
    assert.same({ nil, "No space left on device", 0 }, { file:write("text") })
    assert.is_true(file:flush())
  end))

  it("says how much was written when it is cut short", inside(function()
    local path = fifo()
    local reader <close> = assert(lev.open(path))
    local writer <close> = assert(lev.open(path, "w"))
    local text = ("0123456789"):rep(100000)
    local ok, err, written = writer:write(text, { timeout = 0.02 })
    assert.same({ nil, "timeout" }, { ok, err })
    assert.is_true(written > 0 and written < #text)
    assert.equal(text:sub(1, written), reader:read(written))
  end))

  it("finishes what it has said is written", inside(function()
    local path = path_of()
    local file <close> = assert(lev.open(path, "w"))
    local text = ("x"):rep(20 << 20)
    local ok, err, written = file:write(text, { timeout = 0 })
    assert(file:flush())
    assert.equal(ok and #text or written, file:seek("cur"))
    assert.is_true(ok == file or err == "timeout")
    assert.equal(file:size(), file:seek("cur"))
  end))

  it("tells of a reader that has gone", inside(function()
    local path = fifo()
    local reader = assert(lev.open(path))
    local writer <close> = assert(lev.open(path, "w"))
    reader:close()
    local ok, err
    for _ = 1, 100 do
      ok, err = writer:write("text")
      if not ok then break end
      lev.sleep(0.01)
    end
    assert.same({ nil, "closed" }, { ok, err })
  end))
end)

describe("A file", function()
  it("seeks, also beyond its end", inside(function()
    local path = path_of("0123456789")
    local file <close> = assert(lev.open(path, "r+"))
    assert.equal(0, file:seek())
    assert.equal(8, file:seek("end", -2))
    assert.equal("89", file:read("a"))
    assert.equal(1 << 20, file:seek("set", 1 << 20))
    assert(file:write("far"))
    assert.equal((1 << 20) + 3, file:size())
    assert.equal(5, file:seek("set", 5))
    assert.equal("56789\0", file:read(6))
    assert.equal(8, file:seek("cur", -3))
    assert.same({ nil, "Invalid argument" }, { file:seek("set", -1) })
    assert.has_error(function() file:seek("middle") end)
    assert.same({ nil, "Illegal seek" }, { assert(lev.open(fifo())):seek() })
  end))

  it("is truncated and synced", inside(function()
    local path = path_of("0123456789")
    local file <close> = assert(lev.open(path, "r+"))
    assert.equal("0", file:read(1))
    assert.is_true(file:truncate(3))
    assert.equal("12", file:read("a"))
    assert.is_true(file:sync())
    assert.is_true(file:sync(true, 10))
    assert.equal("012", text_of(path))
    assert.has_error(function() file:truncate(-1) end)
    assert.has_error(function() file:sync(1) end)
  end))

  it("knows its path and its descriptor", inside(function()
    local path = path_of("x")
    local file = assert(lev.open(path))
    assert.equal(path, file:path())
    assert.equal(("lev.file: fd %d, %s"):format(file:fd(), path),
      tostring(file))
    assert.is_true(file:close())
    assert.is_true(file:close())
    assert.equal("lev.file: closed", tostring(file))
    assert.equal(-1, file:fd())
    for _, method in ipairs { "read", "seek", "size", "sync", "flush" } do
      assert.same({ nil, "file is closed" }, { file[method](file) }, method)
    end
    assert.same({ nil, "file is closed", 0 }, { file:write("x") })
  end))

  it("can be closed while others use it", inside(function()
    local file = assert(lev.open(fifo()))
    local results = {}
    for i = 1, 3 do
      lev.spawn(function() results[i] = { file:read() } end)
    end
    lev.sleep(0.01)
    file:close()
    lev.sleep(0.01)
    for i = 1, 3 do assert.same({ nil, "file is closed" }, results[i]) end
  end))

  it("does not keep the others waiting", inside(function()
    local file <close> = assert(lev.open(fifo()))
    local reader = lev.spawn(function() return file:read(1) end)
    assert.is_true(lev.sleep(0.01))
    reader:cancel()
    assert.same({ nil, "cancelled" }, { reader:await() })
  end))

  it("is sent by sendfile", inside(function()
    local a, b = net.pair()
    local file <close> = assert(lev.open(path_of("the text")))
    assert.equal(8, a:sendfile(file))
    assert.equal("the text", b:recv_exactly(8, 10))
    a:close()
    b:close()
  end))

  it("leaves no descriptor", inside(function()
    local path = path_of("x")
    assert(lev.open(path)):close()
    local before = net.count_fds()
    for i = 1, 1000 do
      local file <close> = assert(lev.open(path, "r+"))
      if i % 3 == 0 then file:read(1) end
      if i % 7 == 0 then lev.spawn(function() file:read(1) end) end
    end
    for _ = 1, 50 do
      local task = lev.spawn(function() lev.open(path) end)
      lev.yield()
      task:abort()
    end
    assert.is_true(await_fds(before))
  end))

  it("is closed by the collector, and at the end of the run", function()
    local before = net.count_fds()
    net.run(function()
      local function open() assert(lev.open("/dev/null")) end
      local first <close> = assert(lev.open("/dev/null"))
      local opened = net.count_fds()
      lev.await(lev.spawn(open))
      assert.is_true(await_fds(opened))
      _G.kept = assert(lev.open("/dev/null"))
      lev.spawn(function() _G.kept:read("a") end)
    end)
    assert.equal(before, net.count_fds())
    assert.equal("lev.file: closed", tostring(_G.kept))
    _G.kept = nil
  end)
end)
