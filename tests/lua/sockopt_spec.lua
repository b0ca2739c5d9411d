-- Tests lev/lua/lua_socket.cc.
-- Socket options: how each kind of value is spoken, and what the kernel says.

local lev = require "lev"
local net = require "net_support"

-- What getsockopt says after setsockopt.
local function round_trip(socket, name, value)
  assert.same({ true, n = 1 }, table.pack(socket:setsockopt(name, value)))
  local got, err = socket:getsockopt(name)
  assert.is_nil(err)
  return got
end

describe("A socket option", function()
  it("that is a switch takes a boolean or a number, and is a boolean",
    net.inside(function()
      local a = net.pair()
      for _, name in ipairs { "reuseaddr", "reuseport", "keepalive",
        "nodelay", "broadcast" } do
        assert.is_true(round_trip(a, name, true))
        assert.is_false(round_trip(a, name, false))
        assert.is_true(round_trip(a, name, 1))
        assert.is_false(round_trip(a, name, 0))
      end
    end))

  it("that is a number is an integer", net.inside(function()
    local a = net.pair()
    for _, name in ipairs { "keepalive_count", "ttl", "tos", "rcvlowat",
      "priority" } do
      local value = round_trip(a, name, 4)
      assert.equal(4, value, name)
      assert.equal("integer", math.type(value))
    end
    assert.is_true(round_trip(a, "rcvbuf", 50000) >= 50000)
    assert.is_true(round_trip(a, "sndbuf", 50000) >= 50000)
  end))

  it("that is a duration is in seconds, rounded up to the kernel's unit",
    net.inside(function()
      local a = net.pair()
      assert.equal(30, round_trip(a, "keepalive_idle", 30))
      assert.equal(3, round_trip(a, "keepalive_interval", 2.5))
      assert.equal(1.5, round_trip(a, "user_timeout", 1.5))
      assert.equal("float", math.type(a:getsockopt("user_timeout")))
    end))

  it("linger is seconds or false", net.inside(function()
    local a = net.pair()
    assert.is_false(a:getsockopt("linger"))
    assert.equal(0, round_trip(a, "linger", 0))
    assert.equal(2, round_trip(a, "linger", 1.5))
    assert.is_false(round_trip(a, "linger", false))
  end))

  it("linger of zero resets the connection when it is closed",
    net.inside(function()
      local a, b = net.pair()
      a:setsockopt("linger", 0)
      a:close()
      assert.same({ nil, "Connection reset by peer", n = 2 },
        table.pack(b:recv(10, 5)))
    end))

  it("works on listeners, too", net.inside(function()
    local listener = net.listen()
    assert.is_true(listener:getsockopt("reuseaddr"))
    assert.equal(16, round_trip(listener, "fastopen", 16))
    listener:close()
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(listener:getsockopt("reuseaddr")))
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(listener:setsockopt("reuseaddr", true)))
  end))

  it("of a closed socket is an error value", net.inside(function()
    local a = net.pair()
    a:close()
    assert.same({ nil, "socket is closed", n = 2 },
      table.pack(a:getsockopt("nodelay")))
  end))

  it("that the kernel refuses is an error value", net.inside(function()
    local a = net.pair()
    assert.same({ nil, "Invalid argument", n = 2 },
      table.pack(a:setsockopt("ttl", 1000)))
    assert.same({ nil, "Invalid argument", n = 2 },
      table.pack(a:setsockopt("keepalive_idle", math.huge)))
    assert.same({ nil, "No such device", n = 2 },
      table.pack(a:setsockopt("multicast_if", "nosuchif")))
  end))

  -- Raises, and says what was expected.
  local function rejects(name, value, expected)
    it(("%s = %s is named"):format(name, tostring(value)),
      net.inside(function()
        local ok, text = pcall(function()
          net.pair():setsockopt(name, value)
        end)
        assert.is_false(ok)
        assert.truthy(text:find(expected, 1, true), text)
      end))
  end
  rejects("nodelay", "on", "nodelay: boolean expected, got string")
  rejects("ttl", true, "ttl: integer expected, got boolean")
  rejects("ttl", -1, "must be from 0 to 2147483647, is -1")
  rejects("keepalive_idle", "1",
    "keepalive_idle: number of seconds expected, got string")
  rejects("keepalive_idle", -1,
    "keepalive_idle: must not be negative or NaN, is -1")
  rejects("linger", true,
    "linger: number of seconds or false expected, got boolean")
  rejects("linger", 0 / 0, "linger: must not be negative or NaN")
  rejects("multicast_if", false, "string expected, got boolean")
  rejects("multicast_if", 0, "must be from 1 to 2147483647, is 0")
  rejects("multicats_if", "lo", "unknown option 'multicats_if'")

  it("that nobody knows is named by getsockopt", net.inside(function()
    local ok, text = pcall(function() net.pair():getsockopt("magic") end)
    assert.is_false(ok)
    assert.truthy(text:find("unknown option 'magic'", 1, true), text)
    assert.is_true(lev.sleep(0))
  end))
end)
