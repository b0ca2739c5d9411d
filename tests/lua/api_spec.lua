-- Tests that docs/LUA_API.md, library/*.lua and the specs keep up with what
-- lev exports: a name that one of them lacks, or has and lev has not, fails.

local lev = require "lev"
local core = require "lev.core"
local test = require "lev.test"

local DOCUMENT = "docs/LUA_API.md"
local LIBRARY = { lev = "library/lev.lua", core = "library/lev/core.lua",
                  coroutine = "library/lev/coroutine.lua",
                  op = "library/lev/op.lua", test = "library/lev/test.lua" }

-- The class in the library of each kind of object, and the title of its table
-- of methods in the document.
local KINDS = {
  ["lev.run"] = { class = "lev.Run", title = "run" },
  ["lev.task"] = { class = "lev.Task", title = "task" },
  ["lev.cancel_token"] = { class = "lev.Token", title = "token" },
  ["lev.scope"] = { class = "lev.Scope", title = "scope" },
  ["lev.channel"] = { class = "lev.Channel", title = "channel" },
  ["lev.mutex"] = { class = "lev.Mutex", title = "mutex" },
  ["lev.rwlock"] = { class = "lev.RwLock", title = "rwlock" },
  ["lev.condition"] = { class = "lev.Condition", title = "condition" },
  ["lev.semaphore"] = { class = "lev.Semaphore", title = "semaphore" },
  ["lev.event"] = { class = "lev.Event", title = "event" },
  ["lev.waitgroup"] = { class = "lev.WaitGroup", title = "waitgroup" },
  ["lev.barrier"] = { class = "lev.Barrier", title = "barrier" },
  ["lev.interval"] = { class = "lev.Interval", title = "interval" },
  ["lev.op"] = { class = "lev.Op", title = "operation" },
  ["lev.socket"] = { class = "lev.Socket", title = "socket" },
  ["lev.listener"] = { class = "lev.Listener", title = "listener" },
  ["lev.udp"] = { class = "lev.Udp", title = "UDP socket" },
  ["lev.unix_dgram"] = { class = "lev.UnixDatagram",
                         title = "UNIX datagram socket" },
  ["lev.file"] = { class = "lev.File", title = "file" },
  ["lev.process"] = { class = "lev.Process", title = "process" },
  ["lev.tls_identity"] = { class = "lev.TlsIdentity", title = "identity" },
  ["lev.core.tcp"] = { class = "lev.core.tcp", title = "lev.core TCP socket" },
  ["lev.core.udp"] = { class = "lev.core.udp", title = "lev.core UDP socket" },
  ["lev.core.process"] = { class = "lev.core.process",
                           title = "lev.core process" },
}

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

-- What lev exports, in groups: { label, class, title, names = {name = value} }

-- A kind's __index is the table of its methods, or a function of C with that
-- as its second upvalue.
local function methods_of(metatable)
  local index = metatable.__index
  if type(index) == "table" then return index end
  return select(2, debug.getupvalue(index, 2))
end

-- All kinds of objects are in the registry, those included that programs never
-- get to see; these have no methods.
local function add_kinds(groups)
  local found = {}
  for _, metatable in pairs(debug.getregistry()) do
    local ours = type(metatable) == "table" and
      rawget(metatable, "__metatable") == "lev"
    local methods = ours and methods_of(metatable)
    if methods and next(methods) then
      local name = metatable.__name
      local kind = assert(KINDS[name], name .. " is in no group")
      found[name] = true
      groups[#groups + 1] = { label = name .. ":", class = kind.class,
        title = kind.title, names = methods }
    end
  end
  for name in pairs(KINDS) do assert(found[name], name .. " does not exist") end
end

-- What is not simply the library coroutine's.
local function own_coroutine()
  local own = {}
  for name, value in pairs(lev.coroutine) do
    if coroutine[name] ~= value then own[name] = value end
  end
  return own
end

-- The handles of lev.test are tables.
local function add_test(groups)
  local functions = {}
  for name, value in pairs(test) do functions[name] = value end
  functions.network = nil
  local host = test.run(function(net) return net:host("main") end)
  for label, names in pairs { ["lev.test."] = functions,
      ["lev.test.network:"] = getmetatable(test.network).__index,
      ["lev.test.host:"] = getmetatable(host).__index } do
    local name = label:sub(1, -2)
    groups[#groups + 1] = { label = label, class = name, title = name,
                            names = names }
  end
end

local function exported()
  local functions = {}
  for name, value in pairs(lev) do functions[name] = value end
  functions._VERSION, functions.coroutine, functions.op = nil, nil, nil
  local groups = {
    { label = "lev.", class = "lev", title = "lev", names = functions },
    { label = "lev.core.", class = "lev.core", title = "lev.core",
      names = core },
    { label = "lev.coroutine.", class = "lev.coroutine",
      title = "lev.coroutine", names = own_coroutine() },
    { label = "lev.op.", class = "lev.op", title = "lev.op", names = lev.op },
  }
  add_test(groups)
  add_kinds(groups)
  return groups
end

-- What the document has, by title: the bold signatures of functions of lev,
-- and the first column of tables, which may be for several kinds. Constants
-- need only be mentioned.
local function documented()
  local found = setmetatable({}, { __index = function(self, title)
    self[title] = {}
    return self[title]
  end })
  local titles
  for line in io.lines(DOCUMENT) do
    for _, pattern in ipairs { "%*%*`lev%.([%w_]+)%(", "lev%.(SIG%w+)" } do
      for name in line:gmatch(pattern) do found.lev[name] = true end
    end
    local cell = line:match("^|(.-) |") or line:match("^|")
    if titles and cell then
      for name in cell:gmatch("`([%w_]+)%(") do
        for title in titles:gmatch("[^,]+") do
          found[title:match("^ *(.*)")][name] = true
        end
      end
    end
    titles = cell and (titles or cell)
  end
  return found
end

-- What the library has: classes by name, each { parents, members = {name =
-- {block, parameters or nil}} }, and the set of types.
local function add_type(library, line)
  local kind, name, rest = line:match("^%-%-%-@(%l+) (lev[%w_.]*)(.*)")
  if kind == "class" then
    local class = library.classes[name] or { parents = {}, members = {} }
    for parent in rest:gmatch("lev%.[%w_.]+") do
      class.parents[#class.parents + 1] = parent
    end
    library.classes[name], library.types[name] = class, true
    return class
  elseif kind == "alias" then
    library.types[name] = true
  end
end

local function add_file(library, path)
  local variables, block, class = {}, {}, nil
  for line in io.lines(path) do
    local variable, name, parameters =
      line:match("^function (%w+)[.:]([%w_]+)(%b()) end$")
    local holder, constant, value = line:match("^(%w+)%.([%w_]+) = (.*)$")
    local declared = line:match("^local (%w+) = {}$")
    if line:match("^%-%-%-") then
      block[#block + 1] = line
      class = add_type(library, line) or class
    elseif declared then
      variables[declared] = class
    elseif name then
      variables[variable].members[name] =
        { block = table.concat(block, "\n"), parameters = parameters }
    elseif constant then
      variables[holder].members[constant] = { value = value }
    end
    if not line:match("^%-%-%-") then block = {} end
  end
end

local function typed()
  local library = { classes = {}, types = {} }
  for _, path in pairs(LIBRARY) do add_file(library, path) end
  return library
end

-- A class's own members and those it inherits.
local function members_of(library, name)
  local class, all = library.classes[name] or { parents = {}, members = {} }, {}
  for _, parent in ipairs(class.parents) do
    for key, member in pairs(members_of(library, parent)) do
      all[key] = member
    end
  end
  for key, member in pairs(class.members) do all[key] = member end
  return all
end

-- The names of `groups` that `has(group)`, a set, lacks, and the reverse.
local function compare(has)
  local missing, superfluous = {}, {}
  for _, group in ipairs(exported()) do
    local there = has(group)
    for name in pairs(group.names) do
      if not there[name] then missing[group.label .. name] = true end
    end
    for name in pairs(there) do
      local exists = group.names[name] ~= nil
      if not exists then superfluous[group.label .. name] = true end
    end
  end
  return keys(missing), keys(superfluous)
end

describe("docs/LUA_API.md", function()
  local found = documented()
  -- The twin of what is there is there: the document has the rule.
  local missing, superfluous = compare(function(group)
    local there = found[group.title]
    for name in pairs(group.names) do
      local plain = name:match("^(.*)_op$")
      if plain and there[plain] then there[name] = true end
    end
    return there
  end)

  it("has every exported name", function() assert.same({}, missing) end)

  it("has no name that there is not", function()
    assert.same({}, superfluous)
  end)

  it("mentions no function that there is not", function()
    local unknown = {}
    for name in read(DOCUMENT):gmatch("%f[%w]lev%.([%w_]+)") do
      local is_module = name == "core" or name == "test"
      if lev[name] == nil and not is_module then unknown[name] = true end
    end
    assert.same({}, keys(unknown))
  end)
end)

describe("library/", function()
  local library = typed()

  it("has every exported name, and no other", function()
    local missing, superfluous = compare(function(group)
      return members_of(library, group.class)
    end)
    assert.same({}, missing)
    assert.same({}, superfluous)
  end)

  it("is Lua, and knows the values of the constants", function()
    local loaded = assert(loadfile(LIBRARY.lev))()
    assert.is_table(assert(loadfile(LIBRARY.core))())
    assert.is_table(assert(loadfile(LIBRARY.test))())
    for name, value in pairs(lev) do
      if math.type(value) then assert.equal(value, loaded[name], name) end
    end
  end)

  it("describes every function, its parameters and its results", function()
    local wrong = {}
    for class_name, class in pairs(library.classes) do
      for name, member in pairs(class.members) do
        local function check(ok, what)
          if not ok then wrong[class_name .. "." .. name .. what] = true end
        end
        for parameter in (member.parameters or ""):gmatch("[%w_.]+") do
          local line = "\n---@param " .. parameter
          check(member.block:match(line:gsub("[.-]", "%%%0") .. "%f[? ]"),
                ": " .. parameter)
        end
        check(not member.block or member.block:match("^%-%-%-[^@]"), "")
      end
    end
    assert.same({}, keys(wrong))
  end)

  it("refers to no type that there is not", function()
    local unknown = {}
    for _, path in pairs(LIBRARY) do
      for line in read(path):gmatch("%-%-%-[@|][^\n]*") do
        for name in line:gsub("`.-`", ""):gmatch("%f[%w]lev%.[%a_][%w_.]*") do
          if not library.types[name] then unknown[name] = true end
        end
      end
    end
    assert.same({}, keys(unknown))
  end)
end)

describe("the specs", function()
  local texts = {}
  for path in io.popen("ls tests/lua/*_spec.lua"):lines() do
    if not path:match("/api_spec") then texts[#texts + 1] = read(path) end
  end
  local text = table.concat(texts, "\n")

  it("use every exported function", function()
    local unused = {}
    for _, group in ipairs(exported()) do
      local prefix = group.label:match(":$") or
        "%f[%w]" .. group.label:match("(%w+)%.$") .. "%."
      for name, value in pairs(group.names) do
        local used = text:find(prefix .. name .. "%f[^%w_]")
        if type(value) == "function" and not used then
          unused[group.label .. name] = true
        end
      end
    end
    assert.same({}, keys(unused))
  end)
end)
