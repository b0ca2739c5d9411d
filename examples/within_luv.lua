-- A program that lives in luv's loop, and uses lev in it: luv turns the run
-- when its descriptor is readable, and when its next deadline has come, which a
-- callback of luv's may have changed.
-- Needs luv (Debian: lua-luv), and a plain Lua: in the program lev, the run is
-- lev's already.

local lev = require "lev"
local uv = require "luv"

-- Runs `fn` as lev.run does; `done` gets its results.
local function run_within_luv(fn, done)
  local run = assert(lev.start(fn))
  local poll, timer = uv.new_poll(run:fd()), uv.new_timer()
  local before_waiting = uv.new_prepare()
  local function turn()
    if run:step() then return end
    for _, handle in ipairs { poll, timer, before_waiting } do handle:close() end
    done(run:results())
  end
  poll:start("r", turn)
  before_waiting:start(function()
    timer:stop()
    local seconds = math.max(0, run:next_deadline() - lev.now())
    if seconds == math.huge then return end
    timer:start(math.ceil(seconds * 1000), 0, turn)
  end)
end

local ticks, enough = 0, lev.event()
local ticker = uv.new_timer()
ticker:start(0, 5, function()
  ticks = ticks + 1
  if ticks == 20 then enough:set() end
end)

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
  enough:wait()
  return "done"
end, function(...)
  ticker:close()
  print(ticks >= 20 and "luv ticked meanwhile", ...)
end)

uv.run()
