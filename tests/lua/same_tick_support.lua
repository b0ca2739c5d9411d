-- What the specs about things that happen in the same turn share.

local assert = require "luassert"
local lev = require "lev"
local support = require "support"

local M = {}

-- The body of a test of two events, in both orders: gets a function that makes
-- both happen now, while everybody else is suspended, and whether the second
-- comes first.
function M.both(body)
  return support.inside(function()
    for _, swapped in ipairs { false, true } do
      body(function(one, other)
        if swapped then one, other = other, one end
        one()
        other()
      end, swapped)
    end
  end)
end

-- A task that is suspended in fn already.
function M.waiting(fn)
  local task = lev.spawn(fn)
  lev.yield()
  assert.equal("pending", task.status)
  return task
end

function M.cancels(task, reason)
  return function() task:cancel(reason) end
end

function M.aborts(task)
  return function() task:abort() end
end

function M.outcome(task) return table.pack(task:await()) end

return M
