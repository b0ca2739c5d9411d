-- The algebra over operations: calls that have not been made yet, as values.
--
-- A leaf is a userdata, made by the `_op` twin of a blocking function. All else
-- is a node: a table that says how it is made of others. To perform one is to
-- flatten it into leaves (which runs its guards), to let native.choose do one
-- of these, to tell the others that they have lost, and to pass the results
-- through the functions that wrap the winner.
--
-- A leaf has a chain, what its results go through, the innermost first; and a
-- cover, the handlers that must not be called if it wins. Both are linked
-- lists whose tails are shared.
--
-- The chunk gets the module lev, and what only C++ can do.

local lev, native = ...

-- By the name that its errors show.
local perform = native.choose
local is_op, meta = native.is, native.meta
local shield, event = lev.shield, lev.event
local pack, unpack = table.pack, table.unpack

local op = {}
local methods = native.methods

local function check_op(value, argument, name, level)
  if not is_op(value) then
    error(("bad argument #%d to '%s' (lev.op expected, got %s)"):format(
      argument, name, native.kind(value)), (level or 1) + 2)
  end
end

local function check_function(value, argument, name)
  if type(value) ~= "function" then
    error(("bad argument #%d to '%s' (function expected, got %s)"):format(
      argument, name, native.kind(value)), 3)
  end
end

local function node(kind, fields)
  fields.kind = kind
  return setmetatable(fields, meta)
end

-- Making operations.

local function are_leaves(list)
  for i = 1, list.n do
    if type(list[i]) ~= "userdata" then return false end
  end
  return true
end

-- With `keys`, the winner's comes before its results. One of leaves alone needs
-- no flattening (`plain`).
local function choice_of(list, keys)
  return node("choice", { list = list, keys = keys, plain = are_leaves(list) })
end

--- One of them: the first that can be done, in this order.
function op.choice(...)
  local list = pack(...)
  for i = 1, list.n do check_op(list[i], i, "choice") end
  return choice_of(list)
end

--- What `make` returns, which is called by each perform.
function op.guard(make)
  check_function(make, 1, "guard")
  return node("guard", { make = make })
end

--- What `make` returns, given an operation that can be done once it has lost.
function op.with_nack(make)
  check_function(make, 1, "with_nack")
  return node("with_nack", { make = make })
end

--- use(resource), with resource = acquire(); then release(resource, aborted).
function op.bracket(acquire, release, use)
  check_function(acquire, 1, "bracket")
  check_function(release, 2, "bracket")
  check_function(use, 3, "bracket")
  return node("bracket", { acquire = acquire, release = release, use = use })
end

--- Can be done at once, with these results.
function op.always(...)
  local values = pack(...)
  return node("wrap", { inner = native.ready(), f = function()
    return unpack(values, 1, values.n)
  end })
end

--- Can never be done.
function op.never() return choice_of({ n = 0 }) end

op.is = native.is

--- The results of `self` go through `f`.
function methods.wrap(self, f)
  check_op(self, 1, "wrap")
  check_function(f, 2, "wrap")
  return node("wrap", { inner = self, f = f })
end

--- `f` is called when it loses.
function methods.on_abort(self, f)
  check_op(self, 1, "on_abort")
  check_function(f, 2, "on_abort")
  return node("on_abort", { inner = self, f = f })
end

--- f(aborted) is called however it ends.
function methods.finally(self, f)
  check_op(self, 1, "finally")
  check_function(f, 2, "finally")
  return node("finally", { inner = self, f = f })
end

--- f's results, when it cannot be done at once.
function methods.or_else(self, f)
  check_op(self, 1, "or_else")
  check_function(f, 2, "or_else")
  return node("or_else", { inner = self, f = f })
end

-- Performing. An attempt is one perform of a node.

local Attempt = {}
Attempt.__index = Attempt

-- A handler is told at most once: when it has lost, or, if it is `final`, in
-- any case. Nobody interrupts what it does.
local function tell(handler, aborted)
  handler.told = true
  local ok, message = pcall(shield, handler.f, aborted)
  if not ok then native.log(message) end
end

-- It ends by an error, a cancellation, or (then nothing can suspend) an abort.
-- A handler that waits may be cut short by an abort: then this is called once
-- more, for those after it.
function Attempt:__close()
  if self.finished then return end
  for _, handler in ipairs(self.handlers) do
    if not handler.told and (handler.final or not handler.won) then
      tell(handler, true)
    end
  end
  self.finished = true
end

-- Once the handler is in the list, nothing fails.
function Attempt:handle(cover, f, final, told)
  local handler = { f = f, final = final, told = told }
  local link = { handler = handler, next = cover }
  self.handlers[#self.handlers + 1] = handler
  return link
end

local add = {}

local function flatten(attempt, any, chain, cover)
  if type(any) == "userdata" then
    local n = #attempt.leaves + 1
    attempt.leaves[n] = any
    attempt.chains[n], attempt.covers[n] = chain or false, cover or false
    return
  end
  return add[any.kind](attempt, any, chain, cover)
end

function add.choice(attempt, any, chain, cover)
  local list, keys = any.list, any.keys
  for i = 1, list.n do
    local inner = keys and { keys = keys, number = i, next = chain } or chain
    flatten(attempt, list[i], inner, cover)
  end
end

function add.wrap(attempt, any, chain, cover)
  return flatten(attempt, any.inner, { f = any.f, next = chain }, cover)
end

function add.guard(attempt, any, chain, cover)
  local made = any.make()
  check_op(made, 1, "guard's result", 0)
  return flatten(attempt, made, chain, cover)
end

function add.on_abort(attempt, any, chain, cover)
  local f = any.f
  cover = attempt:handle(cover, function() return f() end)
  return flatten(attempt, any.inner, chain, cover)
end

function add.with_nack(attempt, any, chain, cover)
  local lost = event()
  cover = attempt:handle(cover, function() lost:set() end)
  local made = any.make(lost:wait_op())
  check_op(made, 1, "with_nack's result", 0)
  return flatten(attempt, made, chain, cover)
end

function add.finally(attempt, any, chain, cover)
  cover = attempt:handle(cover, any.f, true)
  chain = { handler = cover.handler, next = chain }
  return flatten(attempt, any.inner, chain, cover)
end

function add.bracket(attempt, any, chain, cover)
  local resource, release = nil, any.release
  cover = attempt:handle(cover, function(aborted)
    return release(resource, aborted)
  end, true, true)
  -- Made before, so that nothing can fail after this.
  resource = any.acquire()
  cover.handler.told = false
  local used = any.use(resource)
  check_op(used, 1, "bracket's use", 0)
  chain = { handler = cover.handler, next = chain }
  return flatten(attempt, used, chain, cover)
end

-- Of several, the first counts: one perform has one answer.
function add.or_else(attempt, any, chain, cover)
  attempt.otherwise = attempt.otherwise
    or { f = any.f, chain = chain, cover = cover }
  return flatten(attempt, any.inner, chain, cover)
end

-- The winner's results on their way out.
local function finish(attempt, chain, ...)
  if not chain then
    attempt.finished = true
    return ...
  end
  local handler = chain.handler
  if handler then
    handler.told = true
    shield(handler.f, false)
    return finish(attempt, chain.next, ...)
  end
  if chain.keys then
    return finish(attempt, chain.next, chain.keys[chain.number], ...)
  end
  return finish(attempt, chain.next, chain.f(...))
end

-- Those outside of the winner's cover have lost.
local function commit(attempt, chain, cover)
  while cover do
    cover.handler.won = true
    cover = cover.next
  end
  for _, handler in ipairs(attempt.handlers) do
    if not handler.won then tell(handler, true) end
  end
  return chain
end

-- What native.choose returned.
local function settle(attempt, number, ...)
  if number then
    local chain = commit(attempt, attempt.chains[number],
      attempt.covers[number])
    return finish(attempt, chain, ...)
  end
  -- With a reason, it was cancelled before anything was tried.
  local otherwise = ... == nil and attempt.otherwise
  if otherwise then
    local chain = commit(attempt, otherwise.chain, otherwise.cover)
    return finish(attempt, chain, otherwise.f())
  end
  commit(attempt)
  attempt.finished = true
  return nil, ...
end

-- Whether it begins with any of them; native.choose checks the rest.
local function is_fair(wait) return type(wait) == "table" and wait.fair end

local function results(keys, number, ...)
  if not number then return nil, ... end
  if keys then return keys[number], ... end
  return ...
end

local function run(attempt, any, wait)
  flatten(attempt, any)
  local leaves, try_only = attempt.leaves, attempt.otherwise ~= nil
  return settle(attempt, perform(leaves, wait, is_fair(wait), try_only))
end

-- Handlers may suspend after an error only because it is caught here: the
-- variables of a coroutine that has failed are closed from outside.
local function ended(attempt, ok, ...)
  if ok then return ... end
  Attempt.__close(attempt)
  error(..., 0)
end

--- Does it, and returns its results; nil, "timeout" or "cancelled" if `wait`
--- says so. All that loses leaves nothing behind.
function op.perform(any, wait)
  if not is_op(any) then check_op(any, 1, "perform") end
  if type(any) == "userdata" then
    return results(nil, perform({ any }, wait, false, false))
  elseif any.plain then
    return results(any.keys, perform(any.list, wait, is_fair(wait), false))
  end
  local attempt <close> = setmetatable(
    { leaves = {}, chains = {}, covers = {}, handlers = {} }, Attempt)
  return ended(attempt, pcall(run, attempt, any, wait))
end

methods.perform = op.perform

return op, choice_of
