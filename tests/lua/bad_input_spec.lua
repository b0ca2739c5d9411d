-- Tests lev/lua/lua_args.cc.
-- Every function and method, every argument, every kind of odd value. Either
-- the value is among those the argument accepts, or the call raises an error
-- that names the function and the argument; and the loop goes on.

local lev = require "lev"
local net = require "net_support"

local LONG = ("x"):rep(100000)

-- What is passed: name, and how it is made within a run.
local VALUES = {
  { "nil", function() return nil end },
  { "true", function() return true end },
  { "0", function() return 0 end },
  { "-1", function() return -1 end },
  { "1.5", function() return 1.5 end },
  { "2^53", function() return 2 ^ 53 end },
  { "2^63", function() return 2 ^ 63 end },
  { "-2^63", function() return math.mininteger end },
  { "maxint", function() return math.maxinteger end },
  { "nan", function() return 0 / 0 end },
  { "inf", function() return 1 / 0 end },
  { "-inf", function() return -1 / 0 end },
  { "empty", function() return "" end },
  { "text", function() return "text" end },
  { "digits", function() return "12" end },
  { "nul", function() return "a\0b" end },
  { "long", function() return LONG end },
  { "{}", function() return {} end },
  { "{unknown}", function() return { unknown = 1 } end },
  { "{1}", function() return { 1 } end },
  { "function", function() return function() end end },
  { "coroutine", function() return coroutine.create(print) end },
  { "file", function() return assert(io.open("/dev/null")) end },
  { "tcp", function() local a, b = net.pair() b:close() return a end },
  { "closed tcp", function()
    local a, b = net.pair()
    a:close()
    b:close()
    return a
  end },
  { "listener", function() return (net.listen()) end },
  { "token", function() return lev.cancel_token() end },
  { "task", function() return lev.spawn(function() end) end },
}

local SECONDS = "0 1.5 2^53 2^63 maxint inf"
local WAIT = "nil {} " .. SECONDS
local TEXT = "empty text digits nul long"
local ANY = {}
for i, value in ipairs(VALUES) do
  ANY[i] = value[1] == "{}" and "{}" or value[1]
end
ANY = table.concat(ANY, " "):gsub("closed tcp", "closed_tcp")

-- name, good arguments, and for each argument what it accepts.
local FUNCTIONS = {
  { "run", function() return {} end, { "", "" } },
  { "spawn", function() return { function() end } end,
    { "function", "nil {}" } },
  { "await", function() return { lev.spawn(function() end) } end,
    { "task", WAIT } },
  { "sleep", function() return { 0 } end, { SECONDS, "nil {} token" } },
  { "yield", function() return {} end, { ANY } },
  { "now", function() return {} end, { ANY } },
  { "cancel_token", function() return {} end, { ANY } },
  { "channel", function() return {} end, { "nil {} 0 2^53 maxint inf" } },
  { "mutex", function() return {} end, { ANY } },
  { "rwlock", function() return {} end, { ANY } },
  { "event", function() return {} end, { ANY } },
  { "waitgroup", function() return {} end, { ANY } },
  { "condition", function() return { lev.mutex() } end, { "" } },
  { "semaphore", function() return { 1 } end, { "2^53 maxint" } },
  { "barrier", function() return { 1 } end, { "2^53 maxint" } },
  { "interval", function() return { 1 } end,
    { "1.5 2^53 2^63 maxint inf", "nil {}" } },
  { "race", function() return { { function() end } } end, { "" } },
  { "all", function() return { { function() end } } end, { "{}" } },
  { "scope", function() return { {}, function() end } end,
    { "nil {} function", "function" } },
  { "with_timeout", function() return { 1, function() end } end,
    { SECONDS, "function", "nil {}" } },
  { "shield", function() return { function() end } end, { "function" } },
  { "checkpoint", function() return {} end, { ANY } },
  { "current", function() return {} end, { ANY } },
  { "locals", function() return {} end, { ANY } },
  { "own", function() return {} end,
    { "nil file tcp closed_tcp listener" } },
  { "defer", function() return {} end, { "function" } },
  { "disown", function() return {} end, { ANY } },
  { "task_name", function() return {} end, { "nil " .. TEXT } },
  { "stats", function() return {} end, { ANY } },
  { "task_tree", function() return {} end, { ANY } },
  { "task_dump", function() return {} end, { ANY } },
  { "enable_dump_signal", function() return {} end, { "nil text", "nil" } },
  { "set_logger", function() return {} end,
    { "nil {} {unknown} {1} function file tcp closed_tcp listener token " ..
      "task" } },
  { "connect", function()
    local _, port = net.listen()
    return { "127.0.0.1", port, 5 }
  end, { TEXT, "0", WAIT } },
  { "tls_identity", function() return { "x.pem", "x.key" } end,
    { TEXT, TEXT, "nil " .. TEXT } },
  { "resolve", function() return { "127.0.0.1" } end, { TEXT, WAIT } },
  { "set_resolver", function() return {} end, { "nil {}" } },
  { "listen", function() return { "127.0.0.1", 0 } end,
    { TEXT, "0", "nil {}" } },
  { "exec", function() return { "true" } end,
    { TEXT, "nil {} {unknown} {1}", "nil {}" } },
  { "exec_capture", function() return { "true" } end,
    { TEXT, "nil {} {unknown} {1}", "nil {}" } },
  { "on_signal", function() return { lev.SIGURG, print } end,
    { "", "nil function" } },
  { "tcp", function() return {} end, { "nil" } },
  { "unix_connect", function() return { "@lev nobody", 5 } end,
    { TEXT, WAIT } },
  { "unix_listen", function() return { "@lev bad input" } end,
    { TEXT, "nil {}" } },
  { "pipe", function() return {} end, { ANY } },
  { "listen_fds", function() return {} end, { ANY } },
  { "wait_readable", function() return { 0, 0 } end,
    { "0 file tcp listener udp", WAIT } },
  { "wait_writable", function() return { 0, 0 } end,
    { "0 file tcp listener udp", WAIT } },
  { "udp", function() return {} end, { "nil" } },
  { "unix_dgram", function() return {} end, { "nil " .. TEXT } },
}

-- The same for methods; the object comes from the third function.
local function socket()
  local a, b = net.pair()
  assert(b:send("some data for the socket"))
  return a
end
local function task() return lev.spawn(function() lev.sleep(0.001) end) end

local METHODS = {
  { "tcp", socket, {
    { "send", { "data" }, { TEXT .. " {} {unknown} {1}", WAIT } },
    { "sendfile", { "/dev/null" },
      { "empty text digits long 0 file tcp listener udp", WAIT } },
    { "recv", { 1 }, { "2^53 maxint", WAIT } },
    { "recv_exactly", { 1 }, { "", WAIT } },
    { "recv_until", { "o" }, { "text digits nul long", WAIT, "nil" } },
    { "starttls", { {} }, { "{}" } },
    { "tls_info", {}, { ANY } },
    { "peek", { 1 }, { "", WAIT } },
    { "unread", { "data" }, { TEXT } },
    { "lines", {}, { WAIT } },
    { "bind", { "127.0.0.1", 0 }, { TEXT, "0" } },
    { "connect", { "127.0.0.1", 1, 5 }, { TEXT, "0", WAIT } },
    { "listen", {}, { "nil 0" } },
    { "peer_credentials", {}, { ANY } },
    { "shutdown", { "w" }, { "nil" } },
    { "setsockopt", { "nodelay", 1 }, { "", "true 0" } },
    { "getpeername", {}, { ANY } },
    { "getsockname", {}, { ANY } },
    { "fd", {}, { ANY } },
    { "close", {}, { ANY } },
  } },
  { "listener", function() return (net.listen()) end, {
    { "accept", {}, { WAIT } },
    { "getsockname", {}, { ANY } },
    { "fd", {}, { ANY } },
    { "close", {}, { ANY } },
  } },
  { "udp", lev.udp, {
    { "bind", { "127.0.0.1", 0 }, { TEXT, "0" } },
    { "connect", { "127.0.0.1", 9 }, { TEXT, "0" } },
    { "disconnect", {}, { ANY } },
    { "send", { "data" }, { TEXT, WAIT } },
    { "sendto", { "data", "127.0.0.1", 9 }, { TEXT, TEXT, "0", WAIT } },
    { "sendto_many", { {} }, { "{} {unknown}", WAIT } },
    { "recv", { 1 }, { "2^53 maxint", WAIT } },
    { "recvfrom", { 1 }, { "2^53 maxint", WAIT } },
    { "recvfrom_many", { 1, 1 }, { "2^53 maxint", "2^53 maxint", WAIT } },
    { "join", { "239.1.2.3" }, { TEXT, "nil " .. TEXT } },
    { "leave", { "239.1.2.3" }, { TEXT, "nil " .. TEXT } },
    { "setsockopt", { "ttl", 1 }, { "", "0" } },
    { "getsockopt", { "ttl" }, { "" } },
    { "getpeername", {}, { ANY } },
    { "getsockname", {}, { ANY } },
    { "fd", {}, { ANY } },
    { "close", {}, { ANY } },
  } },
  { "unix_dgram", lev.unix_dgram, {
    { "bind", { "@lev-odd" }, { TEXT } },
    { "connect", { "@lev-odd" }, { TEXT } },
    { "sendto", { "data", "@lev-odd" }, { TEXT, TEXT, WAIT } },
    { "sendto_many", { {} }, { "{} {unknown}", WAIT } },
    { "getpeername", {}, { ANY } },
    { "getsockname", {}, { ANY } },
    { "close", {}, { ANY } },
  } },
  { "process", function() return assert(lev.exec("cat")) end, {
    { "send", { "data" }, { TEXT .. " {} {unknown} {1}", WAIT } },
    { "recv", { 1 }, { "2^53 maxint", WAIT } },
    { "recv_exactly", { 1 }, { "", WAIT } },
    { "recv_until", { "o" }, { "text digits nul long", WAIT, "nil" } },
    { "recv_stderr", { 1 }, { "2^53 maxint", WAIT } },
    { "read_all", {}, { WAIT } },
    { "wait", {}, { WAIT } },
    { "kill", {}, { "nil 0" } },
    { "resize", { 1, 1 }, { "", "" } },
    { "close_stdin", {}, { ANY } },
    { "pid", {}, { ANY } },
    { "close", {}, { ANY } },
  } },
  { "channel", function() return lev.channel(1) end, {
    { "send", { 1 }, { ANY, WAIT } },
    { "try_send", { 1 }, { ANY } },
    { "recv", {}, { WAIT } },
    { "try_recv", {}, { ANY } },
    { "close", {}, { ANY } },
    { "iter", {}, { ANY } },
    { "stats", {}, { ANY } },
  } },
  { "mutex", lev.mutex, {
    { "lock", {}, { WAIT } },
    { "try_lock", {}, { ANY } },
    { "with", { function() end }, { "function" } },
  } },
  { "rwlock", lev.rwlock, {
    { "read_lock", {}, { WAIT } },
    { "write_lock", {}, { WAIT } },
    { "try_read_lock", {}, { ANY } },
    { "try_write_lock", {}, { ANY } },
  } },
  { "condition", function() return lev.condition(lev.mutex()) end, {
    { "notify", {}, { "nil 0 2^53 maxint" } },
    { "notify_all", {}, { ANY } },
  } },
  { "semaphore", function()
    local semaphore = lev.semaphore(1)
    semaphore:try_acquire()
    return semaphore
  end, {
    { "acquire", { 1 }, { "nil", WAIT } },
    { "try_acquire", { 1 }, { "nil" } },
    { "release", { 1 }, { "nil" } },
    { "available", {}, { ANY } },
  } },
  { "event", lev.event, {
    { "set", {}, { ANY } },
    { "clear", {}, { ANY } },
    { "is_set", {}, { ANY } },
    { "wait", {}, { WAIT } },
  } },
  { "waitgroup", function()
    local group = lev.waitgroup()
    group:add(1)
    return group
  end, {
    { "add", { 1 }, { "nil 0 -1 2^53" } },
    { "count", {}, { ANY } },
    { "wait", {}, { WAIT } },
  } },
  { "barrier", function() return lev.barrier(2) end, {
    { "wait", {}, { WAIT } },
  } },
  { "interval", function() return lev.interval(1) end, {
    { "wait", {}, { WAIT } },
    { "iter", {}, { ANY } },
  } },
  { "token", lev.cancel_token, {
    { "cancel", {}, { ANY } },
    { "is_cancelled", {}, { ANY } },
    { "check", {}, { ANY } },
    { "child", {}, { ANY } },
  } },
  { "task", task, {
    { "await", {}, { WAIT } },
    { "join", {}, { WAIT } },
    { "cancel", {}, { ANY } },
    { "abort", {}, { ANY } },
    { "done", {}, { ANY } },
    { "is_finished", {}, { ANY } },
    { "detach", {}, { ANY } },
    { "elapsed", {}, { ANY } },
    { "result", {}, { ANY } },
  } },
}

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
