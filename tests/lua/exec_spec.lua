-- lev.exec: how a program is started, talked to, and waited for.
-- Tests lev/lua/lua_process.cc, lev/lua/lua_exec_options.cc and
-- lev/lua/lua_launch.cc.

local lev = require "lev"
local net = require "net_support"

local inside = net.inside

-- Runs a script of the shell; returns its output and how it ended.
local function shell(script, options)
  local proc <close> = assert(lev.exec("/bin/sh", { "-c", script }, options))
  local output = assert(proc:read_all(10))
  return output, proc:wait(10)
end

describe("A process", function()
  it("is read to the end, and its exit code is told", inside(function()
    local proc = lev.exec("/bin/echo", { "hello" })
    assert.equal("hello\n", proc:read_all(5))
    local results = table.pack(proc:wait(5))
    assert.same({ 0, nil, n = 2 }, results)
    assert.is_true(proc:close())
    assert.is_true(proc:close())
  end))

  it("needs no arguments, and takes numbers as such", inside(function()
    local proc <close> = assert(lev.exec("pwd"))
    assert.equal(0, proc:wait(5))
    local other <close> = assert(lev.exec("echo", { 1, 2.5, "x y" }))
    assert.equal("1 2.5 x y\n", other:read_all(5))
  end))

  it("that a signal has killed tells which", inside(function()
    local proc <close> = assert(lev.exec("sleep", { "60" }))
    assert.is_true(proc:kill())
    assert.same({ nil, lev.SIGTERM, n = 2 }, table.pack(proc:wait(5)))
    assert.same({ nil, lev.SIGTERM, n = 2 }, table.pack(proc:wait(5)))
    assert.same({ nil, "No such process", n = 2 }, table.pack(proc:kill()))
  end))

  it("can be waited for by many", inside(function()
    local proc <close> = assert(lev.exec("sh", { "-c", "sleep 0.05; exit 3" }))
    local tasks = {}
    for i = 1, 3 do tasks[i] = lev.spawn(function() return proc:wait(5) end) end
    for i = 1, 3 do assert.equal(3, lev.await(tasks[i])) end
  end))

  it("has a wait that times out and can be cancelled", inside(function()
    local proc <close> = assert(lev.exec("sleep", { "60" }))
    assert.same({ nil, "timeout" }, { proc:wait(0.01) })
    local token = lev.cancel_token()
    token:cancel()
    assert.same({ nil, "cancelled" }, { proc:wait { cancel = token } })
    assert.is_true(proc:kill(0))
  end))

  it("has a number and a text", inside(function()
    local proc <close> = assert(lev.exec("sh", { "-c", "echo $$" }))
    assert.equal(proc:pid() .. "\n", proc:read_all(5))
    assert.equal("lev.process: pid " .. proc:pid(), tostring(proc))
    proc:wait(5)
    assert.truthy(tostring(proc):find("ended"))
    proc:close()
    assert.truthy(tostring(proc):find("closed"))
  end))

  it("echoes much data to two tasks", inside(function()
    local big = ("0123456789abcdef"):rep(256 * 1024)
    local proc = lev.exec("/bin/cat")
    local writer = lev.spawn(function()
      local sent = proc:send(big)
      proc:close_stdin()
      return sent
    end)
    local reader = lev.spawn(function() return proc:read_all(20) end)
    assert.equal(#big, lev.await(writer))
    assert.is_true(lev.await(reader) == big)
    assert.equal(0, proc:wait(5))
    proc:close()
  end))

  it("is talked to line by line", inside(function()
    local proc <close> = assert(lev.exec("cat"))
    assert.equal(4, proc:send("one\n"))
    assert.equal("on", proc:peek(2, 5))
    assert.equal("one\n", proc:recv_until("\n", 5))
    proc:send("two three")
    assert.equal("two", proc:recv_exactly(3, 5))
    assert.equal(" three", proc:recv(100, 5))
    assert.is_true(proc:close_stdin())
    assert.same({ nil, "closed" }, { proc:recv(100, 5) })
    assert.same({ nil, "socket is closed", 0 }, { proc:send("x") })
  end))

  it("has lines", inside(function()
    local proc <close> = assert(lev.exec("printf", { "a\\nb\\nc" }))
    local lines = {}
    for line in proc:lines() do lines[#lines + 1] = line end
    assert.same({ "a", "b", "c" }, lines)
  end))

  it("has its errors apart, or among its output", inside(function()
    local script = { "-c", "echo out; echo err >&2" }
    local proc <close> = assert(lev.exec("sh", script))
    assert.equal("err\n", proc:recv_stderr(100, 5))
    assert.equal("out\n", proc:read_all(5))
    local merged <close> = assert(
      lev.exec("sh", script, { stderr_to_stdout = true }))
    assert.equal("out\nerr\n", merged:read_all(5))
    assert.is_nil(merged.stderr)
    assert.same({ nil, "stderr is not piped" }, { merged:recv_stderr(1) })
  end))

  it("has its streams as fields", inside(function()
    local proc <close> = assert(lev.exec("cat", nil, { stderr = "null" }))
    assert.truthy(tostring(proc.stdin):find("^lev.pipe: fd"))
    proc.stdin:send("direct")
    assert.equal("direct", proc.stdout:recv(100, 5))
    assert.is_nil(proc.stderr)
    assert.is_nil(proc.unknown)
    assert.is_nil(proc[1])
  end))

  it("lives as long as one of its streams is held", inside(function()
    local stdin, stdout
    do
      local proc = assert(lev.exec("cat"))
      stdin, stdout = proc.stdin, proc.stdout
    end
    collectgarbage()
    collectgarbage()
    stdin:send("still there")
    assert.equal("still there", stdout:recv(100, 5))
  end))

  it("that nobody holds is closed by the collector", inside(function()
    local before = net.count_fds()
    local pid = assert(lev.exec("sleep", { "60" })):pid()
    collectgarbage()
    collectgarbage()
    assert.equal(before, net.count_fds())
    assert.is_nil(io.open(("/proc/%d/stat"):format(pid)))
  end))
end)

describe("An option of lev.exec:", function()
  it("cwd", inside(function()
    assert.equal("/usr\n", (shell("pwd", { cwd = "/usr" })))
  end))

  it("env as a list", inside(function()
    assert.equal("1 2 3:\n", (shell("echo $A $B:$HOME",
      { env = { "A=1", "B=2 3" } })))
  end))

  it("env as a table of names", inside(function()
    local output = shell("echo $A $B", { env = { A = "1", B = 2, "C=3" } })
    assert.equal("1 2\n", output)
    local proc <close> = assert(lev.exec("/usr/bin/env", nil, { env = {} }))
    assert.equal("", proc:read_all(5))
  end))

  it("stdin, stdout, stderr as null or inherited", inside(function()
    local proc <close> = assert(lev.exec("sh", { "-c", "cat; exit 5" },
      { stdin = "null", stdout = "null", stderr = "inherit" }))
    assert.equal(5, proc:wait(5))
    assert.same({ nil, "stdin is not piped" }, { proc:send("x") })
    assert.same({ nil, "stdin is not piped" }, { proc:close_stdin() })
    assert.same({ nil, "stdout is not piped" }, { proc:read_all() })
  end))

  it("stdin and stdout as files", inside(function()
    local path = os.tmpname()
    local function run(options)
      local proc <close> = assert(lev.exec("cat", nil, options))
      if proc.stdin then
        proc:send("text,")
        proc:close_stdin()
      end
      local output = proc.stdout and proc:read_all(5)
      assert.equal(0, proc:wait(5))
      return output
    end
    run { stdout = { file = path } }
    run { stdout = { file = path, mode = "w" } }
    run { stdout = { file = path, mode = "a" } }
    assert.equal("text,text,", run { stdin = { file = path } })
    os.remove(path)
  end))

  it("stdout as an object, a number, and a file of the io library",
    inside(function()
      local a, b = net.pair()
      for _, target in ipairs { b, b:fd() } do
        local proc <close> = assert(
          lev.exec("echo", { "there" }, { stdout = target }))
        assert.equal("there\n", a:recv(100, 5))
        proc:wait(5)
      end
      local file <close> = io.tmpfile()
      local proc <close> = assert(lev.exec("echo", { "there" },
        { stdout = file }))
      proc:wait(5)
      file:seek("set")
      assert.equal("there\n", file:read("a"))
    end))

  it("a file that is not there", inside(function()
    local before = net.count_fds()
    assert.same({ nil, "No such file or directory", "stdin" },
      { lev.exec("cat", nil, { stdin = { file = "/no/such/file" } }) })
    assert.equal(before, net.count_fds())
  end))

  it("pgroup: the whole group is signalled and closed", inside(function()
    local script = "sleep 60 & echo $!; wait"
    local proc = assert(lev.exec("sh", { "-c", script }, { pgroup = true }))
    assert(proc:recv_until("\n", 5))
    assert.is_true(proc:kill(lev.SIGTERM))
    assert.same({ nil, "closed" }, { proc:recv(1, 5) })
    proc:close()
    proc = assert(lev.exec("sh", { "-c", script }, { pgroup = true }))
    local stdout = proc.stdout
    local sleeper = tonumber((proc:recv_until("\n", 5)))
    proc:close()
    assert.same({ nil, "socket is closed" }, { stdout:recv(1) })
    for _ = 1, 500 do
      local stat = io.open(("/proc/%d/stat"):format(sleeper))
      if not stat or stat:read("a"):find("%) [ZX]") then return end
      lev.sleep(0.01)
    end
    error("the grandchild lives")
  end))

  it("rlimits", inside(function()
    assert.equal("20\n30\n", (shell("ulimit -n; ulimit -Hn",
      { rlimits = { nofile = { 20, 30 } } })))
    assert.equal("0\n", (shell("ulimit -c", { rlimits = { core = 0 } })))
    assert.equal("unlimited\n", (shell("ulimit -Sf",
      { rlimits = { fsize = { math.huge, math.huge } } })))
    assert.same({ nil, "Invalid argument", "rlimits" },
      { lev.exec("true", nil, { rlimits = { nofile = { 2, 1 } } }) })
  end))

  it("uid and gid: to become oneself is allowed", inside(function()
    local uid = tonumber((net.shell("id -u")))
    local gid = tonumber((net.shell("id -g")))
    assert.equal(uid .. "\n", (shell("id -u", { uid = uid, gid = gid })))
  end))

  it("pdeathsig", inside(function()
    assert.equal("ok\n", (shell("echo ok", { pdeathsig = lev.SIGKILL })))
  end))

  it("pty: the program is at a terminal", inside(function()
    local proc <close> = assert(lev.exec("sh",
      { "-c", "tty; stty size; read x; stty size; cat" },
      { pty = { rows = 30, cols = 100 } }))
    assert.truthy(proc:recv_until("\n", 5):find("^/dev/pts/"))
    assert.equal("30 100\r\n", proc:recv_until("\n", 5))
    assert.equal(proc.stdin, proc.stdout)
    assert.is_nil(proc.stderr)
    assert.is_true(proc:resize(10, 20))
    proc:send("\n")
    assert.equal("\r\n10 20\r\n", proc:recv_exactly(9, 5))
    assert.is_true(proc:close_stdin())
    assert.equal(0, proc:wait(5))
    assert.same({ nil, "closed" }, { proc:recv(100, 5) })
  end))

  it("pty: close_stdin types the end, whatever else it is given",
    inside(function()
      local cat <close> = assert(lev.exec("cat", {}, { pty = true }))
      assert.is_true(cat:close_stdin(1))
      assert.equal(0, cat:wait(5))
    end))

  it("pty: what is typed as ^C interrupts", inside(function()
    local proc <close> = assert(lev.exec("sh",
      { "-c", "trap 'exit 3' INT; echo go; read x" },
      { pty = true, stderr = "pipe" }))
    proc:recv_until("go", 5)
    proc:send("\3")
    assert.equal(3, proc:wait(5))
    assert.truthy(proc.stderr)
  end))

  it("no pty, nothing to resize", inside(function()
    local proc <close> = assert(lev.exec("true"))
    assert.same({ nil, "the process has no terminal" }, { proc:resize(1, 1) })
  end))

  local function rejects(title, expected, options, args)
    it(title, inside(function()
      local ok, text = pcall(lev.exec, "true", args, options)
      assert.is_false(ok)
      assert.truthy(text:find(expected, 1, true), text)
    end))
  end
  rejects("an unknown one", "unknown option 'cmd'", { cmd = 1 })
  rejects("cwd that is no text", "cwd: string expected, got number",
    { cwd = 1 })
  rejects("env that is no table", "env: table expected, got string",
    { env = "A=1" })
  rejects("env with a hole's table", "env: 'NAME=value' expected at [1]",
    { env = { {} } })
  rejects("env with an odd value", "env: string expected for 'A', got boolean",
    { env = { A = true } })
  rejects("env with an odd name", "env: 'A=B' cannot be a name",
    { env = { ["A=B"] = "1" } })
  rejects("env with an odd key", "env: a list or names expected",
    { env = { [true] = "1" } })
  rejects("stdin of an odd name", "stdin: 'pipe', 'inherit', 'null'",
    { stdin = "pip" })
  rejects("stdin without a descriptor", "stdin: 'pipe', 'inherit', 'null'",
    { stdin = {} })
  rejects("a file with an odd mode", "stdout: mode 'r', 'w' or 'a' expected",
    { stdout = { file = "x", mode = "rw" } })
  rejects("a file with an odd key", "stdout: unknown option 'path'",
    { stdout = { file = "x", path = "y" } })
  rejects("a file with an odd name", "stdout: file: string expected",
    { stdout = { file = true } })
  rejects("an odd limit", "rlimits: unknown option 'files'",
    { rlimits = { files = 1 } })
  rejects("a limit below zero", "rlimits: nofile: integer from 0 on expected",
    { rlimits = { nofile = -1 } })
  rejects("half a limit", "rlimits: nofile: integer from 0 on expected",
    { rlimits = { nofile = { 1 } } })
  rejects("limits that are no table", "rlimits: table expected, got number",
    { rlimits = 1 })
  rejects("an odd uid", "uid: integer from 0 to", { uid = -1 })
  rejects("an odd pdeathsig", "pdeathsig: integer from 0 to 64 expected",
    { pdeathsig = 65 })
  rejects("an odd pty", "pty: true or table expected, got number", { pty = 1 })
  rejects("an odd size", "pty: rows: integer from 1 to 65535 expected",
    { pty = { rows = 0 } })
  rejects("an odd key of pty", "pty: unknown option 'columns'",
    { pty = { columns = 1 } })
  rejects("an argument that is no text", "string expected at [2], got boolean",
    nil, { "a", true })
end)
