-- fibers.scope: supervision scopes, on top of lev's tasks.
--
-- A fiber is a task of lev that knows its scope. All fibers of a fibers.run
-- are children of one scope of lev, so that nothing outlives the run; which of
-- them a failure takes along is decided here. A scope that fails or is
-- cancelled cancels the tasks of its fibers: whatever they wait in raises, and
-- perform turns that into the scope's reason.

local lev, common = ...

local pack, unpack = table.pack, table.unpack
local is_cancelled = common.is_cancelled

local FAIR = { fair = true }

-- What a task knows, as fields of its locals, which its children inherit: the
-- current scope; the scope whose fiber it is, which cancels it; and the run's
-- scope of lev.
local SCOPE, HOME, RUN = {}, {}, {}

local Scope = { __name = "fibers.scope" }
Scope.__index = Scope

local function new_scope(parent)
  local scope = setmetatable({ failure_mode = "fail_fast", _parent = parent,
    _children = {}, _status = "running", _failures = {}, _defers = {},
    _fibers = {}, _live = lev.waitgroup(), _stopped = lev.event(),
    _joined = lev.event() }, Scope)
  if parent then table.insert(parent._children, scope) end
  return scope
end

local root = new_scope()

local function own()
  return lev.current() and lev.locals() or {}
end

local function current() return own()[SCOPE] or root end

-- Status.

function Scope:parent() return self._parent end

function Scope:children() return { unpack(self._children) } end

function Scope:status() return self._status, self._error end

function Scope:failures() return { unpack(self._failures) } end

local function reason_of(scope)
  if scope._error == nil then return "scope cancelled" end
  return scope._error
end

-- The scope fails or is cancelled: all that is in it ends.
local function stop(scope, status, err)
  scope._status, scope._error = status, err
  scope._stopped:set()
  for _, child in ipairs(scope:children()) do child:cancel(err) end
  for task in pairs(scope._fibers) do task:cancel(err) end
end

function Scope:cancel(reason)
  if self._status ~= "running" then return end
  if reason == nil then reason = "scope cancelled" end
  stop(self, "cancelled", reason)
end

local function fail(scope, err)
  if scope._status == "running" then return stop(scope, "failed", err) end
  table.insert(scope._failures, err)
end

-- Performing.

local function check_op(op)
  if lev.op.is(op) then return end
  error(("perform: expected op, got %s (%s)"):format(type(op), tostring(op)), 0)
end

local function raise(scope) error(reason_of(scope), 0) end

local function performed(scope, ok, ...)
  if ok then return ... end
  local err = ...
  if is_cancelled(err) and scope._status ~= "running" then raise(scope) end
  error(err, 0)
end

-- In a scope that has stopped this raises, however often it is called; others
-- get their turn before that. What an operation has taken is returned even if
-- the scope stops in the same turn.
function Scope:perform(op)
  check_op(op)
  if not lev.current() then
    error("perform: must be called from inside a fiber (use fibers.run as " ..
      "an entry point)", 0)
  end
  if self._status ~= "running" then
    lev.shield(lev.yield)
    raise(self)
  end
  if own()[HOME] ~= self then op = self:run_op(op) end
  return performed(self, pcall(lev.op.perform, op, FAIR))
end

-- Not interrupted by any scope.
local function perform_raw(op)
  check_op(op)
  return lev.shield(lev.op.perform, op, FAIR)
end

-- The same operation, which raises when the scope stops.
function Scope:run_op(op)
  check_op(op)
  local stopped = self._stopped:wait_op():wrap(function() raise(self) end)
  return lev.op.guard(function()
    if self._status ~= "running" then
      return lev.op.always():wrap(function() raise(self) end)
    end
    return lev.op.choice(op, stopped)
  end)
end

-- true and the results, or false and what was raised.
function Scope:sync(op) return pcall(self.perform, self, op) end

-- Fibers.

local function check_fiber(what)
  if own()[RUN] then return end
  error(what .. " must be called from inside a fiber", 0)
end

local function fiber_ended(scope, task, ok, err)
  scope._fibers[task] = nil
  if not ok and is_cancelled(err) and scope._status == "running" then
    -- By somebody else: the task that called fibers.run, for one.
    scope:cancel(err.reason)
  elseif not ok and not is_cancelled(err) and
         not (scope._status ~= "running" and rawequal(err, scope._error)) then
    fail(scope, err)
  end
  scope._live:done()
end

-- fn(...) as a fiber of the scope; `keep` gets what it returned.
local function start(scope, keep, fn, ...)
  if scope._status ~= "running" then
    error("cannot spawn on a non-running scope", 0)
  end
  check_fiber("spawn")
  local arguments = pack(...)
  scope._live:add()
  local task = own()[RUN]:spawn(function()
    local locals = lev.locals()
    locals[SCOPE], locals[HOME] = scope, scope
    local results = pack(pcall(fn, unpack(arguments, 1, arguments.n)))
    if results[1] and keep then keep(unpack(results, 2, results.n)) end
    fiber_ended(scope, lev.current(), results[1], results[2])
  end, { name = "fiber" })
  scope._fibers[task] = true
end

function Scope:spawn(fn, ...) start(self, nil, fn, self, ...) end

-- Ending.

function Scope:defer(fn) table.insert(self._defers, fn) end

function Scope:new_child() return new_scope(self) end

local function run_defers(scope)
  while #scope._defers > 0 do
    local ok, err = pcall(table.remove(scope._defers), scope)
    if not ok and scope._status == "ok" then
      scope._status, scope._error = "failed", err
    elseif not ok then
      table.insert(scope._failures, err)
    end
  end
end

local function leave_parent(scope)
  local siblings = scope._parent and scope._parent._children or {}
  for i, sibling in ipairs(siblings) do
    if sibling == scope then return table.remove(siblings, i) end
  end
end

local function join(scope)
  local locals = lev.locals()
  locals[SCOPE], locals[HOME] = scope, nil
  scope._live:wait()
  if scope._status == "running" then scope._status = "ok" end
  run_defers(scope)
  leave_parent(scope)
  scope._joined:set()
end

local function begin_join(scope)
  if scope._joining then return end
  check_fiber("join_op")
  scope._joining = true
  own()[RUN]:spawn(function() lev.shield(join, scope) end, { name = "join" })
end

-- -> status, err, when all fibers and the deferred functions have ended.
function Scope:join_op()
  return lev.op.guard(function()
    begin_join(self)
    return self._joined:wait_op():wrap(function() return self:status() end)
  end)
end

-- -> reason, when the scope fails or is cancelled.
function Scope:done_op()
  return self._stopped:wait_op():wrap(function() return reason_of(self) end)
end

-- Scopes within scopes.

-- Waits for the child even if the caller's scope stops: that stops the child.
local function run(fn, ...)
  check_fiber("scope.run")
  local child = new_scope(current())
  local results = { n = 0 }
  start(child, function(...) results = pack(...) end, fn, child, ...)
  local status, err = perform_raw(child:join_op())
  return status, err, unpack(results, 1, results.n)
end

local function build_within(child, build)
  local locals = lev.locals()
  local outer = locals[SCOPE]
  locals[SCOPE] = child
  local ok, op = pcall(build, child)
  locals[SCOPE] = outer
  if ok then return op end
  fail(child, op)
  error(op, 0)
end

-- The operation that build(child) gives, and a child scope for as long as that
-- takes.
local function with_op(build)
  return lev.op.bracket(function()
    check_fiber("scope.with_op")
    return new_scope(current())
  end, function(child, aborted)
    if aborted then child:cancel("scope aborted") end
    perform_raw(child:join_op())
  end, function(child) return build_within(child, build) end)
end

-- The entry.

-- In a task: fn(scope, ...) as the first fiber of a run.
local function run_here(outcome, fn, ...)
  local arguments = pack(...)
  lev.scope({ name = "fibers.run", on_error = "collect" }, function(native)
    local locals = lev.locals()
    locals[RUN] = native
    local scope = new_scope(root)
    local ok, err = pcall(function()
      start(scope, function(...) outcome.results = pack(...) end, fn, scope,
        unpack(arguments, 1, arguments.n))
      outcome.status, outcome.err = lev.op.perform(scope:join_op())
    end)
    locals[RUN] = nil
    if not ok then error(err, 0) end
  end)
end

-- Starts lev if need be. -> the results of fn, or raises why the scope stopped.
local function run_main(fn, ...)
  if own()[RUN] then
    error("fibers.run must not be called from inside a fiber", 0)
  end
  if root._status ~= "running" then
    error("cannot spawn on a non-running scope", 0)
  end
  local outcome = {}
  if lev.current() then
    run_here(outcome, fn, ...)
  else
    local arguments = pack(...)
    local _, err = lev.run(function()
      run_here(outcome, fn, unpack(arguments, 1, arguments.n))
    end)
    if not outcome.status then error(err, 0) end
  end
  if outcome.status == "ok" then
    local results = outcome.results or { n = 0 }
    return unpack(results, 1, results.n)
  end
  error(outcome.err == nil and outcome.status or outcome.err, 0)
end

return {
  root = function() return root end,
  current = current,
  run = run,
  with_op = with_op,
  Scope = Scope,
  -- Every task of this face has a scope that hears of its errors.
  set_unscoped_error_handler = function() end,
  perform_raw = perform_raw,
  run_main = run_main,
  start = start,
}
