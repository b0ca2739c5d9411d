---@meta fibers.alarm

---@class fibers.alarm
local alarm = {}

---@class fibers.AlarmOptions
---@field next_time fun(last: number?, now: number): number?
---@field policy? any
---@field label? string

---Fires again and again.
---@class fibers.Alarm
---@field policy? any
---@field label? string
local Alarm = {}

---Sets the clock of all alarms, once; none fires before.
---@param source fun(): number
function alarm.set_time_source(source) end

---An alarm for the times that next_time gives.
---@param options fibers.AlarmOptions
---@return fibers.Alarm alarm
---@nodiscard
function alarm.new(options) end

---Gives true, the alarm and the time; when there are no more times, once,
---false, "no_more_recurrences", the alarm and the last time.
---@return lev.Op op
---@nodiscard
function Alarm:wait_op() end

---It fires no more.
function Alarm:cancel() end

---Whether it may fire.
---@return boolean active
---@nodiscard
function Alarm:is_active() end

return alarm
