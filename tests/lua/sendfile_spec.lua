-- Tests lev/lua/lua_send.cc: socket:sendfile, and socket:send of a table.

local lev = require "lev"
local net = require "net_support"

local CONTENT = ("0123456789abcdef"):rep(40000)

-- The body runs in a run, with the path of a file that has `content`.
local function with_file(content, body)
  return function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(content)
    file:close()
    local ok, err = pcall(net.run, function() body(path) end)
    os.remove(path)
    if not ok then error(err, 0) end
  end
end

local function unix_pair()
  local name = "@lev sendfile spec " .. net.pid()
  local listener <close> = assert(lev.unix_listen(name))
  local a = assert(lev.unix_connect(name, 5))
  return a, (assert(listener:accept(5)))
end

local function pipe_pair()
  local reader, writer = lev.pipe()
  return writer, reader
end

-- Sends with `send`, and returns what came, and what `send` returned.
local function transfer(a, b, send)
  local sender = lev.spawn(function()
    local results = table.pack(send(a))
    a:close()
    return results
  end)
  local text = net.read_all(b)
  return text, lev.await(sender)
end

describe("socket:sendfile", function()
  for name, make in pairs { tcp = net.pair, unix = unix_pair,
    pipe = pipe_pair } do
    it("sends a whole file: " .. name, with_file(CONTENT, function(path)
      local a, b = make()
      local text, results = transfer(a, b, function(s)
        return s:sendfile(path)
      end)
      assert.is_true(text == CONTENT)
      assert.same({ #CONTENT, n = 1 }, results)
    end))
  end

  it("takes a file of io, a number, and offset and count",
    with_file(CONTENT, function(path)
      local a, b = net.pair()
      local file <close> = assert(io.open(path))
      assert.equal("0", file:read(1))
      assert.equal(16, a:sendfile(file, { count = 16 }))
      assert.equal(6, a:sendfile(file, { offset = 10, count = 6 }))
      assert.equal("0123456789abcdefabcdef", b:recv_exactly(22, 5))
      assert.equal("1", file:read(1))
    end))

  it("ends at the end of the file", with_file("0123456789", function(path)
    local a, b = net.pair()
    assert.equal(3, a:sendfile(path, { offset = 7, count = 100 }))
    assert.equal(0, a:sendfile(path, { offset = 10 }))
    assert.equal(0, a:sendfile(path, { offset = 11, count = 1 }))
    assert.equal(0, a:sendfile(path, { count = 0 }))
    assert.equal(0, a:sendfile(path, { offset = math.maxinteger }))
    assert.equal("789", b:recv(100, 5))
  end))

  it("says why a file cannot be sent", net.inside(function()
    local a = net.pair()
    assert.same({ nil, "No such file or directory" },
      { a:sendfile("/no such file") })
    assert.same({ nil, "not a regular file" }, { a:sendfile("/tmp") })
    assert.same({ nil, "not a regular file" }, { a:sendfile("/dev/null") })
    local reader = lev.pipe()
    assert.same({ nil, "not a regular file" }, { a:sendfile(reader) })
    assert.same({ nil, "Bad file descriptor" }, { a:sendfile(1000000) })
    local out = assert(io.open("/dev/null", "w"))
    assert.same({ nil, "not a regular file" }, { a:sendfile(out) })
  end))

  it("names what is wrong with its arguments", net.inside(function()
    local a = net.pair()
    local closed = io.tmpfile()
    closed:close()
    for _, row in ipairs {
      { "path or open file expected, got nil", nil },
      { "path or open file expected, got table", {} },
      { "path or open file expected", closed },
      { "NUL byte", "/dev/null\0.txt" },
      { "offset: integer from 0 on expected", "/x", { offset = -1 } },
      { "count: integer from 0 on expected", "/x", { count = 1.5 } },
      { "unknown option 'ofset'", "/x", { ofset = 1 } },
      { "timeout: number of seconds", "/x", { timeout = "1" } },
    } do
      local ok, err = pcall(function() a:sendfile(row[2], row[3]) end)
      assert.is_false(ok, row[1])
      assert.truthy(err:find(row[1], 1, true), err)
    end
  end))

  it("reports at a timeout how much went, and leaves nothing open",
    with_file(CONTENT:rep(30), function(path)
      local a, b = net.pair()
      local before = net.count_fds()
      local sent, err, partial = a:sendfile(path, { timeout = 0.05 })
      assert.same({ nil, "timeout" }, { sent, err })
      assert.is_true(partial > 0 and partial < #CONTENT * 30)
      assert.equal(before, net.count_fds())
      a:close()
      assert.equal(partial, #net.read_all(b))
    end))

  it("can be cancelled, aborted, and closed under it",
    with_file(CONTENT:rep(30), function(path)
      local before = net.count_fds()
      for _, how in ipairs { "cancel", "abort", "token", "close" } do
        local a, b = net.pair()
        local token = lev.cancel_token()
        local sender = lev.spawn(function()
          return a:sendfile(path, { cancel = token })
        end)
        lev.sleep(0.005)
        if how == "token" then token:cancel() end
        if how == "close" then a:close() end
        if sender[how] then sender[how](sender) end
        local _, err = lev.await(sender)
        assert.equal(({ cancel = "cancelled", abort = "aborted",
          token = "cancelled", close = "socket is closed" })[how], err)
        a:close()
        b:close()
        assert.equal(before, net.count_fds())
      end
    end))

  it("queues with other senders", with_file(CONTENT, function(path)
    local a, b = net.pair()
    local tasks = {
      lev.spawn(function() return a:send("<") end),
      lev.spawn(function() return a:sendfile(path) end),
      lev.spawn(function() return a:send(">") end),
    }
    assert.is_true(b:recv_exactly(#CONTENT + 2, 10) == "<" .. CONTENT .. ">")
    for _, task in ipairs(tasks) do lev.await(task) end
  end))

  it("sends what is left of a file that shrinks",
    with_file(CONTENT:rep(10), function(path)
      local a, b = net.pair()
      local sender = lev.spawn(function() return a:sendfile(path) end)
      lev.yield()
      assert(io.open(path, "w")):close()
      local got = 0
      lev.spawn(function()
        lev.await(sender)
        a:close()
      end)
      got = #net.read_all(b)
      assert.equal(got, lev.await(sender))
      assert.is_true(got < #CONTENT * 10)
    end))

  it("finds the socket closed, before and by the peer",
    with_file(CONTENT:rep(10), function(path)
      local a, b = net.pair()
      b:close()
      lev.sleep(0.005)
      a:send("x")
      lev.sleep(0.005)
      local _, err = a:sendfile(path)
      assert.truthy(err == "closed" or err == "Connection reset by peer", err)
      a:close()
      assert.same({ nil, "socket is closed", 0 }, { a:sendfile(path) })
    end))
end)

describe("socket:send of a table", function()
  it("sends its strings one after the other", net.inside(function()
    local a, b = net.pair()
    assert.equal(10, a:send({ "one", "", "two", "th", "ee" }))
    assert.equal("onetwothee", b:recv_exactly(10, 5))
  end))

  it("sends numbers as Lua writes them", net.inside(function()
    local a, b = net.pair()
    assert.equal(6, a:send { 1, " ", 2.5, 7 })
    assert.equal("1 2.57", b:recv_exactly(6, 5))
  end))

  it("sends nothing of an empty one", net.inside(function()
    local a, b = net.pair()
    assert.equal(0, a:send {})
    assert.equal(0, a:send { "", "" })
    assert.same({ nil, "timeout", n = 2 }, table.pack(b:recv(1, 0.01)))
  end))

  it("sends what the table held when it was called", net.inside(function()
    local a, b = net.pair()
    local before = net.fill(a)
    local pieces = { "first", "second" }
    local sender = lev.spawn(function() return a:send(pieces, 10) end)
    lev.yield()
    pieces[1], pieces[2] = "changed", nil
    assert.equal("firstsecond", b:recv_exactly(before + 11, 10):sub(-11))
    assert.equal(11, lev.await(sender))
  end))

  it("sends ten thousand pieces", net.inside(function()
    local a, b = net.pair()
    local pieces = {}
    for i = 1, 10000 do pieces[i] = "piece " .. i .. "\n" end
    local all = table.concat(pieces)
    lev.spawn(function() assert.equal(#all, a:send(pieces)) end)
    assert.is_true(b:recv_exactly(#all, 10) == all)
  end))

  it("names an element that is no string, and has sent nothing",
    net.inside(function()
      local a, b = net.pair()
      for _, row in ipairs { { { "a", true }, 2, "boolean" },
        { { {} }, 1, "table" }, { { "a", "b", print }, 3, "function" } } do
        local ok, err = pcall(function() a:send(row[1]) end)
        assert.is_false(ok)
        assert.truthy(err:find(("string expected at index %d, got %s"):format(
          row[2], row[3]), 1, true), err)
      end
      assert.same({ nil, "timeout", n = 2 }, table.pack(b:recv(1, 0.01)))
      assert.equal(1, a:send("x"))
    end))

  it("obeys length and index metamethods, as table.concat does",
    net.inside(function()
      local a, b = net.pair()
      local proxy = setmetatable({}, {
        __len = function() return 3 end,
        __index = function(_, i) return tostring(i) end,
      })
      assert.equal(3, a:send(proxy))
      assert.equal("123", b:recv(10, 5))
      local lies = setmetatable({}, { __len = function() return 1 << 40 end })
      assert.is_false((pcall(function() a:send(lies) end)))
    end))
end)

describe("socket:send_fds", function()
  it("keeps no copies when the system has no more descriptors", function()
    assert.equal("Too many open files\troom\nexit 0\n", net.subprocess([[
      local lev = require "lev"
      collectgarbage("stop")
      lev.run(function()
        local name, options = "@lev fds " .. tostring({}), { pass_fds = true }
        local listener = assert(lev.unix_listen(name, options))
        local a = assert(lev.unix_connect(name, options))
        local list = {}
        for i = 1, 100 do list[i] = io.stdout end
        local _, message = a:send_fds("x", list)
        print(message, io.open("/dev/null") and "room" or "none")
        listener:close()
      end)
    ]], "ulimit -n 40;"))
  end)
end)
