-- fibers.alarm: recurring wall-clock times. The clock is the program's: nothing
-- fires before it has been set.

local lev = ...

local alarm = {}

-- Seconds since the epoch; nil until it is set.
local now
local clock_set = lev.event()

local Alarm = { __name = "fibers.alarm" }
Alarm.__index = Alarm

-- Once: the clock of all alarms.
function alarm.set_time_source(source)
  if now then error("set_time_source may only be called once", 0) end
  now = source
  clock_set:set()
end

-- The next time, or nil if there is none.
local function next_time(self)
  if self._next == nil then self._next = self._next_time(self._last, now()) end
  return self._next
end

-- Until the next time has come; false if there is none. A clock that is set
-- back makes it wait again.
local function wait(self)
  clock_set:wait()
  local epoch = next_time(self)
  if epoch == nil then return false end
  local seconds = epoch - now()
  while seconds > 0 do
    lev.sleep(seconds)
    seconds = epoch - now()
  end
  return true
end

local function fired(self, due)
  if not due then
    self._active = false
    return false, "no_more_recurrences", self, self._last
  end
  self._last, self._next = self._next, nil
  return true, self, self._last
end

-- -> true, alarm, epoch; when there are no more times, once: false,
-- "no_more_recurrences", alarm, last
function Alarm:wait_op()
  return lev.op.guard(function()
    if not self._active then return lev.op.never() end
    local waiter = lev.spawn(function() return wait(self) end,
      { name = "alarm" })
    return waiter:join_op():wrap(function(due) return fired(self, due) end)
      :on_abort(function() waiter:abort() end)
  end)
end

function Alarm:cancel() self._active = false end

function Alarm:is_active() return self._active end

-- options: next_time = function(last, now) -> epoch or nil, policy, label
function alarm.new(options)
  if type(options) ~= "table" or type(options.next_time) ~= "function" then
    error("alarm.new: next_time must be a function", 0)
  end
  return setmetatable({ _active = true, _next_time = options.next_time,
    policy = options.policy, label = options.label }, Alarm)
end

return alarm
