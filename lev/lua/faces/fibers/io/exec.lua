-- fibers.io.exec: commands that belong to a scope, on top of lev.exec. What is
-- still running when the scope ends is told to stop, and then killed.
--
-- A command starts when it is first asked for something that needs it to.

local lev = ...

local fibers = require "fibers"
local stream = require "fibers.io.stream"

local exec = {}

local SIGTERM, SIGKILL = lev.SIGTERM, lev.SIGKILL
-- What the shell and execvp's callers know as "not found".
local NOT_FOUND = 127

local Command = { __name = "fibers.command" }
Command.__index = Command

-- Configuration.

local MODES = {
  stdin = { inherit = true, null = true, pipe = true },
  stdout = { inherit = true, null = true, pipe = true },
  stderr = { inherit = true, null = true, pipe = true, stdout = true },
}

local function check_mode(which, mode)
  if mode == nil then return "inherit" end
  if stream.is_stream(mode) then return mode end
  if type(mode) ~= "string" then
    error("invalid stdio configuration: " .. tostring(mode), 0)
  elseif not MODES[which][mode] then
    error("invalid stdio mode: " .. mode, 0)
  end
  return mode
end

local function set(self, name, value)
  if self._status ~= "pending" then error("command already started", 0) end
  self[name] = value
  return self
end

for which in pairs(MODES) do
  Command["set_" .. which] = function(self, mode)
    return set(self, "_" .. which, check_mode(which, mode))
  end
end

function Command:set_cwd(cwd) return set(self, "_cwd", cwd) end
function Command:set_env(env) return set(self, "_env", env) end
function Command:set_flags(flags) return set(self, "_flags", flags or {}) end

function Command:set_shutdown_grace(seconds)
  return set(self, "_grace", seconds)
end

-- Starting.

-- The own environment with the changes on top.
local function environment(changes)
  if not changes then return nil end
  local env = {}
  local file <close> = io.open("/proc/self/environ", "rb")
  local text = file and file:read("a") or ""
  for name, value in text:gmatch("([^=%z]+)=(%Z*)") do env[name] = value end
  for name, value in pairs(changes) do env[name] = tostring(value) end
  return env
end

local function stdio(mode)
  if stream.is_stream(mode) then return mode._source end
  return mode
end

local function options_of(self)
  local merged = self._stderr == "stdout"
  return { cwd = self._cwd, env = environment(self._env),
    stdin = stdio(self._stdin), stdout = stdio(self._stdout),
    stderr = not merged and stdio(self._stderr) or nil,
    stderr_to_stdout = merged or nil,
    pgroup = self._flags.setsid and true or nil }
end

local function own_stream(self, which, side)
  local source = self._process[which]
  if not source then return end
  self["_" .. which .. "_stream"] = stream.new(source, { [side] = true })
end

-- A program that cannot be run has ended as a shell would say it.
local function start(self)
  if self._status ~= "pending" then return end
  local process, err = lev.exec(self._argv[1],
    { table.unpack(self._argv, 2) }, options_of(self))
  if not process then
    self._status, self._code, self._err = "exited", NOT_FOUND, err
    return
  end
  self._status, self._process, self._pid = "running", process, process:pid()
  own_stream(self, "stdin", "writable")
  own_stream(self, "stdout", "readable")
  own_stream(self, "stderr", "readable")
end

-- Status.

local function ended(self, code, signal)
  if self._status ~= "running" then return end
  self._status = code and "exited" or "signalled"
  self._code, self._signal = code, signal
end

local function report(self)
  return self._status, self._code, self._signal, self._err
end

-- The process's end, without waiting.
local function look(self)
  if self._status ~= "running" then return end
  local operation = self._process:wait_op():wrap(function(...)
    ended(self, ...)
  end):or_else(function() end)
  lev.shield(lev.op.perform, operation)
end

-- -> "pending" | "running" | "exited", code | "signalled", signal
function Command:status()
  look(self)
  if self._status == "signalled" then return self._status, self._signal end
  return self._status, self._code
end

function Command:pid() return self._pid end

function Command:argv() return { table.unpack(self._argv) } end

for which in pairs(MODES) do
  -- The own end of the pipe, or the stream that was given; else nil.
  Command[which .. "_stream"] = function(self)
    local mode = self["_" .. which]
    if stream.is_stream(mode) then return mode end
    if mode ~= "pipe" then return nil end
    start(self)
    return self["_" .. which .. "_stream"]
  end
end

-- Waiting.

-- -> status, code, signal, err, as often as one likes
function Command:run_op()
  return lev.op.guard(function()
    start(self)
    if self._status ~= "running" then return lev.op.always(report(self)) end
    return self._process:wait_op():wrap(function(...)
      ended(self, ...)
      return report(self)
    end)
  end)
end

-- fn(...) in a task that goes when the operation loses.
local function task_op(fn, ...)
  local arguments = table.pack(...)
  return lev.op.guard(function()
    local task = lev.spawn(function()
      return fn(table.unpack(arguments, 1, arguments.n))
    end, { name = "command" })
    return task:join_op():wrap(function(...)
      if task.status == "failed" then error(select(2, ...), 0) end
      return ...
    end):on_abort(function() task:abort() end)
  end)
end

local function wait(self)
  if self._status == "running" then ended(self, self._process:wait()) end
  return report(self)
end

local function read_output(self)
  start(self)
  local output = self._stdout_stream
  if not output then
    if self._status == "exited" then return "", report(self) end
    return "", "failed", nil, nil, "no stdout stream available"
  end
  local text = lev.op.perform(output:read_all_op())
  return text, wait(self)
end

-- -> output, status, code, signal, err
function Command:output_op()
  return lev.op.guard(function()
    if self._status == "pending" and self._stdout == "inherit" then
      self._stdout = "pipe"
    end
    return task_op(read_output, self)
  end)
end

-- The same, with what goes to standard error.
function Command:combined_output_op()
  return lev.op.guard(function()
    local mode = self._stderr
    if mode == "pipe" or stream.is_stream(mode) then
      error("combined_output_op: stderr must not already be a pipe or stream",
        0)
    end
    if self._status == "pending" then self._stderr = "stdout" end
    return self:output_op()
  end)
end

-- Ending.

local function shut_down(self, grace)
  look(self)
  if self._status == "running" then
    self._process:kill(SIGTERM)
    local code, signal = self._process:wait(grace)
    if code == nil and signal == "timeout" then
      self._process:kill(SIGKILL)
    else
      ended(self, code, signal)
    end
  end
  return wait(self)
end

-- SIGTERM, and SIGKILL after the grace. -> status, code, signal, err
function Command:shutdown_op(grace)
  return lev.op.guard(function()
    start(self)
    return task_op(shut_down, self, grace or self._grace)
  end)
end

-- -> true | false, err
function Command:kill(signal)
  if self._status == "pending" then return false, "command not started" end
  look(self)
  if self._status ~= "running" then return true end
  local ok, err = self._process:kill(signal or SIGKILL)
  if ok then return true end
  return false, err
end

-- At the end of the scope. Streams that were given stay open.
local function leave(self)
  if self._status == "pending" then
    self._status, self._err = "failed", "the scope has ended"
    return
  end
  shut_down(self, self._grace)
  for which in pairs(MODES) do
    local own = self["_" .. which .. "_stream"]
    if own then own:close() end
  end
  if self._process then self._process:close() end
end

-- Making.

local function check_argv(argv, n)
  if n == 0 then
    error("exec.command: at least one argv element required", 0)
  end
  for i = 1, n do
    if argv[i] == nil then
      error(("exec.command: argv[%d] must be non-nil"):format(i), 0)
    end
    argv[i] = tostring(argv[i])
  end
  return argv
end

-- command{"program", argument, ..., option = ...} or command("program", ...)
function exec.command(first, ...)
  local current = fibers.current_scope()
  if not lev.current() or current:parent() == nil then
    error("exec.command must be called from inside a fiber", 0)
  end
  local spec = first
  if type(first) ~= "table" then
    spec = { n = 1 + select("#", ...), first, ... }
  end
  if first == nil then error("exec.command: argv[1] must be non-nil", 0) end
  local n = spec.n or #spec
  local self = setmetatable({ _status = "pending",
    _argv = check_argv({ table.unpack(spec, 1, n) }, n) }, Command)
  for which in pairs(MODES) do
    self["_" .. which] = check_mode(which, spec[which])
  end
  self._cwd, self._env, self._flags = spec.cwd, spec.env, spec.flags or {}
  self._grace = spec.shutdown_grace or 1.0
  current:defer(function() leave(self) end)
  return self
end

return exec
