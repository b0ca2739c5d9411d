-- Waiting for anything: what waiting for a value means, and lev.select.
--
-- The chunk gets the module lev, what only C++ can do, and the algebra (op.lua)
-- with the function that makes a choice of a list.

local lev, native, op, choice_of = ...

local is_op, methods = native.is, native.methods

local twins = {
  ["lev.barrier"] = "wait_op",
  ["lev.cancel_token"] = "wait_op",
  ["lev.channel"] = "recv_op",
  ["lev.event"] = "wait_op",
  ["lev.interval"] = "wait_op",
  ["lev.listener"] = "accept_op",
  ["lev.process"] = "wait_op",
  ["lev.task"] = "join_op",
  ["lev.waitgroup"] = "wait_op",
}

local function to_op(value)
  if is_op(value) then return value end
  if type(value) == "number" then return lev.sleep_op(value) end
  local twin = twins[native.kind(value)]
  return twin and value[twin](value)
end

--- The operation itself, or what waiting for the value means.
function op.of(value)
  return to_op(value) or error(
    ("bad argument #1 to 'of' (something to wait for expected, got %s)")
      :format(native.kind(value)), 2)
end

-- Those of the list in order, then the others by their names.
local function keys_of(list)
  local keys, names, count = {}, {}, #list
  for i = 1, count do keys[i] = i end
  for key in next, list do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      names[#names + 1] = key
    end
  end
  if #names == 0 then return keys end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return table.move(names, 1, #names, #keys + 1, keys)
end

-- A choice of the list's members whose results begin with the winner's key.
local function keyed(list, name)
  if type(list) ~= "table" then
    error(("bad argument #1 to '%s' (table expected, got %s)"):format(
      name, native.kind(list)), 3)
  end
  local keys = keys_of(list)
  local members = { n = #keys }
  for i, key in ipairs(keys) do
    local any = to_op(list[key])
    if not any then
      error(("bad argument #1 to '%s' ([%s]: something to wait for expected, "
        .. "got %s)"):format(name, key, native.kind(list[key])), 3)
    end
    members[i] = any
  end
  return choice_of(members, keys)
end

--- A choice by names: the winner's name, and its results.
function op.named_choice(list)
  -- Not a tail call: its errors name the caller's line.
  local choice = keyed(list, "named_choice")
  return choice
end

--- Waits for the first of several: its key, and its results.
function lev.select(list, wait)
  return op.perform(keyed(list, "select"), wait)
end

-- The call has the condition's mutex again before it is over, as condition:wait
-- has; as a member of a choice it lets go of it only when it is tried. A task
-- that did not have it when it performed is not given it either.
function native.condition.wait_op(self, wait)
  local raw = native.condition_wait_op(self, wait)
  local again = methods.finally(raw, function() native.relock(self) end)
  return op.guard(function()
    return native.holds_mutex(self) and again or raw
  end)
end
