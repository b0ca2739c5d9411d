---@meta ward.async

-- The types of the face ward.async: docs/FACES.md.

---@class ward.async
local async = {}

---Something to wait for: it has wait(), or can be called.
---@class ward.Awaitable
---@overload fun(): ...
local Awaitable = {}

---Waits for it.
---@async
---@return any ...
function Awaitable:wait() end

---A handle of a task, which ends when the handle is dropped.
---@class ward.Task
local Task = {}

---Waits for the task to end, once; raises its error, "cancelled" or "task
---already joined".
---@async
---@return any ...
function Task:wait() end

---Ends the task where it waits; false if it has ended already.
---@return boolean cancelled
function Task:cancel() end

---Whether it has ended.
---@return boolean done
---@nodiscard
function Task:done() end

---The task goes on when the handle is dropped.
---@return true
function Task:detach() end

---Holds a bounded number of messages.
---@class ward.Channel
local Channel = {}

---Sends a message when there is room.
---@async
---@param value any
---@return true? sent
---@return "closed"? err
function Channel:send(value) end

---Sends a message if there is room.
---@param value any
---@return true? sent
---@return "full"|"closed"|nil err
function Channel:try_send(value) end

---Receives a message; nil and "closed" once it is closed and empty.
---@async
---@return any value
---@return "closed"? err
function Channel:wait() end

---Receives a message if there is one.
---@return any value
---@return "empty"|"closed"|nil err
function Channel:try_recv() end

---Nothing is sent from now on; what is inside is still received.
---@return true
function Channel:close() end

---Begins fn(...) as a task.
---@param fn fun(...): ...
---@param ... any
---@return ward.Task task
---@nodiscard
function async.spawn(fn, ...) end

---Makes a channel; its capacity is 64 if not given.
---@param opts? integer|{capacity: integer?}
---@return ward.Channel channel
---@nodiscard
function async.channel(opts) end

---Waits for one.
---@async
---@param awaitable ward.Awaitable|ward.Task|ward.Channel
---@return any ...
function async.await(awaitable) end

---Waits for the first of several: its index, and its results.
---@async
---@param list (ward.Awaitable|ward.Task|ward.Channel)[]
---@return integer index
---@return any ...
function async.select(list) end

return async
