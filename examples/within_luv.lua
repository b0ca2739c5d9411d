-- A program that lives in luv's loop, and uses lev in it: luv turns the run
-- when its descriptor is readable, and when its next deadline has come.
-- Needs luv (Debian: lua-luv), and a plain Lua: in the program lev, the run is
-- lev's already.

local lev = require "lev"
local uv = require "luv"

-- Runs `fn` as lev.run does; `done` gets its results.
local function run_within_luv(fn, done)
  local run = assert(lev.start(fn))
  local poll, timer = uv.new_poll(run:fd()), uv.new_timer()
  local function turn()
    if not run:step() then
      poll:close()
      timer:close()
      return done(run:results())
    end
    timer:stop()
    local seconds = math.max(0, run:next_deadline() - lev.now())
    if seconds < math.huge then
      timer:start(math.ceil(seconds * 1000), 0, turn)
    end
  end
  poll:start("r", turn)
  turn()
end

local ticks = 0
local ticker = uv.new_timer()
ticker:start(0, 5, function() ticks = ticks + 1 end)

run_within_luv(function()
  local listener <close> = assert(lev.listen("127.0.0.1", 0))
  local _, port = listener:getsockname()
  local server = lev.spawn(function()
    local socket <close> = assert(listener:accept())
    for line in socket:lines() do socket:send(line:upper() .. "\n") end
  end)
  do
    local socket <close> = assert(lev.connect("127.0.0.1", port))
    for _, word in ipairs { "hello", "from", "lev" } do
      socket:send(word .. "\n")
      print(socket:recv_until("\n", 5):sub(1, -2))
      lev.sleep(0.02)
    end
  end
  server:await()
  return "done"
end, function(...)
  ticker:close()
  print(ticks >= 3 and "luv ticked meanwhile", ...)
end)

uv.run()
