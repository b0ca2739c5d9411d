-- lev.exec_capture. Tests lev/lua/lua_capture.cc.

local lev = require "lev"
local net = require "net_support"

local inside = net.inside

local function shell(script, options)
  return lev.exec_capture("/bin/sh", { "-c", script }, options)
end

describe("lev.exec_capture", function()
  it("returns all of what a program says, and how it ends", inside(function()
    assert.same({ code = 3, stdout = "out\n", stderr = "err\n" },
      shell("echo out; echo err >&2; exit 3"))
    assert.same({ signal = lev.SIGKILL, stdout = "", stderr = "" },
      shell("kill -9 $$"))
  end))

  it("feeds the input while it reads both outputs", inside(function()
    local big = ("x"):rep(3 << 20)
    local result = assert(shell("tee /dev/stderr",
      { stdin = big, timeout = 20 }))
    assert.is_true(result.stdout == big)
    assert.is_true(result.stderr == big)
  end))

  it("has no input unless it is given one", inside(function()
    assert.equal("", shell("cat").stdout)
    assert.equal("null", shell("cat", { stdin = "null" }).stdout)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("from a file")
    file:close()
    assert.equal("from a file",
      shell("cat", { stdin = { file = path } }).stdout)
    os.remove(path)
  end))

  it("takes the options of lev.exec", inside(function()
    assert.same({ code = 0, stdout = "/usr 1\noops\n", stderr = "" },
      shell("echo $PWD $A; echo oops >&2", { cwd = "/usr",
        env = { A = "1" }, stderr_to_stdout = true }))
  end))

  it("does not mind a program that closes its input", inside(function()
    assert.equal("ok\n", shell("exec <&-; echo ok",
      { stdin = ("x"):rep(1 << 20) }).stdout)
  end))

  it("returns the error of a program that cannot run", inside(function()
    local before = net.count_fds()
    assert.same({ nil, "No such file or directory" },
      { lev.exec_capture("/no/such/program") })
    assert.same({ nil, "No such file or directory", "cwd" },
      { lev.exec_capture("true", nil, { cwd = "/no/such" }) })
    assert.equal(before, net.count_fds())
  end))

  it("ends a program that takes too long", inside(function()
    local result, err, partial = shell("echo begun; sleep 60",
      { timeout = 0.3 })
    assert.is_nil(result)
    assert.equal("timeout", err)
    assert.same({ signal = lev.SIGTERM, stdout = "begun\n", stderr = "" },
      partial)
  end))

  it("ends the whole group, and by force", inside(function()
    local result, err, partial = shell(
      "trap '' TERM; sleep 60 & echo begun; while :; do sleep 0.01; done",
      { timeout = 0.3, grace = 0.1 })
    assert.is_nil(result)
    assert.equal("timeout", err)
    assert.same({ signal = lev.SIGKILL, stdout = "begun\n", stderr = "" },
      partial)
  end))

  it("ends a program that says too much", inside(function()
    local result, err, partial = lev.exec_capture("yes", nil,
      { max_size = 100 })
    assert.is_nil(result)
    assert.equal("output is larger than 100 bytes", err)
    assert.equal(("y\n"):rep(50), partial.stdout)
  end))

  it("can be cancelled by a token", inside(function()
    local token = lev.cancel_token()
    local task = lev.spawn(function()
      return lev.exec_capture("sleep", { "60" }, { cancel = token })
    end)
    lev.sleep(0.01)
    token:cancel()
    local result, err, partial = lev.await(task)
    assert.is_nil(result)
    assert.equal("cancelled", err)
    assert.equal(lev.SIGTERM, partial.signal)
    assert.same({ nil, "cancelled" },
      { lev.exec_capture("sleep", { "60" }, { cancel = token }) })
  end))

  it("of a cancelled task ends the program and raises", inside(function()
    local raised
    local task = lev.spawn(function()
      local ok, err = pcall(lev.exec_capture, "sleep", { "60" })
      raised = not ok and tostring(err)
    end)
    lev.sleep(0.01)
    task:cancel("enough")
    lev.await(task)
    assert.truthy(raised:find("cancelled"))
  end))

  it("in a task that is cancelled begins nothing", inside(function()
    local path = os.tmpname()
    os.remove(path)
    local task = lev.spawn(function()
      pcall(lev.sleep, 60)
      lev.exec_capture("touch", { path })
    end)
    lev.yield()
    task:cancel()
    assert.same({ nil, "cancelled" }, { lev.await(task) })
    assert.is_nil(io.open(path))
  end))

  it("of an aborted task leaves nothing", inside(function()
    local before = net.count_fds()
    local task = lev.spawn(function() lev.exec_capture("sleep", { "60" }) end)
    lev.sleep(0.01)
    task:abort()
    assert.equal(before, net.count_fds())
  end))

  it("loses a race promptly", inside(function()
    assert.equal("won", lev.race {
      function() return lev.exec_capture("sleep", { "60" }) end,
      function() lev.sleep(0.01) return "won" end,
    })
  end))

  it("survives its coroutine being closed", inside(function()
    local thread
    local task = lev.spawn(function()
      thread = coroutine.running()
      lev.exec_capture("sleep", { "60" })
    end)
    lev.sleep(0.01)
    coroutine.close(thread)
    collectgarbage()
    collectgarbage()
    task:abort()
    lev.sleep(0.01)
  end))

  it("runs many at once", inside(function()
    local functions = {}
    for i = 1, 50 do
      functions[i] = function()
        return lev.exec_capture("cat", nil, { stdin = tostring(i) }).stdout
      end
    end
    for i, result in ipairs(assert(lev.all(functions))) do
      assert.equal(tostring(i), result[1])
    end
  end))

  local function rejects(title, expected, options)
    it("rejects " .. title, inside(function()
      local ok, text = pcall(lev.exec_capture, "true", nil, options)
      assert.is_false(ok)
      assert.truthy(text:find(expected, 1, true), text)
    end))
  end
  rejects("an unknown option", "unknown option 'pty'", { pty = true })
  rejects("a timeout of text", "timeout: number of seconds expected",
    { timeout = "1" })
  rejects("a negative grace", "grace: must not be negative", { grace = -1 })
  rejects("what is no token", "cancel: lev.cancel_token expected, got table",
    { cancel = {} })
  rejects("an odd limit", "max_size: integer from 0 to", { max_size = -1 })
end)
