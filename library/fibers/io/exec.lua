---@meta fibers.io.exec

---@class fibers.io.exec
local exec = {}

---@alias fibers.Stdio "inherit"|"null"|"pipe"|fibers.Stream|nil

---@class fibers.CommandSpec
---@field [integer] string|number
---@field cwd? string
---@field env? table<string, string|number> Changes to the environment.
---@field flags? {setsid: boolean?}
---@field stdin? fibers.Stdio
---@field stdout? fibers.Stdio
---@field stderr? fibers.Stdio|"stdout"
---@field shutdown_grace? number Seconds: 1 if not given.

---@alias fibers.CommandStatus "pending"|"running"|"exited"|"signalled"|"failed"

---A command, which ends with the scope it was made in.
---@class fibers.Command
local Command = {}

---A command that starts when it is first asked for something.
---@param spec fibers.CommandSpec|string
---@param ... string|number Arguments, after a string.
---@return fibers.Command command
---@nodiscard
function exec.command(spec, ...) end

---How it is: with the exit code or the signal.
---@return fibers.CommandStatus status
---@return integer? code_or_signal
---@nodiscard
function Command:status() end

---The id of its process; nil before it starts.
---@return integer? pid
---@nodiscard
function Command:pid() end

---The program and its arguments.
---@return string[] argv
---@nodiscard
function Command:argv() end

---Gives status, code, signal and error, when it has ended.
---@return lev.Op op
---@nodiscard
function Command:run_op() end

---Gives all its output, and then what run_op gives.
---@return lev.Op op
---@nodiscard
function Command:output_op() end

---Gives all its output and its errors, and then what run_op gives.
---@return lev.Op op
---@nodiscard
function Command:combined_output_op() end

---Asks it to end, and insists after the grace; gives what run_op gives.
---@param grace? number
---@return lev.Op op
---@nodiscard
function Command:shutdown_op(grace) end

---Sends it a signal, SIGKILL if none is named.
---@param signal? integer
---@return boolean ok
---@return string? err
function Command:kill(signal) end

---Its input, if that is piped.
---@return fibers.Stream? stream
---@nodiscard
function Command:stdin_stream() end

---Its output, if that is piped.
---@return fibers.Stream? stream
---@nodiscard
function Command:stdout_stream() end

---Its errors, if they are piped.
---@return fibers.Stream? stream
---@nodiscard
function Command:stderr_stream() end

---Where its input comes from.
---@param mode fibers.Stdio
---@return fibers.Command self
function Command:set_stdin(mode) end

---Where its output goes.
---@param mode fibers.Stdio
---@return fibers.Command self
function Command:set_stdout(mode) end

---Where its errors go.
---@param mode fibers.Stdio|"stdout"
---@return fibers.Command self
function Command:set_stderr(mode) end

---Its directory.
---@param cwd? string
---@return fibers.Command self
function Command:set_cwd(cwd) end

---Changes to its environment.
---@param env? table<string, string|number>
---@return fibers.Command self
function Command:set_env(env) end

---Its flags.
---@param flags? {setsid: boolean?}
---@return fibers.Command self
function Command:set_flags(flags) end

---How long it is asked to end before it is killed.
---@param seconds number
---@return fibers.Command self
function Command:set_shutdown_grace(seconds) end

return exec
