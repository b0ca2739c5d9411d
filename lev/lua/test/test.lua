-- lev.test: runs a program in virtual time, on a network in memory.
--
-- The chunk gets the module lev, the table to fill, and what only C++ can do.
-- Hosts are handles made here: all there is to a host is its name.

local lev, test, native = ...

local pack, unpack = table.pack, table.unpack
local randomseed = math.randomseed

-- Arguments.

local function wrong(level, format, ...)
  error(format:format(...), level + 1)
end

local function check(value, expected, what, level)
  if type(value) ~= expected then
    wrong(level + 1, "%s: %s expected, got %s", what, expected, type(value))
  end
  return value
end

local function check_keys(options, allowed, what, level)
  check(options, "table", what, level + 1)
  for key in pairs(options) do
    if not allowed[key] then
      wrong(level + 1, "%s: unknown option '%s'", what, tostring(key))
    end
  end
end

-- A list, or one thing as a list of one.
local function list_of(value, what, level)
  if type(value) ~= "table" then value = { value } end
  for _, item in ipairs(value) do check(item, "string", what, level + 1) end
  return value
end

-- The network.

local Host = {}
local Network = {}
local host_meta = { __index = Host, __name = "lev.test.host" }
local network = setmetatable({}, {
  __index = Network, __name = "lev.test.network" })

function host_meta:__tostring() return "lev.test.host: " .. self.name end

-- A host, or its name.
local function name_of(value, what, level)
  if getmetatable(value) == host_meta then return value.name end
  return check(value, "string", what, level + 1)
end

local LINK = { latency = "seconds", jitter = "seconds", bandwidth = "number",
               loss = "chance", duplicate = "chance", reorder = "chance",
               piece = "number", reset_after = "number", one_way = "switch" }

local function check_plan(plan, what, level)
  check_keys(plan, LINK, what, level + 1)
  for key, value in pairs(plan) do
    local kind = LINK[key]
    local field = what .. ": " .. key
    if kind == "switch" then
      check(value, "boolean", field, level + 1)
    else
      check(value, "number", field, level + 1)
      if not (value >= 0) or kind == "chance" and value > 1 then
        wrong(level + 1, "%s: %s is out of range", field, value)
      end
    end
  end
  return plan
end

function Network:host(name, addresses)
  check(name, "string", "network:host: name", 2)
  local given = list_of(addresses or {}, "network:host: addresses", 2)
  local ok, message = native.host(name, given)
  if not ok then wrong(2, "network:host: %s", message) end
  return setmetatable({ name = name, addresses = native.addresses(name),
                        address = native.addresses(name)[1] }, host_meta)
end

function Network:link(a, b, plan)
  a = name_of(a, "network:link: host", 2)
  b = name_of(b, "network:link: host", 2)
  check_plan(plan, "network:link", 2)
  native.link(a, b, plan)
  if not plan.one_way then native.link(b, a, plan) end
end

function Network:links(plan)
  check_plan(plan, "network:links", 2)
  local hosts = native.hosts()
  for _, a in ipairs(hosts) do
    for _, b in ipairs(hosts) do
      if a ~= b then native.link(a, b, plan) end
    end
  end
end

local function names(hosts, what)
  if getmetatable(hosts) == host_meta then return { hosts.name } end
  if type(hosts) ~= "table" then hosts = { hosts } end
  local list = {}
  for i, host in ipairs(hosts) do list[i] = name_of(host, what, 3) end
  return list
end

function Network:partition(these, those)
  these = names(these, "network:partition: host")
  those = names(those, "network:partition: host")
  for _, a in ipairs(these) do
    for _, b in ipairs(those) do native.cut(a, b) end
  end
end

function Network:heal() native.heal() end

function Network:reset(a, b)
  native.reset(name_of(a, "network:reset: host", 2),
               name_of(b, "network:reset: host", 2))
end

function Network:names(map)
  check(map, "table", "network:names", 2)
  for name, addresses in pairs(map) do
    local given = list_of(addresses or {}, "network:names: addresses", 2)
    local ok, message = native.name(name, given)
    if not ok then wrong(2, "network:names: %s", message) end
  end
end

local SPAWN = { name = true, detached = true }

-- What the task spawns is on this host, too.
function Host:spawn(fn, options)
  check(fn, "function", "host:spawn", 2)
  if options ~= nil then check_keys(options, SPAWN, "host:spawn", 2) end
  return native.spawn(fn, options, self.name)
end

function Host:crash() native.crash(self.name) end

function Host:start() native.start(self.name) end

function Host:limit_fds(most)
  if math.type(most) ~= "integer" or most < 0 then
    wrong(2, "host:limit_fds: integer expected, not negative")
  end
  native.limit_fds(self.name, most)
end

function Host:open_fds() return native.open_fds(self.name) end

function Host:signal(signal)
  if math.type(signal) ~= "integer" or signal < 1 or signal > 64 then
    wrong(2, "host:signal: a signal's number expected")
  end
  local lethal = native.signal(self.name, signal)
  if lethal then wrong(2, "host:signal: nobody on 'main' takes %s", lethal) end
end

-- The exit code of a program.
local function run_program(fn, process)
  local ok, result = pcall(fn, process)
  if ok and result == nil then return 0 end
  if ok and math.type(result) == "integer" then return result end
  if ok then
    result = "the program returned a " .. type(result) .. ", not an exit code"
  end
  pcall(process.stderr.send, process.stderr, tostring(result) .. "\n")
  return 1
end

function Host:program(name, fn)
  check(name, "string", "host:program: name", 2)
  if fn ~= nil then check(fn, "function", "host:program", 2) end
  native.program(self.name, name, fn and function(process)
    process[1] = run_program(fn, process)
  end)
end

function Host:output() return native.output(self.name) end

-- Runs.

local RUN = { seed = true, trace = true, limit = true, network = true }
local NETWORK = { hosts = true, links = true, names = true }

-- The seed that LEV_TEST_SEED asks for, or nil.
local function wanted_seed()
  local text = os.getenv("LEV_TEST_SEED")
  if not text or text == "" then return end
  return math.tointeger(tonumber(text))
    or error("LEV_TEST_SEED: integer expected, got '" .. text .. "'", 0)
end

local function check_options(options, level)
  if options == nil then return {} end
  check_keys(options, RUN, "lev.test.run", level + 1)
  if options.seed ~= nil and math.type(options.seed) ~= "integer" then
    wrong(level + 1, "lev.test.run: seed: integer expected")
  end
  if options.network ~= nil then
    check_keys(options.network, NETWORK, "lev.test.run: network", level + 1)
  end
  return options
end

-- The order decides on addresses: `pairs` has another in each process.
local function make_hosts(hosts)
  for _, name in ipairs(hosts) do network:host(name) end
  local named = {}
  for key in pairs(hosts) do
    if type(key) == "string" then named[#named + 1] = key end
  end
  table.sort(named)
  for _, name in ipairs(named) do network:host(name, hosts[name]) end
end

local function set_up(description)
  make_hosts(description.hosts or {})
  if description.links then network:links(description.links) end
  if description.names then network:names(description.names) end
end

-- Errors that nobody has heard of are the test's.
local function collect_errors(previous)
  local errors = {}
  lev.set_logger(function(level, message)
    if level == "error" then
      errors[#errors + 1] = message
    elseif type(previous) == "function" then
      previous(level, message)
    end
  end)
  return errors
end

-- Calls fn. If it fails the run ends at once, whoever else still runs: its
-- error goes to `errors`, before theirs.
local function call(fn, seed, errors)
  local results = pack(xpcall(fn, function(message)
    local is_object = type(message) == "table" and message.message ~= nil
    errors.object = is_object and message or nil
    return debug.traceback(tostring(message), 2)
  end, network, seed))
  if results[1] then return unpack(results, 2, results.n) end
  table.insert(errors, 1, results[2])
  errors.ended = true
  lev.stop()
end

local function run(fn, seed, options)
  randomseed(seed)
  local previous = native.logger()
  local errors = collect_errors(previous)
  local results = pack(pcall(native.run, function()
    set_up(options.network or {})
    return call(fn, seed, errors)
  end, seed, options.trace, options.limit or 3600))
  lev.set_logger(previous)
  if not results[1] then error(results[2], 0) end
  if results[2] and #errors == 0 then return unpack(results, 3, results.n) end
  if not results[2] and not errors.ended then
    if results[5] then table.insert(errors, 1, tostring(results[5])) end
    table.insert(errors, 1, tostring(results[4]))
  end
  local text = ("seed %d (LEV_TEST_SEED=%d replays it): %s"):format(
    seed, seed, table.concat(errors, "\n"))
  -- busted knows failures, and what is pending, by its own objects.
  if not errors.object then error(text, 0) end
  errors.object.message = text
  error(errors.object, 0)
end

function test.run(fn, options)
  check(fn, "function", "lev.test.run", 2)
  options = check_options(options, 2)
  return run(fn, wanted_seed() or options.seed or 0, options)
end

function test.each_seed(count, fn, options)
  if math.type(count) ~= "integer" or count < 1 then
    wrong(2, "lev.test.each_seed: positive integer expected")
  end
  check(fn, "function", "lev.test.each_seed", 2)
  options = check_options(options, 2)
  local wanted = wanted_seed()
  for seed = wanted or 1, wanted or count do run(fn, seed, options) end
end

test.network = network
test.settle, test.now, test.trace = native.settle, native.now, native.trace
test.note = native.note
