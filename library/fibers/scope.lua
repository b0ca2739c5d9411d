---@meta fibers.scope

---@class fibers.scope
local scope = {}

---@alias fibers.Status "running"|"ok"|"failed"|"cancelled"

---A supervision scope.
---@class fibers.Scope
---@field failure_mode "fail_fast"
local Scope = {}

scope.Scope = Scope

---The scope of all others.
---@return fibers.Scope root
---@nodiscard
function scope.root() end

---The scope of the fiber that runs; outside of all, the root.
---@return fibers.Scope scope
---@nodiscard
function scope.current() end

---`fibers.run_scope`.
---@async
---@param fn fun(child: fibers.Scope, ...): ...
---@param ... any
---@return "ok"|"failed"|"cancelled" status
---@return any err
---@return any ...
function scope.run(fn, ...) end

---`fibers.scope_op`.
---@param build fun(child: fibers.Scope): lev.Op
---@return lev.Op op
---@nodiscard
function scope.with_op(build) end

---Does nothing: every fiber has a scope that hears of its errors.
---@param handler fun(err: any)
function scope.set_unscoped_error_handler(handler) end

---Makes a child, which runs even if this scope does not.
---@return fibers.Scope child
---@nodiscard
function Scope:new_child() end

---Calls fn(scope) when all fibers have ended, the last one first.
---@param fn fun(scope: fibers.Scope)
function Scope:defer(fn) end

---Ends what is in it and in its children, with the reason.
---@param reason? any "scope cancelled" if not given.
function Scope:cancel(reason) end

---Begins fn(scope, ...) as a fiber.
---@param fn fun(scope: fibers.Scope, ...)
---@param ... any
function Scope:spawn(fn, ...) end

---Its parent; nil for the root.
---@return fibers.Scope? parent
---@nodiscard
function Scope:parent() end

---Those that have not been joined.
---@return fibers.Scope[] children
---@nodiscard
function Scope:children() end

---How it is, and why.
---@return fibers.Status status
---@return any err
---@nodiscard
function Scope:status() end

---The errors after the first.
---@return any[] failures
---@nodiscard
function Scope:failures() end

---Gives status and error, when all has ended.
---@return lev.Op op
---@nodiscard
function Scope:join_op() end

---Gives the reason, when it fails or is cancelled.
---@return lev.Op op
---@nodiscard
function Scope:done_op() end

---The operation, which raises when the scope stops.
---@param op lev.Op
---@return lev.Op op
---@nodiscard
function Scope:run_op(op) end

---Does the operation: true and its results, or false and what was raised.
---@async
---@param op lev.Op
---@return boolean ok
---@return any ...
function Scope:sync(op) end

---Does the operation, or raises why the scope stopped.
---@async
---@param op lev.Op
---@return any ...
function Scope:perform(op) end

return scope
