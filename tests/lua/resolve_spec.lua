-- Tests lev/lua/lua_resolve.cc.
-- lev.resolve and lev.set_resolver.

local dns = require "dns_support"
local lev = require "lev"
local net = require "net_support"

local RECORDS = {
  "both.test A 127.0.0.2",
  "both.test AAAA ::1",
  "v4.test A 127.0.0.4",
  "alias.test ALIAS v4.test",
  "alias.test A 127.0.0.4",
  "empty.test RCODE 0",
  "broken.test RCODE 2",
  "silent.test SILENT ANY",
  "half.test A 127.0.0.5",
  "half.test SILENT AAAA",
  "big.test TRUNCATED ANY",
  "big.test A 127.0.0.6",
  "db.one.test A 127.0.0.7",
}

describe("lev.resolve", function()
  local stop
  setup(function() stop = dns.serve(RECORDS) end)
  teardown(function() stop() end)

  it("finds addresses of both families, IPv6 first", net.inside(function()
    assert.same({ "::1", "127.0.0.2" }, lev.resolve("both.test"))
    assert.same({ "127.0.0.4" }, lev.resolve("v4.test", 5))
    assert.same({ "127.0.0.4" }, lev.resolve("alias.test", { timeout = 5 }))
    assert.same({ "127.0.0.6" }, lev.resolve("big.test"))
  end))

  it("finds addresses of one family", net.inside(function()
    local function resolve(family)
      return lev.resolve("both.test", { family = family })
    end
    assert.same({ "::1" }, resolve("inet6"))
    assert.same({ "127.0.0.2" }, resolve("inet"))
    assert.same({ "::1", "127.0.0.2" }, resolve("any"))
    assert.same({ "127.0.0.5" }, lev.resolve("half.test", { family = "inet" }))
  end))

  it("says why there is no address", net.inside(function()
    for name, text in pairs {
      ["none.test"] = 'name not found: "none.test"',
      ["empty.test"] = 'no address for "empty.test"',
      ["broken.test"] = "name server failed",
      ["a b"] = 'not a host name or address: "a b"',
      ["256.1.1.1"] = 'not a host name or address: "256.1.1.1"',
      [""] = 'not a host name or address: ""',
      ["a\0b"] = "the host contains a NUL byte",
      [("a"):rep(254)] = "the host is longer than 253 bytes",
    } do
      assert.same({ nil, text, n = 2 }, table.pack(lev.resolve(name, 5)))
    end
    assert.same({ nil, 'no address for "v4.test"', n = 2 },
      table.pack(lev.resolve("v4.test", { family = "inet6" })))
  end))

  it("takes addresses and localhost without asking", net.inside(function()
    assert.same({ "127.0.0.9" }, lev.resolve("127.0.0.9"))
    assert.same({ "::1" }, lev.resolve("::1"))
    assert.same({ "::1" }, lev.resolve("[::1]"))
    assert.same({ "::1%lo" }, lev.resolve("::1%lo"))
    assert.same({ "::1", "127.0.0.1" }, lev.resolve("localhost"))
    assert.same({ "127.0.0.1" },
      lev.resolve("x.localhost", { family = "inet" }))
  end))

  it("blocks nobody", net.inside(function()
    local ticks = 0
    lev.spawn(function()
      for _ = 1, 10 do
        lev.sleep(0.001)
        ticks = ticks + 1
      end
    end)
    assert.same({ nil, "timeout", n = 2 },
      table.pack(lev.resolve("silent.test", 0.1)))
    assert.equal(10, ticks)
  end))

  it("leaves nothing when it times out, is cancelled, or its task ends",
    net.inside(function()
      lev.resolve("v4.test")
      local fds, stats = net.count_fds(), lev.stats()
      local function check()
        assert.equal(fds, net.count_fds())
        assert.equal(stats.timer_count, lev.stats().timer_count)
        assert.equal(stats.registered_fds, lev.stats().registered_fds)
      end
      assert.same({ nil, "timeout", n = 2 },
        table.pack(lev.resolve("silent.test", 0.01)))
      check()
      local token = lev.cancel_token()
      lev.spawn(function() lev.sleep(0.01) token:cancel() end)
      assert.same({ nil, "cancelled", n = 2 },
        table.pack(lev.resolve("silent.test", { cancel = token })))
      lev.sleep(0.001)
      check()
      for _, way in ipairs { "cancel", "abort" } do
        local task = lev.spawn(function() lev.resolve("silent.test") end)
        lev.sleep(0.01)
        task[way](task)
        lev.await(task)
        check()
      end
    end))

  it("is asked by a thousand tasks at once", net.inside(function()
    local tasks = {}
    for i = 1, 1000 do
      tasks[i] = lev.spawn(function() return lev.resolve("both.test") end)
    end
    for i = 1, 1000 do
      assert.same({ "::1", "127.0.0.2" }, lev.await(tasks[i]))
    end
  end))

  it("does not keep a run from its end", function()
    local before = net.count_fds()
    lev.run(function()
      lev.spawn(function() lev.resolve("silent.test") end)
      lev.sleep(0.01)
      lev.stop()
    end)
    assert.equal(before, net.count_fds())
  end)

  it("says that virtual time has no names", function()
    lev.run(function()
      assert.same({ nil, "names cannot be resolved in virtual time", n = 2 },
        table.pack(lev.resolve("both.test")))
      assert.same({ "::1", "127.0.0.1" }, lev.resolve("localhost"))
      assert.same({ "127.0.0.9" }, lev.resolve("127.0.0.9"))
    end, { poller = "fake" })
  end)

  it("raises for arguments of the wrong type", net.inside(function()
    for _, bad in ipairs {
      { { 12 }, "#1" }, { { {} }, "#1" }, { { "x", "5" }, "#2" },
      { { "x", { family = "ipv6" } }, "family: 'inet', 'inet6' or 'any'" },
      { { "x", { family = 4 } }, "family: 'inet', 'inet6' or 'any'" },
      { { "x", { unknown = 1 } }, "unknown option 'unknown'" },
    } do
      local ok, err = pcall(lev.resolve, table.unpack(bad[1]))
      assert.is_false(ok)
      assert.truthy(err:find(bad[2], 1, true), err)
    end
    assert.is_false(pcall(lev.resolve))
  end))

  it("raises outside a run", function()
    local ok, err = pcall(lev.resolve, "both.test")
    assert.is_false(ok)
    assert.truthy(err:find("lev.resolve: must be called within lev.run", 1,
      true), err)
  end)
end)

describe("lev.set_resolver", function()
  local stop
  before_each(function() stop = dns.serve(RECORDS) end)
  after_each(function() stop() end)

  local function configure(options)
    local all = { servers = { dns.server }, search = {}, hosts_file = false }
    for key, value in pairs(options) do all[key] = value end
    return lev.set_resolver(all)
  end

  it("names the domains to search", net.inside(function()
    assert.is_true(configure { search = { "zero.test", "one.test" } })
    assert.same({ "127.0.0.7" }, lev.resolve("db", { family = "inet" }))
    assert.is_true(configure {})
    assert.same({ nil, 'name not found: "db"', n = 2 },
      table.pack(lev.resolve("db")))
  end))

  it("names a hosts file", net.inside(function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("127.0.0.77 both.test\n")
    file:close()
    configure { hosts_file = path }
    assert.same({ "127.0.0.77" }, lev.resolve("both.test"))
    os.remove(path)
    assert.same({ "::1", "127.0.0.2" }, lev.resolve("both.test"))
  end))

  it("says how long and how often a server is asked", net.inside(function()
    configure { timeout = 0.01, tries = 2 }
    assert.same({ nil, "name server did not answer", n = 2 },
      table.pack(lev.resolve("silent.test")))
  end))

  it("does not disturb a lookup under way", net.inside(function()
    local task = lev.spawn(function() return lev.resolve("both.test") end)
    lev.yield()
    configure { servers = { "127.0.0.1:1" }, timeout = 0.01, tries = 1 }
    assert.is_nil((lev.resolve("both.test")))
    assert.same({ "::1", "127.0.0.2" }, lev.await(task))
  end))

  it("says what is no server and no domain", function()
    assert.same({ nil, 'not a name server: "x.test"', n = 2 },
      table.pack(lev.set_resolver { servers = { "x.test" } }))
    assert.same({ nil, 'not a host name or address: "a b"', n = 2 },
      table.pack(lev.set_resolver { search = { "a b" } }))
    for _, server in ipairs {
      "127.0.0.1", "127.0.0.1:53", "::1", "[::1]:53",
    } do
      assert.is_true(lev.set_resolver { servers = { server } })
    end
  end)

  it("raises for options of the wrong type", function()
    for _, bad in ipairs {
      { 5, "table expected" }, { { unknown = 1 }, "unknown option 'unknown'" },
      { { servers = "127.0.0.1" }, "servers: list of strings expected" },
      { { servers = { 5 } }, "servers: list of strings expected" },
      { { search = { {} } }, "search: list of strings expected" },
      { { timeout = -1 }, "timeout: must not be negative" },
      { { tries = 1.5 }, "tries: integer from 0 to 100 expected" },
      { { ndots = 16 }, "ndots: integer from 0 to 15 expected" },
      { { hosts_file = true }, "hosts_file: string or false expected" },
    } do
      local ok, err = pcall(lev.set_resolver, bad[1])
      assert.is_false(ok)
      assert.truthy(err:find(bad[2], 1, true), err)
    end
  end)

  it("goes back to the system's without options", net.inside(function()
    assert.is_true(lev.set_resolver())
    assert.is_true(lev.set_resolver(nil))
    assert.same({ "::1", "127.0.0.1" }, lev.resolve("localhost"))
  end))
end)
