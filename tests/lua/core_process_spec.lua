-- Tests lev/lua/lua_core_process.cc: lev.core's child processes, and its
-- signals.

local core = require "lev.core"
local lev = require "lev"
local net = require "net_support"

local WAIT = 20

local inside = require "core_support".inside

local function spawn(path, argv, options)
  return assert(core.subprocess_spawn(path, argv, options))
end

local function sh(script, options)
  return spawn("/bin/sh", { "-c", script }, options)
end

-- Everything that comes by `method`, and why it ended.
local function read_all(process, method, fd)
  local pieces = {}
  while true do
    local data, err = process[method](process, 1 << 16)
    if data then
      pieces[#pieces + 1] = data
    elseif err ~= "EAGAIN" then
      return table.concat(pieces), err
    else
      assert(core.wait_readable(process[fd](process), WAIT))
    end
  end
end

local function output(process)
  return read_all(process, "read", "stdout_fd")
end

local function wait(process)
  while true do
    local code, signal = process:waitid_pidfd()
    if code or signal ~= "EAGAIN" then return code, signal end
    assert(core.wait_readable(process:pidfd(), WAIT))
  end
end

describe("subprocess_spawn", function()
  it("starts a program, whose output and end can be waited for",
    inside(function()
      local process <close> = spawn("/bin/echo", { "hello", "you" })
      assert.same({ "hello you\n", "closed" }, { output(process) })
      assert.same({ 0, nil, n = 2 }, table.pack(wait(process)))
      assert.same({ 0, nil, n = 2 }, table.pack(process:waitid_pidfd()))
    end))

  it("says why it could not", inside(function()
    assert.same({ nil, "No such file or directory", n = 2 },
      table.pack(core.subprocess_spawn("/no/such/program")))
  end))

  it("takes the options of lev.exec, but no terminal", inside(function()
    local process <close> = sh("pwd; echo $A; echo err >&2",
      { cwd = "/", env = { "A=b" }, stderr_to_stdout = true })
    assert.equal("/\nb\nerr\n", (output(process)))
    assert.equal(-1, process:stderr_fd())
    local ok, err = pcall(core.subprocess_spawn, "x", {}, { pty = true })
    assert.is_false(ok)
    assert.matches("bad argument #3", err)
  end))

  it("names the argument that is wrong", inside(function()
    for place, arguments in pairs { { 1 }, { "x", 1 }, { "x", {}, 1 } } do
      local ok, err = pcall(core.subprocess_spawn, table.unpack(arguments))
      assert.is_false(ok)
      assert.matches("bad argument #" .. place, err)
    end
  end))

  it("is for within a loop", function()
    local ok, err = pcall(core.subprocess_spawn, "/bin/true")
    assert.is_false(ok)
    assert.matches("must be called within lev.run", err)
  end)
end)

describe("A process of lev.core", function()
  it("never waits", inside(function()
    local process <close> = spawn("/bin/cat")
    assert.same({ nil, "EAGAIN" }, { process:read(10) })
    assert.same({ nil, "EAGAIN" }, { process:read_stderr(10) })
    assert.same({ nil, "EAGAIN" }, { process:waitid_pidfd() })
    assert.equal(3, process:write("abc"))
    assert.is_true(process:close_stdin())
    assert.equal("abc", (output(process)))
    assert.equal(0, wait(process))
  end))

  it("takes and gives more than a pipe holds", inside(function(loop)
    local process <close> = spawn("/bin/cat")
    local data, sent = ("0123456789"):rep(50000), 0
    core.spawn(loop, coroutine.create(function()
      while sent < #data do
        local count, err = process:write(data:sub(sent + 1))
        if count then
          sent = sent + count
        else
          assert.equal("EAGAIN", err)
          assert(core.wait_writable(process:stdin_fd(), WAIT))
        end
      end
      process:close_stdin()
    end))
    assert.is_true(data == output(process))
  end))

  it("has errors of its own", inside(function()
    local process <close> = sh("echo out; echo err >&2")
    assert.equal("err\n", (read_all(process, "read_stderr", "stderr_fd")))
    assert.equal("out\n", (output(process)))
  end))

  it("can be killed", inside(function()
    local process <close> = spawn("/bin/sleep", { "1000" })
    assert.is_true(process:kill())
    assert.same({ nil, lev.SIGTERM, n = 2 }, table.pack(wait(process)))
    assert.same({ nil, "No such process" }, { process:kill() })
  end))

  it("says closed to who writes to nobody, and nobody dies of it",
    inside(function()
      local process <close> = spawn("/bin/true")
      wait(process)
      assert.same({ nil, "closed" }, { process:write("x") })
    end))

  it("has a pid and a pidfd", inside(function()
    local process <close> = sh("echo $$")
    assert.equal(process:pid() .. "\n", (output(process)))
    assert.is_true(process:pidfd() >= 0)
    assert.matches("^lev.core.process: pid %d+$", tostring(process))
  end))

  it("is of no use when it is closed, and its child is gone",
    inside(function()
      local process = spawn("/bin/sleep", { "1000" })
      assert.is_true(process:close())
      assert.is_true(process:close())
      assert.is_nil(io.open(("/proc/%d/stat"):format(process:pid())))
      assert.same({ nil, "socket is closed" }, { process:read(1) })
      assert.same({ nil, "socket is closed" }, { process:write("x") })
      assert.same({ -1, -1, -1, -1 }, { process:stdin_fd(),
        process:stdout_fd(), process:stderr_fd(), process:pidfd() })
      assert.matches("closed", tostring(process))
    end))

  it("is closed with its run, and leaves no descriptor", function()
    local before, kept = net.count_fds(), nil
    inside(function() kept = spawn("/bin/sleep", { "1000" }) end)()
    assert.is_nil(io.open(("/proc/%d/stat"):format(kept:pid())))
    assert.equal(before, net.count_fds())
  end)

  it("is closed while somebody waits for it", inside(function(loop)
    local process = spawn("/bin/sleep", { "1000" })
    core.spawn(loop, coroutine.create(function() process:close() end))
    assert.same({ nil, "Bad file descriptor" },
      { core.wait_readable(process:stdout_fd(), WAIT) })
  end))
end)

describe("signal_setup", function()
  it("calls a function for each signal, which may wake coroutines",
    inside(function(loop)
      local main = coroutine.running()
      assert(core.signal_setup(lev.SIGUSR2, function(signal)
        core.ready_enqueue(loop, main, signal)
      end))
      os.execute("kill -USR2 " .. net.pid())
      assert.equal(lev.SIGUSR2, core.yield_to_loop())
    end))

  it("keeps no loop going, but from being a deadlock", function()
    assert.equal("true\nexit 0\n", net.subprocess [[
      local core, lev = require "lev.core", require "lev"
      local loop = core.loop_new()
      core.spawn(loop, coroutine.create(function()
        core.signal_setup(lev.SIGTERM, function() core.loop_stop(loop) end)
        local pid = io.open("/proc/self/stat"):read("n")
        os.execute("(sleep 0.1; kill " .. pid .. ") &")
        core.yield_to_loop()
      end))
      print(core.loop_run(loop))]])
  end)
end)
