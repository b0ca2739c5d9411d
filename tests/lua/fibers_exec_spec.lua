-- Tests lev/lua/faces/fibers/io/exec.lua. In real time: there are processes.

local fibers_support = require "fibers_support"
local net = require "net_support"
local fibers = require "fibers"
local exec = require "fibers.io.exec"
local sleep = require "fibers.sleep"

local failure = fibers_support.failure
local perform = fibers.perform

local function fiber(body) return fibers_support.fiber(body, true) end

local function sh(script, spec)
  spec = spec or {}
  spec[1], spec[2], spec[3] = "sh", "-c", script
  return exec.command(spec)
end

describe("a command", function()
  it("is also the module fibers.exec", function()
    assert.equal(exec, require "fibers.exec")
  end)

  it("starts when it is first asked for", fiber(function()
    local command = sh("exit 3")
    assert.same({ "pending" }, { command:status() })
    assert.is_nil(command:pid())
    assert.same({ "sh", "-c", "exit 3" }, command:argv())
    assert.same({ n = 4, "exited", 3, nil, nil },
                table.pack(perform(command:run_op())))
    assert.same({ "exited", 3 }, { command:status() })
    assert.is_number(command:pid())
    assert.same({ "exited", 3 }, { perform(command:run_op()) })
  end))

  it("may be positional strings", fiber(function()
    assert.equal("a b\n",
                 (perform(exec.command("echo", "a", "b")
                   :set_stdout("pipe"):output_op())))
  end))

  it("tells of the signal that killed it", fiber(function()
    local command = sh("kill -9 $$")
    assert.same({ n = 4, "signalled", nil, 9, nil },
                table.pack(perform(command:run_op())))
    assert.same({ "signalled", 9 }, { command:status() })
  end))

  it("ends with 127 if it cannot be run", fiber(function()
    local err = "No such file or directory"
    local command = exec.command("no-such-program-here")
    assert.same({ n = 4, "exited", 127, nil, err },
                table.pack(perform(command:run_op())))
    assert.same({ "exited", 127 }, { command:status() })
    assert.same({ "exited", 127, nil, err },
                { perform(sh("true", { cwd = "/no/such" }):run_op()) })
    assert.same({ "", "exited", 127, nil, err },
      { perform(exec.command { "no-such-program-here", stdout = "pipe" }
        :output_op()) })
  end))

  it("wants to be in a fiber", function()
    assert.equal("exec.command must be called from inside a fiber",
                 failure(exec.command, "true"))
  end)

  it("wants a program", fiber(function()
    assert.equal("exec.command: argv[1] must be non-nil",
                 failure(exec.command))
    assert.equal("exec.command: argv[1] must be non-nil",
                 failure(exec.command, nil, "x"))
    assert.equal("exec.command: at least one argv element required",
                 failure(exec.command, {}))
  end))

  it("wants known modes", fiber(function()
    assert.equal("invalid stdio mode: tty",
                 failure(exec.command, { "true", stdin = "tty" }))
    assert.equal("invalid stdio mode: stdout",
                 failure(exec.command, { "true", stdin = "stdout" }))
    assert.equal("invalid stdio configuration: 5",
                 failure(exec.command, { "true", stdout = 5 }))
  end))

  it("is configured before it starts", fiber(function()
    local command = exec.command("sh", "-c", "echo $LEV_X $0; pwd; cat >&2")
    assert.equal(command, command:set_stdin("null"):set_stdout("pipe")
      :set_stderr("null"):set_cwd("/"):set_env({ LEV_X = "x" })
      :set_flags({ setsid = true }):set_shutdown_grace(0.5))
    assert.equal("x sh\n/\n", (perform(command:output_op())))
    for _, name in ipairs { "stdin", "stdout", "stderr", "cwd", "env", "flags",
                            "shutdown_grace" } do
      assert.equal("command already started",
                   failure(command["set_" .. name], command, nil))
    end
  end))

  it("has the environment, and changes on top", fiber(function()
    local command = sh("echo $PATH $LEV_X", { env = { LEV_X = 5 },
      stdout = "pipe" })
    assert.equal(os.getenv("PATH") .. " 5\n",
                 (perform(command:output_op())))
  end))
end)

describe("output_op", function()
  it("reads all, and tells how it ended", fiber(function()
    assert.same({ n = 5, "out", "exited", 2, nil, nil },
      table.pack(perform(sh("printf out; exit 2"):output_op())))
  end))

  it("has nothing to read from if told so", fiber(function()
    assert.same({ n = 5, "", "failed", nil, nil, "no stdout stream available" },
      table.pack(perform(sh("true", { stdout = "null" }):output_op())))
  end))

  it("combined, has the errors as well", fiber(function()
    assert.equal("out err ",
      (perform(sh("printf 'out '; printf 'err ' >&2"):combined_output_op())))
    assert.equal("combined_output_op: stderr must not already be a pipe or " ..
                 "stream", failure(perform,
                   sh("true", { stderr = "pipe" }):combined_output_op()))
  end))

  it("can lose", fiber(function()
    local command = sh("sleep 60")
    assert.same({ 1 }, { perform(fibers.first_ready {
      sleep.sleep_op(0.01), command:output_op() }) })
    assert.equal("running", command:status())
  end))
end)

describe("streams of a command", function()
  it("are there for what is piped, and start it", fiber(function()
    local command = exec.command { "cat", stdin = "pipe", stdout = "pipe" }
    assert.is_nil(command:stderr_stream())
    assert.equal("pending", command:status())
    local input = command:stdin_stream()
    assert.equal("running", command:status())
    assert.equal(input, command:stdin_stream())
    assert.equal(6, input:write("one\n", 22))
    input:close()
    local output = command:stdout_stream()
    assert.same({ "one", "22", nil },
                { output:read(), output:read(), output:read() })
    assert.same({ "exited", 0 }, { perform(command:run_op()) })
  end))

  it("may be given, and stay open", fiber(function()
    local reader, writer = require("fibers.io.file").pipe()
    fibers.run_scope(function()
      local command = exec.command { "echo", "hello", stdout = writer }
      assert.equal(writer, command:stdout_stream())
      perform(command:run_op())
    end)
    assert.equal("hello", reader:read())
    assert.equal(1, writer:write("x"))
    writer:close()
    reader:close()
  end))
end)

describe("ending a command", function()
  it("by kill is sudden, or as one says", fiber(function()
    local command = sh("sleep 60")
    assert.same({ false, "command not started" }, { command:kill() })
    perform(command:run_op():or_else(function() end))
    assert.is_true(command:kill())
    assert.same({ "signalled", nil, 9 }, { perform(command:run_op()) })
    assert.is_true(command:kill())
    local other = sh("sleep 60")
    perform(other:run_op():or_else(function() end))
    other:kill(15)
    assert.same({ "signalled", nil, 15 }, { perform(other:run_op()) })
  end))

  it("by shutdown asks first", fiber(function()
    local command = exec.command("sleep", "60")
    assert.same({ n = 4, "signalled", nil, 15, nil },
                table.pack(perform(command:shutdown_op(30))))
  end))

  it("by shutdown insists after the grace", fiber(function()
    local command = sh("trap '' TERM; echo ready; while :; do sleep 1; done",
      { stdout = "pipe", flags = { setsid = true } })
    assert.equal("ready", command:stdout_stream():read())
    assert.same({ n = 4, "signalled", nil, 9, nil },
                table.pack(perform(command:shutdown_op(0.01))))
  end))

  it("happens at the end of the scope, and closes all", fiber(function()
    local before = net.count_fds()
    local command
    fibers.run_scope(function()
      command = exec.command { "sleep", "60", stdin = "pipe", stdout = "pipe" }
      command:stdin_stream()
    end)
    assert.same({ "signalled", 15 }, { command:status() })
    assert.equal(before, net.count_fds())
  end))

  it("happens when the scope fails, too", fiber(function()
    local command
    fibers.run_scope(function()
      command = exec.command("sleep", "60")
      fibers.spawn(function() sleep.sleep(0.01) error("boom") end)
      perform(command:run_op())
    end)
    assert.same({ "signalled", 15 }, { command:status() })
  end))

  it("does not start what was never asked for", fiber(function()
    local command
    fibers.run_scope(function() command = exec.command("sleep", "60") end)
    assert.is_nil(command:pid())
    assert.equal("failed", command:status())
  end))
end)
