---@meta fibers.cond

---@class fibers.cond
local cond = {}

---A signal that is given once.
---@class fibers.Cond
local Cond = {}

---A signal that was not given yet.
---@return fibers.Cond cond
---@nodiscard
function cond.new() end

---Lets go all who wait, and who will.
function Cond:signal() end

---Waits for the signal.
---@async
function Cond:wait() end

---Waits for the signal.
---@return lev.Op op
---@nodiscard
function Cond:wait_op() end

return cond
