---@meta fibers.sleep

---@class fibers.sleep
local sleep = {}

---Sleeps for so many seconds.
---@async
---@param seconds number
function sleep.sleep(seconds) end

---Sleeps for so many seconds, from each perform on.
---@param seconds number
---@return lev.Op op
---@nodiscard
function sleep.sleep_op(seconds) end

---Sleeps until `fibers.now()` is so late.
---@async
---@param time number
function sleep.sleep_until(time) end

---Sleeps until `fibers.now()` is so late.
---@param time number
---@return lev.Op op
---@nodiscard
function sleep.sleep_until_op(time) end

return sleep
