---@meta std.task

-- The types of the face std.task: docs/FACES.md.

---@class std.task
local task = {}

---@class std.task.SpawnOptions
---@field name? string
---@field driver? "async_fn"|"async"|"coroutine"

---@class std.task.TimeoutOptions
---@field grace_ms? number 1000 if not given.

---@class std.task.Info
---@field id string
---@field name? string
---@field cancelled boolean

---A handle of a task.
---@class std.task.Handle
---@field id string
---@field name? string
local Handle = {}

---Waits for the task to end, once: returns its first result, or raises its
---error, "task aborted" or "task cancelled".
---@async
---@return any result
function Handle:join() end

---Destroys the task where it stands.
function Handle:abort() end

---Whether it has ended.
---@return boolean finished
---@nodiscard
function Handle:is_finished() end

---Milliseconds since it was spawned.
---@return number ms
---@nodiscard
function Handle:elapsed() end

---Raises "task cancelled" in those who ask it to.
---@class std.task.CancelToken
local CancelToken = {}

---Sets it, for good.
function CancelToken:cancel() end

---Whether it is set.
---@return boolean cancelled
---@nodiscard
function CancelToken:is_cancelled() end

---Raises "task cancelled" if it is set.
function CancelToken:check() end

---Waits for the tasks that are spawned into it.
---@class std.task.Scope
---@field name? string
local Scope = {}

---Begins `fn` as a task of the scope.
---@param fn fun(): any
---@param opts? std.task.SpawnOptions
---@return std.task.Handle handle
function Scope:spawn(fn, opts) end

---Makes whatever waits in the scope raise "task cancelled", from now on.
function Scope:cancel() end

---The scope's own token.
---@return std.task.CancelToken token
---@nodiscard
function Scope:token() end

---Begins `fn` as a task of the innermost scope.
---@param fn fun(): any
---@param opts? std.task.SpawnOptions
---@return std.task.Handle handle
function task.spawn(fn, opts) end

---Waits for some milliseconds.
---@async
---@param ms number|string
function task.sleep(ms) end

---Lets all others run first.
---@async
function task.yield() end

---Gives up a turn, and raises a cancellation that is pending.
---@async
function task.checkpoint() end

---Calls `fn(scope)`, and returns its first result when all tasks of the scope
---have ended.
---@async
---@overload fun(fn: fun(scope: std.task.Scope): any): any
---@param name string
---@param fn fun(scope: std.task.Scope): any
---@return any result
function task.scope(name, fn) end

---The same with a deadline: then the scope is cancelled, what has not ended
---after the grace period is aborted, and an error is raised.
---@async
---@param ms number|string
---@param fn fun(scope: std.task.Scope): any
---@param opts? std.task.TimeoutOptions
---@return any result
function task.with_timeout(ms, fn, opts) end

---Makes a token that is linked to nothing.
---@return std.task.CancelToken token
---@nodiscard
function task.cancel_token() end

---Describes the task that runs; nil outside those that std.task spawned.
---@return std.task.Info? info
---@nodiscard
function task.current() end

return task
