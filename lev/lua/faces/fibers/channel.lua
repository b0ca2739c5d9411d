-- fibers.channel: lev's channels. They meet, or hold so many values, or any
-- number of them.

local lev = ...

local fibers = require "fibers"

local Channel = { __name = "fibers.channel" }
Channel.__index = Channel

local function nothing() end

function Channel:put_op(value)
  return self._channel:send_op(value):wrap(nothing)
end

function Channel:get_op() return self._channel:recv_op() end

function Channel:put(value) return fibers.perform(self:put_op(value)) end

function Channel:get() return fibers.perform(self:get_op()) end

local function new(capacity)
  capacity = capacity and capacity > 0 and capacity or 0
  return setmetatable({ _channel = lev.channel(capacity) }, Channel)
end

return { new = new, Channel = Channel }
