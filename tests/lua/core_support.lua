-- What the specs of lev.core share.

local core = require "lev.core"

local M = {}

-- A loop in virtual time.
function M.fake() return core.loop_new { poller = "fake" } end

-- Spawns fn as a coroutine, which is returned.
function M.go(loop, fn, ...)
  local co = coroutine.create(fn)
  core.spawn(loop, co, ...)
  return co
end

-- Runs the functions as coroutines of one loop in virtual time, each with the
-- loop as its argument; they must not fail.
function M.run(...)
  local loop = M.fake()
  for _, fn in ipairs { ... } do M.go(loop, fn, loop) end
  local failure
  local ok, err = core.loop_run(loop, function(_, done, why)
    if not done then failure = why end
  end)
  if failure then error(failure, 0) end
  assert(ok, err)
end

-- For `it`: the body is a coroutine of a loop, which gets the loop.
function M.inside(body)
  return function()
    local loop <close> = core.loop_new()
    local failure
    core.spawn(loop, coroutine.create(body), loop)
    assert(core.loop_run(loop, function(_, ok, err)
      failure = failure or not ok and { err }
    end))
    if failure then error(failure[1], 0) end
  end
end

return M
