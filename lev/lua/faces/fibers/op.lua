-- fibers.op: operations are lev's own operations (lev.op), with the names that
-- programs for fibers know.

local lev = ...

local scope = require "fibers.scope"

local pack, unpack = table.pack, table.unpack

local op = {
  choice = lev.op.choice,
  guard = lev.op.guard,
  with_nack = lev.op.with_nack,
  always = lev.op.always,
  never = lev.op.never,
  bracket = lev.op.bracket,
  named_choice = lev.op.named_choice,
  perform_raw = scope.perform_raw,
}

-- choice, whose winner's results have its index, as `tag` makes it, in front.
local function tagged(ops, tag)
  local tagged_ops = {}
  for i, each in ipairs(ops) do
    tagged_ops[i] = each:wrap(function(...) return tag(i, ...) end)
  end
  return lev.op.choice(unpack(tagged_ops))
end

-- -> what on_win(index, results...) returns
function op.race(ops, on_win)
  if type(on_win) ~= "function" then
    error("race expects on_win callback", 0)
  end
  return tagged(ops, on_win)
end

-- -> index, results...
function op.first_ready(ops)
  return tagged(ops, function(...) return ... end)
end

-- -> true, results... of one, or false, results... of the other
function op.boolean_choice(yes, no)
  return tagged({ yes, no }, function(i, ...) return i == 1, ... end)
end

-- A completion that comes from anywhere, once.
local Suspension = { __name = "fibers.suspension" }
Suspension.__index = Suspension

function Suspension:waiting() return not self._event:is_set() end

function Suspension:complete(wrap, ...)
  if self._event:is_set() then return end
  self._wrap, self._values = wrap, pack(...)
  self._event:set()
end

-- What a scheduler would be given to run: here it can be called.
function Suspension:complete_task(wrap, ...)
  local values = pack(...)
  return function() self:complete(wrap, unpack(values, 1, values.n)) end
end

local function wrapped(wrap, ...)
  if wrap then return wrap(...) end
  return ...
end

-- An operation of one's own. try() returns whether it is ready, and the
-- results; if it was not, block(suspension, wrap) sees to it that
-- suspension:complete(wrap, results...) is called.
--
-- try is called when the operation is performed, before others of a choice are
-- looked at: one that takes something should take it in block.
function op.new_primitive(wrap, try, block)
  return lev.op.guard(function()
    local tried = pack(try())
    if tried[1] then
      return lev.op.always(unpack(tried, 2, tried.n)):wrap(function(...)
        return wrapped(wrap, ...)
      end)
    end
    local suspension = setmetatable({ _event = lev.event() }, Suspension)
    block(suspension, wrap)
    return suspension._event:wait_op():wrap(function()
      return wrapped(suspension._wrap,
        unpack(suspension._values, 1, suspension._values.n))
    end)
  end)
end

return op
