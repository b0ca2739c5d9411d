-- ward.time: durations and what waits for them, on top of lev.
--
-- What one waits for is an awaitable: it has wait(), and can be called. It
-- waits from zero each time.

local lev, common = ...

local time = {}

-- Durations, inside as seconds.

local Duration = { __name = "Duration" }
Duration.__index = Duration

local function new_duration(seconds)
  return setmetatable({ _seconds = seconds }, Duration)
end

function Duration:seconds() return self._seconds end

-- Whole units; the half of a nanosecond makes up for binary fractions.
local function count(self, units)
  return math.tointeger((self._seconds * units + units * 0.5e-9) // 1)
end

function Duration:millis() return count(self, 1e3) end
function Duration:micros() return count(self, 1e6) end
function Duration:nanos() return count(self, 1e9) end

function Duration:__tostring() return ("%gs"):format(self._seconds) end

local UNITS = { ns = 1e-9, us = 1e-6, ["µs"] = 1e-6, ms = 1e-3, s = 1, m = 60,
                h = 3600, d = 86400 }

local function parse(text)
  if not text:find("%S") then
    error("duration string cannot be empty", 0)
  end
  local sign, number, unit =
    text:match("^%s*([+-]?)%s*([%d.]+)%s*([^%s%d.]+)%s*$")
  number = tonumber(number)
  if not number or not UNITS[unit] then
    error("failed to parse duration string", 0)
  end
  return (sign == "-" and -number or number) * UNITS[unit]
end

local PARTS = { seconds = 1, millis = 1e-3, micros = 1e-6 }

local function add_parts(parts)
  local seconds = 0.0
  for name, unit in pairs(PARTS) do
    seconds = seconds + (tonumber(parts[name]) or 0) * unit
  end
  return seconds
end

-- A text as "200ms", "1.5s", "1m", "2h"; a number of seconds; or a Duration.
local function to_seconds(value)
  local kind = type(value)
  local seconds
  if kind == "string" then
    seconds = parse(value)
  elseif kind == "number" then
    seconds = value
  elseif getmetatable(value) == Duration then
    seconds = value._seconds
  elseif kind == "table" then
    seconds = add_parts(value)
  else
    error("duration must be number, string, or Duration userdata", 0)
  end
  if seconds ~= seconds or seconds == math.huge or seconds == -math.huge then
    error("duration must be finite", 0)
  elseif seconds < 0 then
    error("duration must be non-negative", 0)
  end
  return seconds
end

-- Awaitables.

local function new_awaitable(name, methods)
  methods.__name = name
  methods.__index = methods
  methods.__call = function(self) return self:wait() end
  methods.__tostring = function() return name .. "()" end
  return methods
end

local Sleep = new_awaitable("Sleep", {})

function Sleep:wait() return lev.sleep(self._seconds) end

common.set_op(Sleep, function(self) return lev.sleep_op(self._seconds) end)

function time.sleep(duration)
  return setmetatable({ _seconds = to_seconds(duration) }, Sleep)
end

local After = new_awaitable("After", {})

local function call_back(self, slept)
  if self._callback == nil then return slept end
  return self._callback()
end

function After:wait() return call_back(self, lev.sleep(self._seconds)) end

common.set_op(After, function(self)
  return lev.sleep_op(self._seconds):wrap(function(slept)
    return call_back(self, slept)
  end)
end)

-- Waits, and then returns what the callback returns.
function time.after(duration, callback)
  if callback ~= nil and type(callback) ~= "function" then
    common.bad_argument(2, "after", "function", callback)
  end
  return setmetatable({ _seconds = to_seconds(duration),
    _callback = callback }, After)
end

local Interval = new_awaitable("Interval", {})

local function begin(self)
  self._interval = lev.interval(self._seconds, { missed = "burst" })
end

local function tick(self)
  self._ticks = self._ticks + 1
  return self._ticks
end

function Interval:wait()
  self._interval:wait()
  return tick(self)
end

common.set_op(Interval, function(self)
  return self._interval:wait_op():wrap(function() return tick(self) end)
end)

-- The next tick comes one period from now.
function Interval:reset()
  begin(self)
  return true
end

function Interval:period() return new_duration(self._seconds) end

function time.interval(duration)
  local interval = setmetatable({ _seconds = to_seconds(duration),
    _ticks = 0 }, Interval)
  begin(interval)
  return interval
end

local Timeout = new_awaitable("Timeout", {})

local function first(index, ...)
  if index == 1 then return ... end
  error("timeout", 0)
end

function Timeout:wait()
  if self._consumed then error("timeout awaitable already consumed", 0) end
  self._consumed = true
  return first(require("ward.async").select { self._awaitable, self._limit })
end

-- Waits for the awaitable, or raises "timeout". Can be waited for once.
function time.timeout(awaitable, duration)
  return setmetatable({ _awaitable = awaitable,
    _limit = time.sleep(duration) }, Timeout)
end

-- Instants.

local Instant = { __name = "Instant" }
Instant.__index = Instant

function Instant:elapsed() return new_duration(lev.now() - self._at) end

function time.instant_now()
  return setmetatable({ _at = lev.now() }, Instant)
end

return time
