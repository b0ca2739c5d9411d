-- Processes that do not start, do not listen, do not end: each is told
-- clearly, nothing is left behind, and nothing is lost.
-- Tests lev/lua/lua_process.cc.

local lev = require "lev"
local net = require "net_support"
local support = require "support"

local inside = net.inside

-- How many children this process has, zombies included. (Not counted by a
-- child of its own.)
local function count_children()
  local pid = net.pid()
  local file <close> = assert(
    io.open(("/proc/%d/task/%d/children"):format(pid, pid)))
  local _, count = file:read("a"):gsub("%d+", "")
  return count
end

-- The body leaves neither a descriptor nor a child.
local function clean(body)
  return function()
    local fds, children = net.count_fds(), count_children()
    net.run(body)
    assert.equal(fds, net.count_fds())
    assert.equal(children, count_children())
  end
end

local function write(text, mode)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  os.execute(("chmod %s %s"):format(mode, path))
  return path
end

describe("A program that cannot run is an error at once:", function()
  it("one that does not exist", clean(function()
    assert.same({ nil, "No such file or directory" },
      { lev.exec("/no/such/program") })
    assert.same({ nil, "No such file or directory" },
      { lev.exec("no-such-program") })
  end))

  it("one that is not executable", clean(function()
    local path = write("#!/bin/sh\n", "644")
    assert.same({ nil, "Permission denied" }, { lev.exec(path) })
    os.remove(path)
  end))

  it("a directory", clean(function()
    assert.same({ nil, "Permission denied" }, { lev.exec("/tmp") })
  end))

  it("one with a bad interpreter line", clean(function()
    local path = write("#!/no/such/interpreter\n", "755")
    assert.same({ nil, "No such file or directory", "interpreter" },
      { lev.exec(path) })
    os.remove(path)
  end))

  it("one without any", clean(function()
    local path = write("echo hello\n", "755")
    assert.same({ nil, "Exec format error" }, { lev.exec(path) })
    os.remove(path)
  end))

  it("a directory to run in that does not exist", clean(function()
    assert.same({ nil, "No such file or directory", "cwd" },
      { lev.exec("true", nil, { cwd = "/no/such/directory" }) })
  end))

  it("arguments that are too long", clean(function()
    assert.same({ nil, "Argument list too long" },
      { lev.exec("true", { ("x"):rep(1 << 20) }) })
  end))

  it("a name with a zero byte", clean(function()
    assert.same({ nil, "the program's name contains a zero byte" },
      { lev.exec("true\0x") })
  end))

  it("outside of a run", function()
    assert.has_error(function() lev.exec("true") end,
      "lev.exec: must be called within lev.run")
  end)
end)

describe("A child", function()
  it("that closes its input is told of as closed", clean(function()
    local proc <close> = assert(lev.exec("sh",
      { "-c", "exec <&-; echo closed; sleep 60" }))
    assert(proc:recv_until("\n", 5))
    assert.same({ nil, "closed", 0 }, { proc:send("x") })
    assert.is_true(proc:kill(lev.SIGKILL))
  end))

  it("that dies while it is sent to is told of as closed", clean(function()
    local proc <close> = assert(lev.exec("sleep", { "0.1" }))
    local sent, err, partial = proc:send(("x"):rep(1 << 20), 10)
    assert.is_nil(sent)
    assert.equal("closed", err)
    assert.is_true(partial > 0)
    assert.equal(0, proc:wait(5))
  end))

  it("that closes its output still runs", clean(function()
    local proc <close> = assert(lev.exec("sh",
      { "-c", "exec >&-; read x; exit 4" }))
    assert.equal("", proc:read_all(5))
    assert.equal("", proc:read_all(5))
    proc:send("\n")
    assert.equal(4, proc:wait(5))
  end))

  it("whose pipe another keeps open loses nothing to a timeout",
    clean(function()
      local proc <close> = assert(lev.exec("sh",
        { "-c", "echo text; (sleep 60) & exit 0" }, { pgroup = true }))
      assert.same({ nil, "timeout" }, { proc:read_all(0.2) })
      assert.equal("text\n", proc:recv(100, 5))
      proc:kill(lev.SIGKILL)
      assert.equal("", proc:read_all(5))
    end))

  it("that says too much is told of, and nothing is lost", clean(function()
    local proc <close> = assert(lev.exec("sh", { "-c", "echo 0123456789" }))
    assert.same({ nil, "output is larger than 10 bytes" },
      { proc:read_all { max_size = 10, timeout = 5 } })
    assert.equal("0123456789\n", proc:read_all { max_size = 11 })
  end))

  it("that is stopped has not ended", clean(function()
    local proc <close> = assert(lev.exec("sleep", { "60" }))
    proc:kill(lev.SIGSTOP)
    assert.same({ nil, "timeout" }, { proc:wait(0.05) })
  end))

  it("that is closed is killed, and who waits is told", clean(function()
    local proc = assert(lev.exec("cat"))
    local waiter = lev.spawn(function() return proc:wait() end)
    local reader = lev.spawn(function() return proc:recv(1) end)
    lev.yield()
    proc:close()
    assert.same({ nil, lev.SIGKILL }, { lev.await(waiter) })
    assert.same({ nil, "socket is closed" }, { lev.await(reader) })
    assert.same({ nil, "socket is closed" }, { proc:read_all() })
    assert.same({ nil, "No such process" }, { proc:kill() })
    assert.same({ nil, "socket is closed", 0 }, { proc:send("x") })
    assert.is_true(proc:close_stdin())
  end))

  it("has a reader at a time", clean(function()
    local proc <close> = assert(lev.exec("cat"))
    local reader = lev.spawn(function() return proc:recv(1) end)
    lev.yield()
    assert.same({ nil, "busy" }, { proc:read_all() })
    reader:abort()
  end))

  it("has none of our descriptors and signals", clean(function()
    lev.on_signal(lev.SIGUSR2, function() end)
    local listener <close> = net.listen()
    local proc <close> = assert(lev.exec("ls", { "/proc/self/fd" }))
    assert.equal("0\n1\n2\n3\n", proc:read_all(5))  -- 3: the directory.
    local status <close> = assert(lev.exec("cat", { "/proc/self/status" }))
    local text = status:read_all(5)
    assert.truthy(text:find("\nSigBlk:\t0000000000000000\n", 1, true))
    assert.truthy(text:find("\nSigIgn:\t0000000000000000\n", 1, true))
  end))
end)

describe("A task that waits", function()
  it("is told of by the process it waits for", clean(function()
    local proc <close> = assert(lev.exec("sleep", { "60" }))
    local tasks = {
      lev.spawn(function() proc:wait() end),
      lev.spawn(function() lev.exec_capture("sleep", { "60" }) end),
    }
    lev.yield()
    local objects = {}
    for _, entry in ipairs(lev.task_dump()) do
      objects[entry.id] = entry.wait and entry.wait.object
    end
    for _, task in ipairs(tasks) do task:abort() end
    assert.equal("lev.process: pid " .. proc:pid(), objects[tasks[1].id])
    assert.matches("^lev.capture: pid %d+$", objects[tasks[2].id])
  end))
end)

describe("Many children", function()
  it("run at once, and nothing is left of them", clean(function()
    local tasks = {}
    for i = 1, 100 do
      tasks[i] = lev.spawn(function()
        local proc <close> = assert(lev.exec("sh",
          { "-c", "read x; echo $x; exit " .. i }))
        proc:send(i .. "\n")
        assert.equal(i .. "\n", proc:read_all(20))
        return proc:wait(20)
      end)
    end
    for i = 1, 100 do assert.equal(i, lev.await(tasks[i])) end
  end))
end)

describe("The end of a run", function()
  it("kills and reaps whoever is left", function()
    local fds, children = net.count_fds(), count_children()
    local kept
    lev.run(function()
      kept = { assert(lev.exec("sleep", { "60" })), assert(lev.exec("cat")) }
      lev.spawn(function() kept[1]:wait() end)
      lev.spawn(function() lev.exec_capture("sleep", { "60" }) end)
      lev.sleep(0.01)
      lev.stop()
    end)
    assert.equal(children, count_children())
    assert.same({ nil, "No such process" }, { kept[1]:kill() })
    assert.is_true(kept[2]:close())
    kept = nil
    assert.equal(fds, net.count_fds())
  end)

  it("is not held up by a child that nobody waits for", function()
    local done = lev.run(function()
      lev.exec("sleep", { "60" })
      return "done"
    end)
    assert.equal("done", done)
  end)

  it("by os.exit, with children and handlers alive, is clean", function()
    for _, call in ipairs { "os.exit(3)", "os.exit(3, true)" } do
      local output, code = support.program((([[
        lev.run(function()
          local proc = assert(lev.exec("sleep", { "60" },
            { pdeathsig = lev.SIGKILL }))
          lev.on_signal(lev.SIGTERM, function() end)
          lev.spawn(function() proc:wait() end)
          lev.spawn(function()
            lev.exec_capture("sleep", { "60" }, { pdeathsig = lev.SIGKILL })
          end)
          lev.sleep(0.01)
          EXIT
        end)]]):gsub("EXIT", call)))
      assert.equal("", output)
      assert.equal(3, code)
    end
  end)
end)
