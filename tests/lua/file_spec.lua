-- Tests lev/lua/lua_file.cc and lev/lua/lua_file_io.cc: files that are read
-- and written off the loop.

local lev = require "lev"
local net = require "net_support"
local files = require "file_support"

local inside = net.inside
local fifo, path_of, text_of = files.fifo, files.path_of, files.text_of

describe("lev.open", function()
  it("reads with 'r', and is its default", inside(function()
    local path = path_of("text")
    for _, mode in ipairs { "r", "rb" } do
      local file = assert(lev.open(path, mode))
      assert.equal("text", file:read("a"))
      assert.same({ nil, "Bad file descriptor", 0 }, { file:write("x") })
      file:close()
    end
    assert.equal("text", assert(lev.open(path)):read("a"))
  end))

  it("begins anew with 'w'", inside(function()
    local path = path_of("old text")
    local file <close> = assert(lev.open(path, "w"))
    assert.equal(file, file:write("new"))
    assert.equal("new", text_of(path))
    assert.same({ nil, "Bad file descriptor" }, { file:read() })
  end))

  it("writes at the end with 'a'", inside(function()
    local path = path_of("one ")
    local file <close> = assert(lev.open(path, "a"))
    assert(file:seek("set"))
    assert(file:write("two"))
    assert.equal("one two", text_of(path))
    assert.equal(7, file:seek())
  end))

  it("changes what is there with 'r+'", inside(function()
    local path = path_of("0123456789")
    local file <close> = assert(lev.open(path, "r+"))
    assert.equal("012", file:read(3))
    assert(file:write("abc"))
    assert.equal("67", file:read(2))
    assert.equal("012abc6789", text_of(path))
  end))

  it("reads back with 'w+' and 'a+'", inside(function()
    local path = path_of("old")
    local file = assert(lev.open(path, "w+b"))
    assert(file:write("text"))
    assert.equal(0, file:seek("set"))
    assert.equal("text", file:read("a"))
    file:close()
    file = assert(lev.open(path, "a+"))
    assert.equal("te", file:read(2))
    assert(file:write(" more"))
    assert.equal(nil, (file:read()))
    file:close()
    assert.equal("text more", text_of(path))
  end))

  it("makes a new file only with 'x'", inside(function()
    local path = path_of()
    local file = assert(lev.open(path, "x", { perm = 384 }))
    file:close()
    assert.equal("600\n", net.shell("stat -c %a " .. path))
    assert.same({ nil, "File exists" }, { lev.open(path, "x") })
  end))

  it("says why it fails", inside(function()
    assert.same({ nil, "No such file or directory" },
      { lev.open("/none/such") })
    assert.same({ nil, "Is a directory" }, { lev.open("/", "w") })
    assert.same({ nil, "Is a directory" }, { assert(lev.open("/")):read() })
    assert.same({ nil, "Not a directory" }, { lev.open("/dev/null/x") })
  end))

  it("raises for a mode and a path that cannot be", inside(function()
    for _, mode in ipairs { "", "q", "rr", "r++", "rw" } do
      assert.has_error(function() lev.open("/", mode) end)
    end
    assert.has_error(function() lev.open("a\0b") end)
    assert.has_error(function() lev.open("/", "r", { perm = -1 }) end)
    assert.has_error(function() lev.open("/", "r", { unknown = 1 }) end)
  end))

  it("needs a task", function()
    local ok, err = pcall(lev.open, "/")
    assert.is_false(ok)
    assert.truthy(err:find("lev.open: must be called within lev.run", 1, true))
  end)

  it("works in virtual time", function()
    local path = path_of("text")
    assert.equal("text", lev.run(function()
      local file <close> = assert(lev.open(path, "r+"))
      local text = file:read("a")
      assert(file:write("more") == file)
      lev.sleep(3600)
      return text
    end, { poller = "fake" }))
    assert.equal("textmore", text_of(path))
  end)
end)

describe("file:read", function()
  it("takes what io's files take", inside(function()
    local file <close> = assert(lev.open(path_of("one\n\ntwo\nrest")))
    assert.equal("one", file:read("l"))
    assert.equal("\n", file:read("*L"))
    assert.equal("", file:read(0))
    assert.equal("tw", file:read(2))
    assert.equal("o\nrest", file:read("a"))
    assert.equal("", file:read("a"))
    for _, what in ipairs { "l", "L", 1, 0 } do
      assert.equal(0, select("#", file:read(what)) - 1)
      assert.is_nil((file:read(what)))
    end
  end))

  it("gives what is there if nothing is said, and nil at the end",
    inside(function()
      local text = ("x"):rep(100000)
      local file <close> = assert(lev.open(path_of(text)))
      assert.equal(65536, #file:read())
      local rest = ""
      for piece in function() return file:read() end do
        rest = rest .. piece
      end
      assert.equal(100000 - 65536, #rest)
      assert.same({ n = 1 }, table.pack(file:read()))
    end))

  it("reads files larger than any buffer", inside(function()
    local numbers = {}
    for i = 1, 200000 do numbers[i] = i end
    local text = table.concat(numbers, "\n")
    local file <close> = assert(lev.open(path_of(text)))
    assert.equal(text:sub(1, 700001), file:read(700001))
    assert.equal(text:sub(700002), file:read("a"))
  end))

  it("raises for what it cannot read", inside(function()
    local file <close> = assert(lev.open("/dev/null"))
    for _, what in ipairs { "n", "", "lines", -1, 1.5, {}, true } do
      assert.has_error(function() file:read(what) end)
    end
  end))

  it("keeps what was read when it is cut short", inside(function()
    local path = fifo()
    local reader <close> = assert(lev.open(path))
    local writer <close> = assert(lev.open(path, "w"))
    assert(writer:write("half a line"))
    assert.same({ nil, "timeout" }, { reader:read("l", 0.02) })
    local token = lev.cancel_token()
    lev.spawn(function() lev.sleep(0.01) token:cancel() end)
    assert.same({ nil, "cancelled" }, { reader:read(100, { cancel = token }) })
    assert(writer:write(", and the rest\n"))
    assert.equal("half a line, and the rest", reader:read("l", 10))
  end))

  it("loses nothing to a task that was aborted", inside(function()
    local file <close> = assert(lev.open(path_of("0123456789")))
    for _ = 1, 20 do
      local task = lev.spawn(function() file:read(4) end)
      lev.yield()
      if task:done() then
        assert.equal("4567", file:read(4))
        assert(file:seek("set"))
      else
        task:abort()
        assert.equal("0123", file:read(4, 10))
        assert(file:seek("set"))
      end
    end
  end))

  it("waits for its turn", inside(function()
    local text = ("line\n"):rep(20000)
    local file <close> = assert(lev.open(path_of(text)))
    local count = 0
    assert(lev.all { function()
      for line in file:lines() do count = count + #line // 4 end
    end, function()
      for line in file:lines() do count = count + #line // 4 end
    end })
    assert.equal(20000, count)
  end))
end)

describe("file:lines", function()
  it("finds lines across the ends of buffers", inside(function()
    local lines, expected = {}, {}
    for i = 1, 30 do expected[i] = ("x"):rep(i * 3001) .. i end
    local file <close> = assert(lev.open(path_of(table.concat(expected, "\n"))))
    for line in file:lines() do lines[#lines + 1] = line end
    assert.same(expected, lines)
  end))

  it("takes what read takes", inside(function()
    local file <close> = assert(lev.open(path_of("a\nbcd\n")))
    local pieces = {}
    for piece in file:lines("L") do pieces[#pieces + 1] = piece end
    assert.same({ "a\n", "bcd\n" }, pieces)
    assert(file:seek("set"))
    pieces = {}
    for piece in file:lines(4) do pieces[#pieces + 1] = piece end
    assert.same({ "a\nbc", "d\n" }, pieces)
  end))

  it("raises what goes wrong", inside(function()
    local file = assert(lev.open(fifo()))
    local ok, err = pcall(function()
      for _ in file:lines("l", 0.01) do end
    end)
    assert.is_false(ok)
    assert.truthy(err:find("file:lines: timeout", 1, true))
    file:close()
    ok, err = pcall(function() for _ in file:lines() do end end)
    assert.is_false(ok)
    assert.truthy(err:find("file is closed", 1, true))
  end))
end)
