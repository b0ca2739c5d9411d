-- Every example runs under the program `lev`, and does what it is for.

local lev = require "lev"

local function open(command)
  return assert(io.popen("lev/lua/lev " .. command .. " 2>&1"))
end

describe("examples/quickstart.lua", function()
  it("echoes a hundred clients, races and stops", function()
    local program = open("examples/quickstart.lua")
    local output = program:read("a")
    assert.is_true(program:close())
    assert.equal("100 clients were echoed\n" ..
                 "the race was won by the timeout\n" ..
                 "the server stopped: cancelled\n" ..
                 "done\n", output)
  end)

  it("runs under a plain Lua as well", function()
    local file = assert(io.popen(arg[-1] .. " examples/quickstart.lua"))
    assert.matches("done\n$", file:read("a"))
    assert.is_true(file:close())
  end)
end)

describe("examples/echo_server.lua", function()
  it("echoes until it is killed", function()
    local server = assert(io.popen(
      "lev/lua/lev examples/echo_server.lua 0 & echo $!; wait"))
    local pid = server:read("l")
    local port = tonumber(server:read("l"):match("port (%d+)$"))
    local echoed = lev.run(function()
      local socket = lev.own(assert(lev.connect("127.0.0.1", port, 5)))
      socket:send("ping\n")
      return socket:recv_until("\n", 5)
    end)
    os.execute("kill " .. pid)
    server:close()
    assert.equal("ping\n", echoed)
  end)
end)

describe("every example", function()
  it("has at most sixty lines", function()
    for _, name in ipairs { "quickstart", "echo_server" } do
      local count = 0
      for _ in io.lines("examples/" .. name .. ".lua") do count = count + 1 end
      assert.is_true(count <= 60, name)
    end
  end)
end)
