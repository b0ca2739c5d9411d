-- fibers.waitgroup: a count, and those who wait until it is 0.

local lev = ...

local fibers = require "fibers"

local Waitgroup = { __name = "fibers.waitgroup" }
Waitgroup.__index = Waitgroup

local function nothing() end

function Waitgroup:add(n)
  if self._group:count() + n < 0 then
    error("waitgroup counter goes negative", 0)
  end
  self._group:add(n)
end

function Waitgroup:done() self:add(-1) end

function Waitgroup:wait_op() return self._group:wait_op():wrap(nothing) end

function Waitgroup:wait() return fibers.perform(self:wait_op()) end

local function new()
  return setmetatable({ _group = lev.waitgroup() }, Waitgroup)
end

return { new = new }
