-- ward.async: tasks and channels as Ward's scripts have them, on top of lev.
--
-- An awaitable is an object that has wait(), or can be called. Those of the
-- faces have an operation of lev, too, with which async.select waits; for any
-- other it has a task wait.

local lev, common = ...

local pack, unpack = table.pack, table.unpack

local async = {}

-- Tasks.

local Task = { __name = "Task" }
Task.__index = Task

function Task.__tostring() return "Task()" end

-- What waiting for `native` came to.
local function outcome(native, ...)
  local status = native.status
  if status == "done" then return ... end
  if status == "failed" then error(select(2, ...), 0) end
  error("cancelled", 0)
end

local function join(self)
  if self._joined then error("task already joined", 0) end
  self._joined = true
end

function Task:wait()
  join(self)
  local native = self._task
  return outcome(native, lev.await(native))
end

-- A task that loses a select can be waited for again.
common.set_op(Task, function(self)
  local native = self._task
  if self._joined then
    return lev.op.always():wrap(function() join(self) end)
  end
  return native:join_op():wrap(function(...)
    join(self)
    return outcome(native, ...)
  end)
end)

function Task:cancel()
  if self._cancelled or self._task:done() then return false end
  self._cancelled = true
  self._task:abort()
  return true
end

function Task:done() return self._task:done() end

function Task:detach()
  self._detached = true
  return true
end

-- A handle that is dropped takes its task along, unless it is detached.
function Task:__gc()
  if not self._detached then self._task:abort() end
end

Task.__close = Task.__gc

function async.spawn(fn, ...)
  if type(fn) ~= "function" then
    common.bad_argument(1, "spawn", "function", fn)
  end
  local arguments = pack(...)
  local native = lev.spawn(function()
    return fn(unpack(arguments, 1, arguments.n))
  end)
  common.adopt(native)
  return setmetatable({ _task = native }, Task)
end

-- Channels.

local Channel = { __name = "Channel" }
Channel.__index = Channel

function Channel.__tostring() return "Channel()" end

function Channel:send(value) return self._channel:send(value) end
function Channel:try_send(value) return self._channel:try_send(value) end
function Channel:wait() return self._channel:recv() end
function Channel:try_recv() return self._channel:try_recv() end
function Channel:close() return self._channel:close() end

common.set_op(Channel, function(self) return self._channel:recv_op() end)

local DEFAULT_CAPACITY = 64
local MOST_CAPACITY = 2.0 ^ 61

local function to_capacity(opts)
  local capacity = opts
  if type(opts) == "table" then capacity = opts.capacity end
  if capacity == nil then return DEFAULT_CAPACITY end
  if type(capacity) ~= "number" then
    error("channel expects opts table or capacity number", 0)
  elseif not (capacity > 0 and capacity < math.huge) then
    error("capacity must be positive", 0)
  elseif capacity % 1 ~= 0 then
    error("capacity must be an integer", 0)
  elseif capacity >= MOST_CAPACITY then
    error("capacity overflow", 0)
  end
  return capacity
end

function async.channel(opts)
  return setmetatable({ _channel = lev.channel(to_capacity(opts)) }, Channel)
end

-- Awaiting.

local function get_wait(value) return value.wait end

-- The function that awaits `value`; nil if it is no awaitable.
local function waiter_of(value)
  if type(value) ~= "table" and type(value) ~= "userdata" then return nil end
  local ok, wait = pcall(get_wait, value)
  if ok and wait ~= nil then return wait end
  local metatable = debug.getmetatable(value)
  return metatable and metatable.__call
end

function async.await(awaitable)
  local wait = waiter_of(awaitable)
  if wait then return wait(awaitable) end
  if type(awaitable) ~= "table" and type(awaitable) ~= "userdata" then
    common.bad_argument(1, "await", "awaitable", awaitable)
  end
  error("awaitable must implement wait() (or __call())", 0)
end

-- Selecting.

local function check_list(list)
  if type(list) ~= "table" or #list == 0 then
    error("select expects a non-empty array table", 0)
  end
  for i = 1, #list do
    if not waiter_of(list[i]) then
      error("select expects an array of userdata awaitables", 0)
    end
  end
end

-- Of some awaitables nobody knows an operation: a task of the scope waits.
local function op_of_stranger(scope, helpers, awaitable)
  local helper = scope:spawn(function() return async.await(awaitable) end)
  helpers[#helpers + 1] = helper
  return helper:join_op():wrap(function(...) return outcome(helper, ...) end)
end

local function dismiss(helpers)
  for _, helper in ipairs(helpers) do
    helper:abort()
    helper:result()
  end
end

local function nobody() return nil end

-- In order: whoever is ready before a later one has begun wins.
local function poll_and_wait(scope, helpers, list)
  local ops = {}
  for i, awaitable in ipairs(list) do
    local op = common.op_of(awaitable)
    if not op then
      op = op_of_stranger(scope, helpers, awaitable)
      lev.yield()
    end
    ops[i] = op:wrap(function(...) return i, ... end)
    local ready = pack(lev.op.choice(unpack(ops)):or_else(nobody):perform())
    if ready[1] then return unpack(ready, 1, ready.n) end
  end
  return lev.op.choice(unpack(ops)):perform()
end

local function select_with_helpers(list)
  local results, helpers = nil, {}
  lev.scope({ on_error = "collect" }, function(scope)
    results = pack(pcall(poll_and_wait, scope, helpers, list))
    dismiss(helpers)
  end)
  if results[1] then return unpack(results, 2, results.n) end
  error(results[2], 0)
end

-- The lowest index wins among those that are ready.
function async.select(list)
  check_list(list)
  local ops = {}
  for i, awaitable in ipairs(list) do
    ops[i] = common.op_of(awaitable)
    if not ops[i] then return select_with_helpers(list) end
  end
  return lev.select(ops)
end

return async
