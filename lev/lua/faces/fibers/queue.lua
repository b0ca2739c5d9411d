-- fibers.queue: a channel that holds any number of values, or so many.

local channel = require "fibers.channel"

return { new = function(bound) return channel.new(bound or math.huge) end }
