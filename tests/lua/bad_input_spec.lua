-- Tests lev/lua/lua_args.cc.
-- Every function and method, every argument, every kind of odd value. Either
-- the value is among those the argument accepts, or the call raises an error
-- that names the function and the argument; and the loop goes on.

local lev = require "lev"
local net = require "net_support"
local odd = require "bad_input_support"

local VALUES, FUNCTIONS, METHODS = odd.VALUES, odd.FUNCTIONS, odd.METHODS

local function accepts(list, name)
  local wanted = name:gsub(" ", "_")
  for word in list:gmatch("%S+") do
    if word == wanted then return true end
  end
  return false
end

-- Calls in a task that is given up when it blocks. Returns "blocked", or what
-- pcall returned.
local function outcome(call, arguments)
  local results
  local caller = lev.spawn(function()
    results = table.pack(pcall(call, arguments))
  end)
  for _ = 1, 5 do
    if caller:done() then break end
    lev.yield()
  end
  if not caller:done() then lev.sleep(0.001) end
  caller:abort()
  return results or { "blocked" }
end

local function judge(label, list, value, index, name, results)
  local where = ("%s, argument %d = %s"):format(label, index, value)
  if results[1] == false then
    local text = tostring(results[2])
    assert.is_false(accepts(list, value), where .. " raised " .. text)
    assert.equal("string", type(results[2]), where)
    local expected = ("bad argument #%d to '%s'"):format(index, name)
    assert.truthy(text:find(expected, 1, true), where .. ": " .. text)
  else
    assert.is_true(accepts(list, value), where .. " was accepted")
    if results[1] == true and results[2] == nil and results.n > 2 then
      assert.equal("string", type(results[3]), where)
      assert.is_true(#results[3] > 0, where)
    end
  end
end

-- Every value at argument `index` of what `prepare` returns: the function
-- that calls, and its arguments.
local function try_values(label, name, index, list, prepare)
  for _, value in ipairs(VALUES) do
    local call, arguments = prepare()
    arguments[index] = value[2]()
    arguments.n = math.max(index, arguments.n or #arguments)
    judge(label, list, value[1], index, name, outcome(call, arguments))
  end
  assert.is_true(lev.sleep(0.001))
end

-- A call as the user writes it, so that errors know the name.
local function caller(text, object)
  return load(("local o = ... return function(a) return %s end"):format(text))(
    object)
end

local silent = function() end

local function no_log(body)
  return function()
    lev.set_logger(silent)
    local ok, err = pcall(net.run, body)
    lev.set_logger(nil)
    if not ok then error(err, 0) end
  end
end

describe("An odd argument of", function()
  for _, row in ipairs(FUNCTIONS) do
    local name, arguments, lists = table.unpack(row)
    for index, list in ipairs(lists) do
      it(("lev.%s, #%d, is accepted or named"):format(name, index),
        no_log(function()
          local call = caller("o." .. name .. "(table.unpack(a, 1, a.n))", lev)
          local function prepare() return call, arguments() end
          if name == "run" then
            -- Within a run it says so, whatever else is wrong.
            return
          end
          try_values("lev." .. name, name, index, list, prepare)
          if name == "set_logger" then lev.set_logger(silent) end
        end))
    end
  end

  for _, kind in ipairs(METHODS) do
    local kind_name, make, methods = table.unpack(kind)
    for _, row in ipairs(methods) do
      local name, arguments, lists = table.unpack(row)
      local label = kind_name .. ":" .. name
      for index, list in ipairs(lists) do
        it(("%s, #%d, is accepted or named"):format(label, index),
          no_log(function()
            try_values(label, name, index, list, function()
              local call = caller(
                "o:" .. name .. "(table.unpack(a, 1, a.n))", make())
              return call, { table.unpack(arguments) }
            end)
          end))
      end

      it(label .. ", the object itself, is named", no_log(function()
        local object = make()
        local call = caller("o(table.unpack(a, 1, a.n))", object[name])
        local others = kind_name == "tcp" and "tcp closed_tcp" or kind_name
        for _, value in ipairs(VALUES) do
          local results = outcome(call,
            { value[2](), n = 1 + #arguments, table.unpack(arguments) })
          if not accepts(others, value[1]) then
            assert.is_false(results[1], label .. " on " .. value[1])
            assert.truthy(results[2]:find("bad argument #1", 1, true))
            local expected = ({ token = "cancel_token", tcp = "socket" })[
              kind_name] or kind_name
            assert.truthy(results[2]:find("lev." .. expected .. " expected",
              1, true), results[2])
          end
        end
      end))
    end
  end

  it("lev.run, outside a run, is named", function()
    for _, value in ipairs(VALUES) do
      if not accepts("tcp closed_tcp listener task function", value[1]) then
        local ok, text = pcall(function() lev.run(value[2]()) end)
        assert.is_false(ok)
        assert.truthy(text:find("bad argument #1 to 'run'", 1, true), text)
      end
      if not accepts("tcp closed_tcp listener task {} nil", value[1]) then
        local ok, text = pcall(function() lev.run(print, value[2]()) end)
        assert.is_false(ok)
        assert.truthy(text:find("bad argument #2 to 'run'", 1, true), text)
      end
    end
  end)
end)

describe("A missing argument", function()
  it("is named, for every function that needs one", function()
    net.run(function()
      for _, name in ipairs { "run", "spawn", "await", "sleep", "race", "all",
        "defer", "disown", "connect", "listen", "exec", "exec_capture",
        "on_signal" } do
        local ok, text = pcall(caller("o." .. name .. "()", lev))
        assert.is_false(ok, name)
        assert.truthy(text:find("bad argument #1 to '" .. name .. "'", 1,
          true), text)
      end
    end)
  end)
end)
