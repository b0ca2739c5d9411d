-- fibers: the entry points, and the operations by short names.

local lev = ...

local op = require "fibers.op"
local scope = require "fibers.scope"

local fibers = {
  run = scope.run_main,
  run_scope = scope.run,
  scope_op = scope.with_op,
  current_scope = scope.current,
  set_unscoped_error_handler = scope.set_unscoped_error_handler,
  now = lev.now,
  choice = op.choice,
  guard = op.guard,
  with_nack = op.with_nack,
  always = op.always,
  never = op.never,
  bracket = op.bracket,
  race = op.race,
  first_ready = op.first_ready,
  named_choice = op.named_choice,
  boolean_choice = op.boolean_choice,
}

-- fn(...) as a fiber of the current scope; without arguments fn(scope).
function fibers.spawn(fn, ...)
  local current = scope.current()
  if select("#", ...) > 0 then return scope.start(current, nil, fn, ...) end
  scope.start(current, nil, fn, current)
end

-- Performs an operation under the current scope.
function fibers.perform(operation)
  return scope.current():perform(operation)
end

return fibers
