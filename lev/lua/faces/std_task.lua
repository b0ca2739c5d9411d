-- std.task: structured tasks, as mlua-batteries has them, on top of lev.
--
-- A task is a task of lev, a scope one of lev.scope that collects its
-- children's errors, and cancellation is lev's own; here it is raised as the
-- text "task cancelled". Durations are milliseconds.

local lev, common = ...

local pack, unpack = table.pack, table.unpack
local resume, running = coroutine.resume, coroutine.running
local is_cancelled, type_name = common.is_cancelled, common.type_name

local CANCELLED = "task cancelled"
local DEFAULT_GRACE = 1000

local task = {}

-- What a task knows, as fields of its locals, which its children inherit: the
-- innermost scope of this face, and what current() says.
local SCOPE, INFO = {}, {}

local function own()
  if lev.current() then return lev.locals() end
  error("std.task not initialised (run the file with the program lev, or " ..
    "call this within lev.run)", 0)
end

-- Durations.

-- As Rust prints a float: no exponent, no more digits than needed.
local function display(ms)
  if ms ~= ms then return "NaN" end
  if ms == math.huge then return "inf" end
  if ms == -math.huge then return "-inf" end
  local precision, text = -1, nil
  repeat
    precision = precision + 1
    text = ("%%.%de"):format(precision):format(ms)
  until tonumber(text) == ms
  local sign, first, rest, exponent = text:match("^(-?)(%d)%.?(%d*)e(.*)$")
  local digits, point = first .. rest, tonumber(exponent) + 1
  if point <= 0 then return sign .. "0." .. ("0"):rep(-point) .. digits end
  digits = digits .. ("0"):rep(point - #digits)
  local whole, fraction = digits:sub(1, point), digits:sub(point + 1)
  return sign .. whole .. (fraction ~= "" and "." .. fraction or "")
end

local MOST_MS = 2.0 ^ 64 / 1e6

-- Milliseconds as seconds.
local function to_seconds(ms, context)
  if ms ~= ms or ms < 0 or ms == math.huge then
    error(("%s: invalid duration (ms=%s)"):format(context, display(ms)), 0)
  end
  if ms > MOST_MS then
    error(("%s: duration out of range (ms=%s, max≈%s)"):format(context,
      display(ms), "1.845e13"), 0)
  end
  return ms / 1000
end

local function check_ms(value, name)
  local ms = tonumber(value)
  if not ms then common.bad_argument(1, name, "number", value) end
  return ms + 0.0
end

-- Suspending.

-- Coroutines of the coroutine driver. They have the tasks that drive them
-- wait, by yielding WAIT, a function, and its arguments.
local driven = setmetatable({}, { __mode = "k" })
local WAIT = {}

local function waited(ok, ...)
  if ok then return ... end
  local err = ...
  if is_cancelled(err) then err = CANCELLED end
  error(err, 0)
end

local function suspend(verb, ...)
  own()
  if driven[running()] then return waited(coroutine.yield(WAIT, verb, ...)) end
  return waited(pcall(verb, ...))
end

-- Whether the next suspension point raises.
local function cancelled()
  local scope = own()[SCOPE]
  return scope ~= nil and scope._token.cancelled
end

function task.sleep(ms)
  suspend(lev.sleep, to_seconds(check_ms(ms, "sleep"), "std.task.sleep"))
end

function task.yield() suspend(lev.yield) end

function task.checkpoint() suspend(lev.checkpoint) end

-- Tokens. That of a scope cancels the scope.

local CancelToken = { __name = "CancelToken" }
CancelToken.__index = CancelToken

function CancelToken:cancel()
  if self._scope then self._scope:cancel() end
  self._token:cancel()
end

function CancelToken:is_cancelled() return self._token.cancelled end

function CancelToken:check()
  if self._token.cancelled then error(CANCELLED, 0) end
end

function task.cancel_token()
  return setmetatable({ _token = lev.cancel_token() }, CancelToken)
end

-- Drivers: what runs the function of a task, and gives its first result.

local drivers = {}

function drivers.async_fn(fn) return (fn()) end
drivers.async = drivers.async_fn

-- What the coroutine asks for by its yield.
local function wait_as_told(value)
  local kind = type_name(value)
  if value == nil then
    lev.yield()
  elseif kind == "number" or kind == "integer" then
    lev.sleep(to_seconds(value + 0.0, "coroutine yield"))
  else
    error(("coroutine yield: unsupported value type '%s' (expected nil or " ..
      "number)"):format(kind), 0)
  end
end

local function advance(co, ok, value, ...)
  if not ok then error(value, 0) end
  if coroutine.status(co) == "dead" then return value end
  if rawequal(value, WAIT) then return advance(co, resume(co, pcall(...))) end
  wait_as_told(value)
  if cancelled() then error(CANCELLED, 0) end
  return advance(co, resume(co))
end

local Closer = { __close = function(self) coroutine.close(self.co) end }

function drivers.coroutine(fn)
  if cancelled() then error(CANCELLED, 0) end
  local closer <close> = setmetatable({ co = coroutine.create(fn) }, Closer)
  driven[closer.co] = true
  return (advance(closer.co, resume(closer.co)))
end

-- The end of a task that was cancelled is told to lev in lev's own words.
local function finish(ok, value)
  if ok then return value end
  if value == CANCELLED then lev.checkpoint() end
  error(value, 0)
end

-- Handles.

local Handle = { __name = "Handle" }
Handle.__index = Handle

-- Not a point of cancellation: a task in a cancelled scope waits as well.
function Handle:join()
  if self._joined then error("task already joined", 0) end
  self._joined = true
  local native = self._task
  suspend(lev.shield, lev.await, native)
  if native.status == "aborted" then error("task aborted", 0) end
  if native.status == "cancelled" then error(CANCELLED, 0) end
  local ok, value = native:result()
  if not ok then error(value, 0) end
  return value
end

function Handle:abort() self._task:abort() end

function Handle:is_finished() return self._task:done() end

-- It goes on growing when the task has ended.
function Handle:elapsed() return (lev.now() - self._began) * 1000 end

-- Spawning.

local function check_spawn_options(opts)
  local driver = "async_fn"
  for key, value in pairs(opts or {}) do
    if type(key) ~= "string" then
      error("std.task: opts keys must be strings, got " .. type_name(key), 0)
    elseif key ~= "name" and key ~= "driver" then
      error(("std.task: unknown opts key '%s' (expected 'name' or 'driver')")
        :format(key), 0)
    elseif type(value) ~= "string" then
      error(("std.task: opts.%s: expected string, got %s"):format(key,
        type_name(value)), 0)
    elseif key == "driver" then
      driver = value
    end
  end
  if drivers[driver] then return opts and opts.name, drivers[driver] end
  error(("std.task: unknown driver '%s' (expected 'async_fn' or 'coroutine')")
    :format(driver), 0)
end

-- A child of `scope`; of none, if that is nil or has ended.
local function spawn_into(scope, fn, opts)
  local name, driver = check_spawn_options(opts)
  local info = { name = name }
  local function body()
    local locals = lev.locals()
    locals[SCOPE], locals[INFO] = scope, info
    return finish(pcall(driver, fn))
  end
  local native
  if scope and scope._native:status() ~= "closed" then
    native = scope._native:spawn(body, { name = name })
  else
    native = lev.spawn(body, { name = name })
  end
  common.adopt(native)
  info.id = "t" .. native.id
  return setmetatable({ id = info.id, name = name, _task = native,
    _began = lev.now() }, Handle)
end

function task.spawn(fn, opts)
  if type(fn) ~= "function" then
    common.bad_argument(1, "spawn", "function", fn)
  elseif opts ~= nil and type(opts) ~= "table" then
    common.bad_argument(2, "spawn", "table", opts)
  end
  return spawn_into(own()[SCOPE], fn, opts)
end

function task.current()
  local info = lev.current() and lev.locals()[INFO]
  if not info then return nil end
  return { id = info.id, name = info.name, cancelled = cancelled() }
end

-- Scopes.

local Scope = { __name = "Scope" }
Scope.__index = Scope

local function new_scope(native, name)
  local token = native:token()
  return setmetatable({ name = name, _native = native, _token = token,
    _public = setmetatable({ _token = token, _scope = native }, CancelToken),
  }, Scope)
end

function Scope:spawn(fn, opts)
  if type(fn) ~= "function" then
    common.bad_argument(1, "spawn", "function", fn)
  elseif opts ~= nil and type(opts) ~= "table" then
    common.bad_argument(2, "spawn", "table", opts)
  end
  own()
  return spawn_into(self, fn, opts)
end

function Scope:cancel() self._public:cancel() end

function Scope:token() return self._public end

-- The calling task's innermost scope is `scope` while fn(scope) runs.
local function call_within(scope, fn)
  local locals = lev.locals()
  local outer = locals[SCOPE]
  locals[SCOPE] = scope
  local results = pack(pcall(fn, scope))
  locals[SCOPE] = outer
  return unpack(results, 1, 2)
end

local function run_scope(name, fn)
  local outcome
  suspend(lev.scope, { name = name, on_error = "collect" }, function(native)
    outcome = pack(call_within(new_scope(native, name), fn))
    if not outcome[1] then error(outcome[2], 0) end
  end)
  return waited(unpack(outcome, 1, 2))
end

function task.scope(...)
  local count, first, second = select("#", ...), ...
  if count == 0 then
    error("task.scope requires at least a function", 0)
  elseif type(first) == "function" then
    return run_scope(nil, first)
  elseif type(first) ~= "string" then
    error("task.scope: first argument must be a function or a name string", 0)
  elseif count == 1 then
    error("task.scope(name, fn) requires a function", 0)
  elseif type(second) ~= "function" then
    error("task.scope: second argument must be a function", 0)
  end
  return run_scope(first, second)
end

-- Timeouts.

local function check_timeout_options(opts)
  for key in pairs(opts or {}) do
    if type(key) ~= "string" then
      error("task.with_timeout: opts keys must be strings, got " ..
        type_name(key), 0)
    elseif key ~= "grace_ms" then
      error(("task.with_timeout: unknown opts key '%s' (expected 'grace_ms')")
        :format(key), 0)
    end
  end
  local grace = opts and opts.grace_ms
  if grace == nil then grace = DEFAULT_GRACE end
  if type(grace) ~= "number" then
    error("task.with_timeout: opts.grace_ms must be a number, got " ..
      type_name(grace), 0)
  end
  return to_seconds(grace + 0.0, "task.with_timeout: opts.grace_ms")
end

-- The body's task: as task.scope, but it tells when the body has ended.
local function run_body(state, fn)
  lev.scope({ on_error = "collect" }, function(native)
    state.scope = new_scope(native)
    state.outcome = pack(call_within(state.scope, fn))
    state.ended:set()
    if not state.outcome[1] then error(state.outcome[2], 0) end
  end)
end

-- A body that succeeds in time has its children waited for without limit; else
-- what is left after the grace period is aborted.
local function supervise(state, body, seconds, grace)
  local in_time = state.ended:wait(seconds)
  if in_time and state.outcome[1] then return body:await() end
  if not in_time then
    state.exceeded = true
    if state.scope then state.scope:cancel() end
  end
  body:await(grace)
  body:abort()
end

local function run_with_timeout(fn, seconds, grace)
  local state = { ended = lev.event() }
  lev.scope({ on_error = "collect" }, function(outer)
    local body = outer:spawn(function() run_body(state, fn) end,
      { name = "with_timeout" })
    -- A task, for its shield must not keep the caller's cancellation from the
    -- body; which ends it, too.
    outer:spawn(function()
      lev.shield(supervise, state, body, seconds, grace)
    end, { name = "with_timeout's clock" })
  end)
  return state
end

function task.with_timeout(ms, fn, opts)
  ms = check_ms(ms, "with_timeout")
  if type(fn) ~= "function" then
    common.bad_argument(2, "with_timeout", "function", fn)
  elseif opts ~= nil and type(opts) ~= "table" then
    common.bad_argument(3, "with_timeout", "table", opts)
  end
  local seconds = to_seconds(ms, "task.with_timeout")
  local state = suspend(run_with_timeout, fn, seconds,
    check_timeout_options(opts))
  if state.exceeded then
    error(("task.with_timeout: exceeded %s ms"):format(display(ms)), 0)
  end
  return waited(unpack(state.outcome, 1, 2))
end

return task
