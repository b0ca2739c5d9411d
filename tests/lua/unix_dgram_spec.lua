-- Tests lev/lua/lua_unix_dgram.cc.
-- Datagram sockets of the UNIX domain.

local lev = require "lev"
local net = require "net_support"

local function path() return os.tmpname() .. ".socket" end

local function exists(name)
  return os.rename(name, name) == true
end

describe("lev.unix_dgram", function()
  it("receives at a path, which goes with it #kernel", net.inside(function()
    local name, other = path(), path()
    local a = assert(lev.unix_dgram(name))
    local b = assert(lev.unix_dgram())
    assert.equal("lev.unix_dgram: fd " .. a:fd(), tostring(a))
    assert.same({ name, n = 1 }, table.pack(a:getsockname()))
    assert.same({ "", n = 1 }, table.pack(b:getsockname()))
    assert.equal(5, b:sendto("hello", name))
    assert.same({ "hello", "", n = 2 }, table.pack(a:recvfrom(10, 5)))
    assert.is_true(b:bind(other))
    assert.equal(5, b:sendto("again", name))
    local data, from = a:recvfrom(10, 5)
    assert.same({ "again", other }, { data, from })
    assert.equal(2, a:sendto("ok", from, 5))
    assert.same({ "o", other == from and name, "truncated", n = 3 },
      table.pack(b:recvfrom(1, 5)))
    assert.is_true(exists(name))
    a:close()
    b:close()
    assert.is_false(exists(name) or exists(other))
  end))

  it("knows abstract names", net.inside(function()
    local name = "@lev-unix-dgram-" .. net.pid()
    local a = assert(lev.unix_dgram(name))
    assert.same({ nil, "Address already in use", n = 2 },
      table.pack(lev.unix_dgram(name)))
    lev.unix_dgram():sendto("x", name)
    assert.equal("x", a:recv(10, 5))
    assert.equal(name, a:getsockname())
  end))

  it("connects, and disconnects", net.inside(function()
    local name = "@lev-unix-dgram-" .. net.pid()
    local a = assert(lev.unix_dgram(name))
    local b = assert(lev.unix_dgram())
    assert.is_true(b:connect(name))
    assert.equal(name, b:getpeername())
    assert.equal(1, b:send("1"))
    assert.equal(2, b:sendto_many { { "2" }, { data = "3" } })
    assert.equal(1, b:sendto_many { { "4", name } })
    local texts = {}
    for i, message in ipairs(a:recvfrom_many(9, 10, 5)) do
      texts[i] = message.data
      assert.same({ data = message.data, addr = "" }, message)
    end
    assert.same({ "1", "2", "3", "4" }, texts)
    assert.is_true(b:disconnect())
    assert.is_nil(b:send("5"))
  end))

  it("waits while the receiver is full, as long as it may",
    net.inside(function()
      local name = "@lev-unix-dgram-" .. net.pid()
      local a = assert(lev.unix_dgram(name))
      local b = assert(lev.unix_dgram())
      repeat until not b:sendto("x", name, 0)
      assert.same({ nil, "timeout", n = 2 },
        table.pack(b:sendto("x", name, 0.02)))
      local list = {}
      for i = 1, 5 do list[i] = { "y", name } end
      assert.same({ nil, "timeout", 0, n = 3 },
        table.pack(b:sendto_many(list, 0.02)))
      lev.spawn(function()
        lev.sleep(0.005)
        assert(a:recvfrom_many(1000, 10, 5))
      end)
      assert.equal(5, b:sendto_many(list, 10))
    end))

  it("says that nobody is there", net.inside(function()
    local name = path()
    local b = assert(lev.unix_dgram())
    assert.same({ nil, "No such file or directory", n = 2 },
      table.pack(b:sendto("x", name)))
    local gone = assert(lev.unix_dgram("@lev-unix-dgram-" .. net.pid()))
    assert.is_true(b:connect(gone:getsockname()))
    gone:close()
    assert.same({ nil, "Connection refused", n = 2 },
      table.pack(b:send("x")))
  end))

  it("says what can be no path #kernel", net.inside(function()
    assert.same({ nil, "the path of a socket is empty", n = 2 },
      table.pack(lev.unix_dgram("")))
    assert.is_nil(lev.unix_dgram(("x"):rep(200)))
    assert.same({ nil, "No such file or directory", n = 2 },
      table.pack(lev.unix_dgram("/nonexistent/socket")))
    assert.is_nil(lev.unix_dgram():bind(""))
    assert.is_nil(lev.unix_dgram():connect(""))
  end))

  it("leaves no descriptor and no file #kernel", function()
    local fds = net.count_fds()
    local name = path()
    net.run(function()
      assert(lev.unix_dgram(name))
      assert.is_nil(lev.unix_dgram(name))
      assert.is_nil(lev.unix_dgram("/nonexistent/socket"))
    end)
    assert.is_false(exists(name))
    assert.equal(fds, net.count_fds())
  end)

  it("is made only within a run", function()
    local ok, err = pcall(lev.unix_dgram)
    assert.is_false(ok)
    assert.truthy(err:find("lev.unix_dgram: must be called within lev.run", 1,
      true))
  end)

  it("refuses a port in a message", net.inside(function()
    local ok, text = pcall(function()
      lev.unix_dgram():sendto_many { { "x", "@x", 5 } }
    end)
    assert.is_false(ok)
    assert.truthy(text:find("message [1]: port: nil expected, got number", 1,
      true), text)
  end))

  it("and lev.udp are not taken for each other", net.inside(function()
    local ok, text = pcall(lev.udp().sendto, lev.unix_dgram(), "x", "@x")
    assert.is_false(ok)
    assert.truthy(text:find("lev.udp expected, got lev.unix_dgram", 1, true),
      text)
  end))
end)
