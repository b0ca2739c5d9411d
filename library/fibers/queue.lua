---@meta fibers.queue

---@class fibers.queue
local queue = {}

---A channel that holds any number of values, or so many.
---@param bound? integer
---@return fibers.Channel queue
---@nodiscard
function queue.new(bound) end

return queue
