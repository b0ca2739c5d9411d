---@meta lev.coroutine

-- The types of lev.coroutine, which has all that coroutine has.

---@class lev.coroutine: coroutinelib
local library = {}

---`coroutine.resume`, for a coroutine in which calls of lev can wait.
---@async
---@param co thread
---@param ... any
---@return boolean ok
---@return any ...
function library.resume(co, ...) end

---`coroutine.wrap`, for a coroutine in which calls of lev can wait.
---@param fn fun(...): ...
---@return fun(...): ...
---@nodiscard
function library.wrap(fn) end

---From now on `coroutine.resume` and `coroutine.wrap` are these.
function library.install() end

return library
