-- What waiting for several things costs, in instructions: run it under
-- callgrind with two counts, and divide the difference.
--   valgrind --tool=callgrind lev bench/select.lua MODE COUNT
-- MODE: recv (a plain receive), leaf (its operation), choice (of two, made
-- once), select (of two channels).

local lev = require "lev"
local mode, count = arg[1], tonumber(arg[2])

lev.run(function()
  local a, b = lev.channel(1), lev.channel(1)
  local leaf = b:recv_op()
  local choice = lev.op.choice(a:recv_op(), leaf)
  local modes = {
    recv = function() return b:recv() end,
    leaf = function() return leaf:perform() end,
    choice = function() return choice:perform() end,
    select = function() return lev.select { a, b } end,
  }
  local take = assert(modes[mode], "recv, leaf, choice or select?")
  for i = 1, count do
    b:send(i)
    take()
  end
end)
