---@meta fibers.waitgroup

---@class fibers.waitgroup
local waitgroup = {}

---A count that one can wait for.
---@class fibers.Waitgroup
local Waitgroup = {}

---A count of 0.
---@return fibers.Waitgroup waitgroup
---@nodiscard
function waitgroup.new() end

---Counts up, or down.
---@param n integer
function Waitgroup:add(n) end

---Counts down by one.
function Waitgroup:done() end

---Waits until the count is 0.
---@async
function Waitgroup:wait() end

---Waits until the count is 0.
---@return lev.Op op
---@nodiscard
function Waitgroup:wait_op() end

return waitgroup
