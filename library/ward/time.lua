---@meta ward.time

-- The types of the face ward.time: docs/FACES.md.

---@class ward.time
local time = {}

---A text such as "200ms", "1.5s", "2h"; a number of seconds; or a Duration.
---@alias ward.DurationLike string|number|ward.Duration

---A span of time.
---@class ward.Duration
local Duration = {}

---In seconds.
---@return number seconds
---@nodiscard
function Duration:seconds() end

---In whole milliseconds.
---@return integer millis
---@nodiscard
function Duration:millis() end

---In whole microseconds.
---@return integer micros
---@nodiscard
function Duration:micros() end

---In nanoseconds.
---@return integer nanos
---@nodiscard
function Duration:nanos() end

---A point in time.
---@class ward.Instant
local Instant = {}

---How long ago it was.
---@return ward.Duration elapsed
---@nodiscard
function Instant:elapsed() end

---Ticks again and again.
---@class ward.Interval: ward.Awaitable
local Interval = {}

---Waits for the next tick: its number.
---@async
---@return integer tick
function Interval:wait() end

---The next tick comes one period from now.
---@return true
function Interval:reset() end

---The time from tick to tick.
---@return ward.Duration period
---@nodiscard
function Interval:period() end

---Waits so long, from zero each time.
---@param duration ward.DurationLike
---@return ward.Awaitable sleep
---@nodiscard
function time.sleep(duration) end

---Waits so long; gives what the callback returns.
---@param duration ward.DurationLike
---@param callback? fun(): ...
---@return ward.Awaitable after
---@nodiscard
function time.after(duration, callback) end

---Gives 1, 2, ..., one number a period.
---@param duration ward.DurationLike
---@return ward.Interval interval
---@nodiscard
function time.interval(duration) end

---Waits for the awaitable, once, or raises "timeout".
---@param awaitable ward.Awaitable|ward.Task|ward.Channel
---@param duration ward.DurationLike
---@return ward.Awaitable timeout
---@nodiscard
function time.timeout(awaitable, duration) end

---Now.
---@return ward.Instant instant
---@nodiscard
function time.instant_now() end

return time
