-- What the faces share.
--
-- A face is thin: its tasks are lev's tasks, its waits lev's waits. The chunk
-- gets the module lev, and what only C++ can do: at_exit(fn), which has fn
-- called when the file has ended that the program lev runs; yield_turns(task),
-- which makes its own coroutine.yield a lev.yield.

local lev, native = ...

local common = {}

-- Cancellation. What lev raises in a cancelled task is an object.

local CANCELLED
do
  local token = lev.cancel_token()
  token:cancel()
  local _, sample = pcall(token.check, token)
  CANCELLED = debug.getmetatable(sample)
end

function common.is_cancelled(err)
  return type(err) == "table" and debug.getmetatable(err) == CANCELLED
end

-- The end of the program's file. Tasks that a face spawns for nobody in
-- particular do not outlive it; those that lev.run waits for do.

local left = setmetatable({}, { __mode = "k" })
local watching = false

local function youngest()
  local found
  for task in pairs(left) do
    if task:done() then
      left[task] = nil
    elseif not found or task.id > found.id then
      found = task
    end
  end
  return found
end

local function abort_left()
  watching = false
  for task in youngest do
    left[task] = nil
    task:abort()
  end
end

-- The tasks of other systems are aborted at the end of the program's file, if
-- there is a program, and their coroutine.yield lets others run.
function common.adopt(task)
  native.yield_turns(task)
  watching = watching or native.at_exit(abort_left)
  if watching then left[task] = true end
end

-- Operations. Objects of the faces have one with which others wait for them.

local makers = {}

-- make(object) is the operation of an object that has this metatable.
function common.set_op(metatable, make) makers[metatable] = make end

-- The operation of an object; nil if none is known.
function common.op_of(object)
  local make = type(object) == "table" and makers[getmetatable(object)]
  return make and make(object)
end

-- Arguments.

-- As mlua calls the types: an integer is no number.
function common.type_name(value)
  return math.type(value) == "integer" and "integer" or type(value)
end

function common.bad_argument(index, name, expected, value)
  error(("bad argument #%d to '%s' (%s expected, got %s)"):format(index, name,
    expected, value == nil and "no value" or type(value)), 0)
end

return common
