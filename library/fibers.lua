---@meta fibers

-- The types of the face fibers: docs/FACES.md. An operation is lev.Op.

---@class fibers
local fibers = {}

---Calls fn(scope, ...) in a new scope, waits for all its fibers, and returns
---its results; raises why the scope failed or was cancelled.
---@async
---@param fn fun(scope: fibers.Scope, ...): ...
---@param ... any
---@return any ...
function fibers.run(fn, ...) end

---Begins fn(...) as a fiber of the current scope; without arguments, fn(scope).
---@param fn fun(...)
---@param ... any
function fibers.spawn(fn, ...) end

---Calls fn(child, ...) in a child scope, and waits for that to end.
---@async
---@param fn fun(child: fibers.Scope, ...): ...
---@param ... any
---@return "ok"|"failed"|"cancelled" status
---@return any err
---@return any ... # What fn returned.
function fibers.run_scope(fn, ...) end

---Makes an operation that has a child scope for as long as it takes.
---@param build fun(child: fibers.Scope): lev.Op
---@return lev.Op op
---@nodiscard
function fibers.scope_op(build) end

---The scope of the fiber that runs.
---@return fibers.Scope scope
---@nodiscard
function fibers.current_scope() end

---Does an operation, unless the current scope stops; then raises why it did.
---@async
---@param operation lev.Op
---@return any ...
function fibers.perform(operation) end

---The monotonic clock, in seconds.
---@return number seconds
---@nodiscard
function fibers.now() end

---Does nothing: every fiber has a scope that hears of its errors.
---@param handler fun(err: any)
function fibers.set_unscoped_error_handler(handler) end

---One of them, without preference.
---@param ... lev.Op
---@return lev.Op op
---@nodiscard
function fibers.choice(...) end

---What make() returns, which each perform calls.
---@param make fun(): lev.Op
---@return lev.Op op
---@nodiscard
function fibers.guard(make) end

---What make(nack) returns; `nack` becomes ready when this one has lost.
---@param make fun(nack: lev.Op): lev.Op
---@return lev.Op op
---@nodiscard
function fibers.with_nack(make) end

---Is ready, with these results.
---@param ... any
---@return lev.Op op
---@nodiscard
function fibers.always(...) end

---Is never ready.
---@return lev.Op op
---@nodiscard
function fibers.never() end

---use(resource), with resource = acquire(); release(resource, aborted) once.
---@param acquire fun(): any
---@param release fun(resource: any, aborted: boolean)
---@param use fun(resource: any): lev.Op
---@return lev.Op op
---@nodiscard
function fibers.bracket(acquire, release, use) end

---One of a list, through on_win(index, results...).
---@param ops lev.Op[]
---@param on_win fun(index: integer, ...): ...
---@return lev.Op op
---@nodiscard
function fibers.race(ops, on_win) end

---One of a list: its index and its results.
---@param ops lev.Op[]
---@return lev.Op op
---@nodiscard
function fibers.first_ready(ops) end

---One of a table: its name and its results.
---@param ops table<any, lev.Op>
---@return lev.Op op
---@nodiscard
function fibers.named_choice(ops) end

---One of two: true and the results of `yes`, or false and those of `no`.
---@param yes lev.Op
---@param no lev.Op
---@return lev.Op op
---@nodiscard
function fibers.boolean_choice(yes, no) end

return fibers
