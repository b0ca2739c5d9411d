---@meta fibers.channel

---@class fibers.channel
local channel = {}

---Hands values from fiber to fiber.
---@class fibers.Channel
local Channel = {}

channel.Channel = Channel

---A channel whose sides meet, or that holds so many values; math.huge: any
---number.
---@param capacity? number
---@return fibers.Channel channel
---@nodiscard
function channel.new(capacity) end

---Puts a value.
---@param value any
---@return lev.Op op
---@nodiscard
function Channel:put_op(value) end

---Puts a value.
---@async
---@param value any
function Channel:put(value) end

---Gets a value.
---@return lev.Op op
---@nodiscard
function Channel:get_op() end

---Gets a value.
---@async
---@return any value
function Channel:get() end

return channel
