-- Tests that files, whole files and their positions survive that those who
-- wait for the disk are cut short. (torture_support.lua says what happens to
-- each scenario.)

local file_support = require "file_support"
local lev = require "lev"
local torture = require "torture_support"

local SECONDS = 20  -- Long enough for the busiest machine.

local function scenario(title, body)
  it(title, torture.test(body, { real = true, later = true }))
end

local TEXT = ("a line\nanother one\n\nthe last"):rep(3)
local BLOCK = torture.pattern(200000)

-- The victim reads; what it has not read is read afterwards.
local function reading(text, read)
  return function(t)
    local path = file_support.path_of(text)
    local file = t:closes("the file", assert(lev.open(path)))
    local got = {}
    t:victim(function()
      read(t, file, function(data) got[#got + 1] = data end)
    end)
    if not t:was_closed() then got[#got + 1] = file:read("a") end
    local data = table.concat(got)
    assert.is_true(text:sub(1, #data) == data, "other bytes")
    assert.is_true(data == text or t:was_closed())
    file:close()
    os.remove(path)
  end
end

describe("Torture of a file's", function()
  scenario("opening", function(t)
    local path = file_support.path_of("text")
    t:victim(function()
      for _ = 1, 3 do
        local file <close> =
          t:must(lev.open(path, "r", t:wait { timeout = SECONDS }))
        assert.equal(4, file:size())
      end
    end)
    os.remove(path)
  end)

  scenario("reads", reading(BLOCK, function(t, file, take)
    local count = 0
    while count < #BLOCK do
      local data, err = file:read(50000, t:wait { timeout = SECONDS })
      t:must(data, err)
      take(data)
      count = count + #data
    end
  end))

  scenario("lines", reading(TEXT, function(t, file, take)
    while true do
      local line, err = file:read("L", t:wait { timeout = SECONDS })
      t:must(line, err)
      if not line then break end
      take(line)
    end
  end))

  scenario("iterator", reading(TEXT, function(t, file, take)
    local lines = file:lines("L", t:wait { timeout = SECONDS })
    for line in t:each(lines) do
      take(line)
      lev.sleep(0)
    end
  end))

  scenario("writes", function(t)
    local path = file_support.path_of()
    local file = t:closes("the file", assert(lev.open(path, "w")))
    local told, unaware = 0, true
    t:victim(function()
      for at = 1, #BLOCK, 50000 do
        local ok, err, count = file:write(BLOCK:sub(at, at + 49999),
          t:wait { timeout = SECONDS })
        told = told + (ok and 50000 or count or 0)
        if not ok then unaware = false end
        t:must(ok, err)
      end
      t:must(file:sync(true, t:wait { timeout = SECONDS }))
      t:must(file:flush(t:wait { timeout = SECONDS }))
      lev.sleep(0)
    end)
    if not t:was_closed() then
      assert(file:write("end"))
      assert.is_true(file:sync())
    end
    file:close()
    local data = file_support.text_of(path)
    os.remove(path)
    if not t:was_closed() then
      assert.equal("end", data:sub(-3))
      data = data:sub(1, -4)
    end
    assert.is_true(BLOCK:sub(1, #data) == data, "other bytes")
    assert.is_true(#data >= told or t:was_closed())
    -- Who was not told, because it was raised at or killed, wrote one more.
    assert.is_true(#data <= told + (unaware and 50000 or 0))
  end)

  scenario("other calls", function(t)
    local path = file_support.path_of(TEXT)
    local file = t:closes("the file", assert(lev.open(path, "r+")))
    t:victim(function()
      local function wait() return t:wait { timeout = SECONDS } end
      assert.equal(#TEXT, t:must(file:size(wait())))
      assert.equal(#TEXT, t:must(file:seek("end", 0, wait())))
      t:must(file:truncate(10, wait()))
      t:must(file:sync(false, wait()))
      assert.equal(2, t:must(file:seek("set", 2, wait())))
    end)
    file:close()
    local size = #file_support.text_of(path)
    assert.is_true(size == 10 or size == #TEXT)
    os.remove(path)
  end)
end)

describe("Torture of a whole file that is", function()
  scenario("read", function(t)
    local path = file_support.path_of(BLOCK)
    t:victim(function()
      for _ = 1, 2 do
        assert.is_true(BLOCK == t:must(lev.read_file(path,
          t:wait { timeout = SECONDS })))
        t:must(lev.stat(path, t:wait { timeout = SECONDS }))
      end
    end)
    os.remove(path)
  end)

  scenario("replaced", function(t)
    local directory = file_support.path_of()
    assert(os.execute("mkdir " .. directory))
    local path = directory .. "/file"
    assert(lev.write_file(path, "old"))
    local how = t:victim(function()
      t:must(lev.write_file(path, BLOCK, t:wait { timeout = SECONDS }))
      lev.sleep(0)
    end)
    -- All or nothing, and nothing beside it. (Only what is on its way to the
    -- disk may have to come back first.)
    local data = file_support.text_of(path)
    assert.is_true(data == "old" or data == BLOCK)
    assert.is_true(how ~= "done" or data == BLOCK)
    local names
    for _ = 1, 100 do
      local list <close> = io.popen("ls -A " .. directory)
      names = list:read("a")
      if names == "file\n" then break end
      lev.sleep(0.01)
    end
    assert.equal("file\n", names)
    os.execute("rm -r " .. directory)
  end)
end)
