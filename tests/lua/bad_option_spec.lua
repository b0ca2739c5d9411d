-- Options that are wrong: unknown, of another type, out of range.

local lev = require "lev"
local net = require "net_support"

describe("An option of the wrong type is named:", function()
  local function rejects(title, expected, body)
    it(title, net.inside(function()
      local ok, text = pcall(body)
      assert.is_false(ok)
      assert.truthy(text:find(expected, 1, true), text)
    end))
  end
  rejects("timeout as text", "timeout: number of seconds expected, got string",
    function() lev.connect("127.0.0.1", 1, { timeout = "5" }) end)
  rejects("timeout below zero", "timeout: must not be negative or NaN, is -1",
    function() lev.connect("127.0.0.1", 1, { timeout = -1 }) end)
  rejects("cancel as a boolean",
    "cancel: lev.cancel_token expected, got boolean",
    function() lev.connect("127.0.0.1", 1, { cancel = true }) end)
  rejects("backlog as text", "backlog: integer",
    function() lev.listen("127.0.0.1", 0, { backlog = "many" }) end)
  rejects("backlog below zero", "backlog: integer",
    function() lev.listen("127.0.0.1", 0, { backlog = -1 }) end)
  rejects("name as a table", "name: string expected, got table",
    function() lev.spawn(print, { name = {} }) end)
  rejects("an unknown key", "unknown option 'timeuot'",
    function() lev.connect("127.0.0.1", 1, { timeuot = 1 }) end)
  rejects("a key that only begins like an option", "unknown option 'timeout",
    function() lev.connect("127.0.0.1", 1, { ["timeout\0x"] = 1 }) end)
  rejects("max_size of zero", "max_size: positive integer expected",
    function() net.pair():recv_until("x", { max_size = 0 }) end)
  rejects("max_size as text", "max_size: positive integer expected",
    function() net.pair():recv_until("x", { max_size = "10" }) end)
  rejects("a socket option that does not exist", "unknown option 'nodely'",
    function() net.pair():setsockopt("nodely", true) end)
  rejects("a function list with a hole", "function expected at [2], got nil",
    function() lev.all { print, nil, print } end)
  rejects("a list whose length lies", "function expected",
    function()
      lev.race(setmetatable({ 1 }, { __len = function() return 0 end }))
    end)

  rejects("a list with named functions", "unexpected key 'first'",
    function() lev.all { first = print } end)

  it("a length metamethod does not make more functions than there are",
    net.inside(function()
      local list = setmetatable({ function() return "one" end },
        { __len = function() return 3 end })
      assert.same({ { "one" } }, lev.all(list))
    end))
end)
