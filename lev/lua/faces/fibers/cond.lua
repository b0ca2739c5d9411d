-- fibers.cond: a signal that is given once, to all who wait and who will.

local lev = ...

local fibers = require "fibers"

local Cond = { __name = "fibers.cond" }
Cond.__index = Cond

local function nothing() end

function Cond:wait_op() return self._event:wait_op():wrap(nothing) end

function Cond:wait() return fibers.perform(self:wait_op()) end

function Cond:signal() self._event:set() end

local function new() return setmetatable({ _event = lev.event() }, Cond) end

return { new = new }
