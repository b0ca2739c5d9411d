-- Tests that library/ and docs/FACES.md keep up with what the faces export,
-- objects included, and that they know nothing else.

require "lev"

local DOCUMENT = "docs/FACES.md"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function keys(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

local MODULES = { "std.task", "ward.async", "ward.time", "fibers", "fibers.op",
  "fibers.scope", "fibers.channel", "fibers.sleep", "fibers.cond",
  "fibers.waitgroup", "fibers.queue", "fibers.alarm", "fibers.io.exec",
  "fibers.io.file", "fibers.io.stream", "fibers.io.socket" }

-- For the faces alone, or for aliases of what is documented.
local INTERNAL = { ["fibers.scope"] = { run_main = true, start = true,
                                        perform_raw = true } }

-- Upvalues of the module's functions: the classes of its objects.
local function add_classes(classes, fn, seen)
  for i = 1, math.huge do
    local name, value = debug.getupvalue(fn, i)
    if not name then return end
    local known = seen[value]
    if type(value) == "function" and not known and
       debug.getinfo(value, "S").what == "Lua" then
      seen[value] = true
      add_classes(classes, value, seen)
    elseif type(value) == "table" and rawget(value, "__index") == value then
      classes[value] = true
    end
  end
end

-- The names of functions: of the module, and of the classes that are its own.
local function exported(module)
  local names, classes, own = {}, {}, "=" .. module
  for name, value in pairs(require(module)) do
    local internal = INTERNAL[module] and INTERNAL[module][name]
    if type(value) == "function" and not internal then
      names[name] = true
      if debug.getinfo(value, "S").source == own then
        add_classes(classes, value, {})
      end
    end
  end
  for class in pairs(classes) do
    for name, value in pairs(class) do
      if type(value) == "function" and not name:match("^_") and
         debug.getinfo(value, "S").source == own then
        names[name] = true
      end
    end
  end
  return names
end

-- The names of functions that the library has in a module.
local function typed(module)
  local names = {}
  local path = "library/" .. module:gsub("%.", "/") .. ".lua"
  for line in io.lines(path) do
    local name = line:match("^function %w+[.:]([%w_]+)%(") or
      line:match("^%w+%.(%l[%w_]+) = require")
    if name then names[name] = true end
  end
  return names
end

for _, module in ipairs(MODULES) do
  describe(module, function()
    it("has all its functions, and no other, in library/", function()
      assert.same(keys(exported(module)), keys(typed(module)))
    end)

    it("has all its functions in docs/FACES.md", function()
      local text, missing = read(DOCUMENT), {}
      for name in pairs(exported(module)) do
        local pattern = "%f[%w_]" .. name .. "%("
        if not text:find(pattern) then missing[name] = true end
      end
      assert.same({}, keys(missing))
    end)
  end)
end

describe("library/", function()
  it("is Lua, and describes every parameter and result", function()
    local wrong = {}
    for _, module in ipairs(MODULES) do
      local path = "library/" .. module:gsub("%.", "/") .. ".lua"
      local block = {}
      assert(loadfile(path))
      for line in io.lines(path) do
        local parameters = line:match("^function [%w.:_]+(%b()) end$")
        for parameter in (parameters or ""):gmatch("[%w_.]+") do
          if not table.concat(block, "\n"):find("@param " .. parameter, 1,
                                                true) then
            wrong[line .. " " .. parameter] = true
          end
        end
        if parameters and not (block[1] or ""):match("^%-%-%-[^@]") then
          wrong[line] = true
        end
        block[#block + 1] = line
        if not line:match("^%-%-%-") then block = {} end
      end
    end
    assert.same({}, keys(wrong))
  end)
end)
