-- Tests lev/lua/lua_stdio.cc: the standard streams of a program of its own.

local net = require "net_support"
local lev = require "lev"
local files = require "file_support"

-- What a program prints whose main task is `body`, in a shell with `before`
-- in front of it and `after` behind it.
local function program(body, before, after)
  local path = files.path_of([[
    local lev = require "lev"
    -- Whether others who use the descriptor would find it non-blocking.
    function nonblocking(fd)
      local info = io.open("/proc/self/fdinfo/" .. fd):read("a")
      return tonumber(info:match("flags:%s*(%d+)"), 8) & 0x800 ~= 0
    end
    io.stdout:setvbuf("no")
    assert(lev.run(function()
  ]] .. body .. "\nreturn true end))")
  local host = net.shell("readlink /proc/" .. net.pid() .. "/exe"):gsub(
    "\n", "")
  return net.shell(("%s %s %s %s"):format(before or "", host, path,
    after or "2>&1"))
end

local ECHO = [[
  for line in lev.stdin():lines() do print("got " .. line) end
  print(nonblocking(0), nonblocking(1))
]]

describe("lev.stdin", function()
  it("reads a pipe while timers run", function()
    assert.equal("one\ntwo\nticked\nfalse\n", program([[
      local ticks = 0
      local clock = lev.spawn(function()
        while true do lev.sleep(0.01) ticks = ticks + 1 end
      end)
      for line in lev.stdin():lines() do print(line) end
      clock:abort()
      print(ticks > 1 and "ticked" or "stood still")
      print(nonblocking(0))
    ]], "(echo one; sleep 0.2; echo two) |"))
  end)

  it("is one object, for it reads ahead", function()
    assert.equal("true\none\ntwo\n", program([[
      print(lev.stdin() == lev.stdin())
      print((lev.stdin():recv_until("\n"):gsub("\n", "")))
      print((lev.stdin():recv_until("\n"):gsub("\n", "")))
    ]], "printf 'one\\ntwo\\n' |"))
  end)

  it("reads a file from where others have read", function()
    local path = files.path_of("first\nsecond\nthird\n")
    assert.equal("got second\ngot third\nfalse\tfalse\n", program(ECHO,
      "{ read line;", "2>&1; } < " .. path))
  end)

  it("reads a socket that others share", function()
    net.run(function()
      local listener, port = net.listen()
      local shell = ("exec 3<>/dev/tcp/127.0.0.1/%d; "):format(port)
      local output
      local task = lev.spawn(function()
        local path = files.path_of([[
          local lev = require "lev"
          assert(lev.run(function()
            for line in lev.stdin():lines() do
              assert(lev.stdout():send("got " .. line .. "\n"))
            end
            return true
          end))
        ]])
        local host = net.shell("readlink /proc/" .. net.pid() .. "/exe")
        return lev.exec_capture("bash", { "-c", shell ..
          host:gsub("\n", "") .. " " .. path .. " <&3 >&3; " ..
          "grep flags /proc/self/fdinfo/3" }, { timeout = 20 })
      end)
      local socket = assert(listener:accept(10))
      lev.sleep(0.05)
      assert(socket:send("one\ntwo\n"))
      socket:shutdown("w")
      assert.equal("got one\ngot two\n", (net.read_all(socket)))
      output = assert(task:await())
      assert.equal(0, output.code, output.stderr)
      local flags = tonumber(output.stdout:match("flags:%s*(%d+)"), 8)
      assert.equal(0, flags & 0x800)
      socket:close()
      listener:close()
    end)
  end)

  it("is at its end if it is /dev/null", function()
    assert.equal("nil\tclosed\n", program(
      "print(lev.stdin():recv(1))", "", "< /dev/null 2>&1"))
  end)

  it("is an error if it is closed", function()
    assert.equal("nil\tBad file descriptor\n", program(
      "print(lev.stdin())", "", "<&- 2>&1"))
  end)

  it("belongs to a run", function()
    local ok, err = pcall(lev.stdin)
    assert.is_false(ok)
    assert.truthy(err:find("lev.stdin: must be called within lev.run", 1,
      true))
  end)
end)

describe("lev.stdout", function()
  local BOTH = [[
    print("one")
    assert((lev.stdout().send or lev.stdout().write)(lev.stdout(), "two\n"))
    print("three")
    assert((lev.stderr().send or lev.stderr().write)(lev.stderr(), "four\n"))
    assert(not nonblocking(1) and not nonblocking(2))
  ]]

  it("goes with print into a pipe", function()
    assert.equal("one\ntwo\nthree\nfour\n", program(BOTH))
  end)

  it("goes with print into a file", function()
    local path = files.path_of("zero\n")
    program(BOTH, "", ">> " .. path .. " 2>&1")
    assert.equal("zero\none\ntwo\nthree\nfour\n", files.text_of(path))
    program(BOTH, "", "> " .. path .. " 2>&1")
    assert.equal("one\ntwo\nthree\nfour\n", files.text_of(path))
  end)

  it("waits for a slow reader, and nobody else does", function()
    local out = program([[
      local waited
      lev.spawn(function() lev.sleep(0.05) waited = true end)
      assert(lev.stdout():send(("x"):rep(300000)))
      assert(waited)
    ]], "", "| (sleep 0.3; wc -c)")
    assert.equal(300000, tonumber(out))
  end)
end)

describe("A terminal", function()
  it("is read line by line, and left as it was", function()
    net.run(function()
      local path = files.path_of([[
        local lev = require "lev"
        assert(lev.run(function()
          assert(lev.stdout():send("ready\n"))
          print("got " .. lev.stdin():recv_until("\n"))
          return true
        end))
      ]])
      local host = net.shell("readlink /proc/" .. net.pid() .. "/exe"):gsub(
        "\n", "")
      local script = ("s() { stty -g; grep flags /proc/self/fdinfo/0; }; " ..
        "a=$(s); %s %s; [ \"$a\" = \"$(s)\" ] && echo the same"):format(
        host, path)
      local shell <close> = assert(lev.exec("bash", { "-c", script },
        { pty = true }))
      assert(shell:recv_until("ready", 10))
      assert(shell:send("hello\n"))
      assert(shell:recv_until("got hello", 10))
      assert(shell:recv_until("the same", 10))
    end)
  end)
end)
