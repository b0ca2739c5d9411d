-- What functions and methods are tried with in bad_input_spec: the odd values,
-- and for each argument those that it accepts.

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
  { "open", function() return { "/dev/null" } end,
    { "empty text digits long", "nil", WAIT } },
  { "read_file", function() return { "/dev/null" } end,
    { "empty text digits long", WAIT } },
  { "stat", function() return { "/" } end,
    { "text digits long", WAIT } },
  { "stdin", function() return {} end, { ANY } },
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
  { "file", function() return assert(lev.open("/dev/null", "r+")) end, {
    { "read", { "a" }, { "nil 0 2^53 maxint", WAIT } },
    { "lines", { "a" }, { "nil 0 2^53 maxint", WAIT } },
    { "write", { "data" }, { TEXT .. " 0 -1 1.5 2^53 2^63 -2^63 maxint nan " ..
      "inf -inf {}" } },
    { "seek", { "set", 0 }, { "nil", "nil 0 -1 2^53 -2^63 maxint", WAIT } },
    { "size", {}, { WAIT } },
    { "truncate", { 0 }, { "0 2^53 maxint", WAIT } },
    { "sync", { true }, { "nil true", WAIT } },
    { "flush", {}, { WAIT } },
    { "path", {}, { ANY } },
    { "fd", {}, { ANY } },
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

return { VALUES = VALUES, FUNCTIONS = FUNCTIONS, METHODS = METHODS }
