-- fibers.sleep: seconds. An operation counts from when it is performed; one
-- whose time is over is ready.

local lev = ...

local fibers = require "fibers"

local sleep = {}

local function nothing() end

function sleep.sleep_until_op(time)
  return lev.op.guard(function()
    local seconds = time - lev.now()
    if not (seconds > 0) then return lev.op.always() end
    return lev.sleep_op(seconds):wrap(nothing)
  end)
end

function sleep.sleep_op(seconds)
  return lev.op.guard(function()
    return sleep.sleep_until_op(lev.now() + seconds)
  end)
end

function sleep.sleep_until(time)
  return fibers.perform(sleep.sleep_until_op(time))
end

function sleep.sleep(seconds) return fibers.perform(sleep.sleep_op(seconds)) end

return sleep
