-- Every example runs under the program `lev` and under a plain Lua, and does
-- what it is for.

local dns = require "dns_support"
local lev = require "lev"
local net = require "net_support"

-- Runs `body(interpreter)` as a test under each.
local function under_both(title, body)
  it(title .. ", under lev", function() body("lev/lua/lev") end)
  it(title .. ", under a plain Lua", function() body(arg[-1]) end)
end

-- The output of an example to its end; it must be content.
local function output_of(interpreter, words)
  local file = assert(io.popen(interpreter .. " examples/" .. words .. " 2>&1"))
  local output = file:read("a")
  assert.is_true(file:close(), output)
  return output
end

-- Runs a server, an example that says on which port it listens, as long as
-- `talk(port, process)` takes. In a run.
local function with_server(interpreter, words, talk)
  local process <close> = assert(lev.exec("sh",
    { "-c", "exec " .. interpreter .. " examples/" .. words }))
  local line = assert(process:recv_until("\n", 30))
  return talk(tonumber(line:match("port (%d+)\n")), process)
end

describe("examples/quickstart.lua", function()
  under_both("echoes a hundred clients, races and stops", function(lua)
    assert.equal("100 clients were echoed\n" ..
                 "the race was won by the timeout\n" ..
                 "the server stopped: cancelled\n" ..
                 "done\n", output_of(lua, "quickstart.lua"))
  end)
end)

describe("examples/fan_out_fail_fast.lua", function()
  under_both("stops all fetches when one fails", function(lua)
    assert.equal("fast is here\n" ..
                 "slow was stopped\n" ..
                 "failed: broken: no such page\n",
                 output_of(lua, "fan_out_fail_fast.lua"))
  end)
end)

describe("examples/worker_pool.lua", function()
  under_both("does all jobs but the broken one", function(lua)
    assert.equal("failed: job 5 is broken\nthe sum is 260\n",
                 output_of(lua, "worker_pool.lua"))
  end)
end)

describe("examples/select_timeout.lua", function()
  under_both("does one thing at a time, and loses nothing", function(lua)
    local output = output_of(lua, "select_timeout.lua")
    assert.matches("^news: news 1\nnews: news 2\n", output)
    assert.matches("timeout: no news for 0.15 s\n", output)
    assert.matches("stopped: the user has left\nleft over: news 4\n$", output)
  end)
end)

describe("examples/echo_server.lua", function()
  under_both("echoes until it is killed", function(lua)
    net.run(function()
      with_server(lua, "echo_server.lua 0", function(port)
        local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
        socket:send("ping\n")
        assert.equal("ping\n", (socket:recv_until("\n", 5)))
      end)
    end)
  end)
end)

describe("examples/udp_dns_query.lua", function()
  under_both("asks a name server", function(lua)
    local stop <close> = setmetatable({}, { __close = dns.serve {
      "lev.test A 192.0.2.1", "lev.test A 192.0.2.2" } })
    local server = dns.server:gsub(":", " ")
    assert.equal("192.0.2.1\n192.0.2.2\n",
                 output_of(lua, "udp_dns_query.lua lev.test " .. server))
    local file = io.popen(lua .. " examples/udp_dns_query.lua no.test " ..
      server)
    assert.equal("no address, code 3\n", file:read("a"))
    assert.is_nil(file:close())
  end)
end)

describe("examples/subprocess_pipeline.lua", function()
  under_both("counts words", function(lua)
    local output = output_of(lua, "subprocess_pipeline.lua")
    assert.matches("^and\t1\n", output)
    assert.matches("\nthe\t3\n", output)
    assert.matches("\ntr%-sort carried 56 bytes\n" ..
      "sort%-uniq carried 56 bytes\nexit codes\t0\t0\t0\n$", output)
  end)

  under_both("counts those of a file larger than a pipe", function(lua)
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    for _ = 1, 50000 do assert(file:write("one two two\n")) end
    file:flush()
    local output = output_of(lua, "subprocess_pipeline.lua " .. path)
    os.remove(path)
    assert.matches("^one\t50000\ntwo\t100000\n", output)
  end)
end)

describe("examples/tls_echo.lua", function()
  under_both("echoes in secret, and to no stranger", function(lua)
    assert.matches("^hello, in secret\nTLSv1.3\t%w+\tverified\n" ..
      "nil\tcertificate verify failed: hostname mismatch\n$",
      output_of(lua, "tls_echo.lua"))
  end)
end)

describe("examples/graceful_shutdown.lua", function()
  -- Connections that wait for work of so many seconds (nil: that are idle).
  local function clients(port, works)
    local sockets = {}
    for i = 1, works.n do
      sockets[i] = assert(lev.connect("127.0.0.1", port, 5))
      -- One answer, so that its task has begun; then the work.
      sockets[i]:send("0\n")
      assert.equal("done\n", (sockets[i]:recv_until("\n", 5)))
      if works[i] then sockets[i]:send(works[i] .. "\n") end
    end
    return table.unpack(sockets)
  end

  under_both("lets work end, within the grace", function(lua)
    net.run(function()
      with_server(lua, "graceful_shutdown.lua 0 3", function(port, process)
        local idle, short, long = clients(port, table.pack(nil, 0.3, 3600))
        process:kill(lev.SIGTERM)
        assert.same({ nil, "closed" }, { idle:recv(1, 20) })
        assert.equal("done\n", (short:recv_until("\n", 20)))
        assert.same({ nil, "closed" }, { long:recv(1, 20) })
        assert.equal("stopped; 1 cancelled\n", (process:read_all(20)))
        assert.equal(0, (process:wait(20)))
      end)
    end)
  end)
end)

describe("examples/replicated_kv.lua", function()
  under_both("keeps what was acknowledged when the leader stops", function(lua)
    local output = output_of(lua, "replicated_kv.lua")
    assert.matches("^node %d leads in term %d+\n", output)
    assert.matches("\nset color blue\tblue\nnode %d leads in term %d+\n",
                   output)
    assert.matches("\nget color\tblue\n", output)
  end)
end)

describe("examples/within_luv.lua", function()
  it("runs in the loop of luv", function()
    assert.equal("HELLO\nFROM\nLEV\nluv ticked meanwhile\tdone\n",
                 output_of(arg[-1], "within_luv.lua"))
  end)
end)

describe("every example", function()
  it("has at most sixty lines, the replicated store 150", function()
    for path in io.popen("ls examples/*.lua examples/*.cc"):lines() do
      local count = 0
      for _ in io.lines(path) do count = count + 1 end
      local most = path:match("/replicated_kv.lua$") and 150 or 60
      assert.is_true(count <= most, path)
    end
  end)
end)
