-- What the specs of the face fibers share.

local lev = require "lev"
local fibers = require "fibers"

local fibers_support = {}

-- For `it`: the body is the main fiber of a run, in virtual time or, with
-- `real`, in the real one. Its errors are the test's.
function fibers_support.fiber(body, real)
  return function()
    local ok, err
    lev.run(function() ok, err = pcall(fibers.run, body) end,
      { poller = real and "epoll" or "fake" })
    if not ok then error(err == nil and "the run was cut short" or err, 0) end
  end
end

-- The error that fn(...) raises.
function fibers_support.failure(fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok, "no error")
  return err
end

-- What fibers.run does, in virtual time: true and results, or false and the
-- error.
function fibers_support.outcome(body, ...)
  local results
  local arguments = table.pack(...)
  lev.run(function()
    results = table.pack(pcall(fibers.run, body,
      table.unpack(arguments, 1, arguments.n)))
  end, { poller = "fake" })
  return table.unpack(results, 1, results.n)
end

return fibers_support
