---@meta fibers.op

---@class fibers.op
local op = {}

op.choice = require("fibers").choice
op.guard = require("fibers").guard
op.with_nack = require("fibers").with_nack
op.always = require("fibers").always
op.never = require("fibers").never
op.bracket = require("fibers").bracket
op.race = require("fibers").race
op.first_ready = require("fibers").first_ready
op.named_choice = require("fibers").named_choice
op.boolean_choice = require("fibers").boolean_choice

---Does an operation, whatever becomes of the scope.
---@async
---@param operation lev.Op
---@return any ...
function op.perform_raw(operation) end

---Completes an operation of one's own, once.
---@class fibers.Suspension
local Suspension = {}

---Whether it was not completed yet.
---@return boolean waiting
---@nodiscard
function Suspension:waiting() end

---The operation is done: its results are wrap(...), or `...` without wrap.
---@param wrap? fun(...): ...
---@param ... any
function Suspension:complete(wrap, ...) end

---A function that completes it.
---@param wrap? fun(...): ...
---@param ... any
---@return fun() complete
---@nodiscard
function Suspension:complete_task(wrap, ...) end

---Makes an operation of try() -> ready, results..., and of what sees to it that
---a suspension is completed when it was not.
---@param wrap? fun(...): ...
---@param try fun(): boolean, ...
---@param block fun(suspension: fibers.Suspension, wrap: function?)
---@return lev.Op op
---@nodiscard
function op.new_primitive(wrap, try, block) end

return op
