-- lev.core: the low-level table of the contract, on which one can build a
-- wrapper of one's own.
--
-- Public loops are empty tables; what they are is in `loops`. The chunk gets
-- the table, the module lev, the drivers, and what only C++ can do, of which it
-- needs park as the drivers do, forget(fd), for before fd is closed, and
-- to_fd(value), the descriptor's number, negative if it is none. It returns
-- what makes of the arguments of loop_run those of lev.run.

local core, lev, native, Driver = ...

local create_token = lev.cancel_token
local status = coroutine.status

-- Arguments. These raise at the caller of the public function that calls them.

local function bad_argument(index, name, expected, value)
  local given = type(value) == "number" and value or type(value)
  error(("bad argument #%d to '%s' (%s expected, got %s)"):format(index, name,
    expected, given), 4)
end

local loops = setmetatable({}, { __mode = "k" })

local function check_loop(handle, name)
  local loop = loops[handle]
  if not loop then bad_argument(1, name, "lev.core.loop", handle) end
  if loop.destroyed then
    error(("lev.core.%s: the loop is destroyed"):format(name), 3)
  end
  return loop
end

local function check_type(value, index, name, wanted)
  if type(value) ~= wanted then bad_argument(index, name, wanted, value) end
end

-- A number or, as everywhere in lev, an object that has one, which is returned.
local function check_fd(value, index, name)
  local fd = native.to_fd(value)
  if fd < 0 then bad_argument(index, name, "open descriptor", value) end
  return fd
end

local function check_seconds(value, index, name)
  -- Written so that NaN fails, too.
  if type(value) ~= "number" or not (value >= 0) then
    bad_argument(index, name, "number of seconds, not negative,", value)
  end
end

-- The driver of a coroutine that was given to spawn; nil if it has ended.
local function check_spawned(co, index, name)
  if type(co) ~= "thread" then bad_argument(index, name, "coroutine", co) end
  local driver = Driver.of(co)
  if not driver and status(co) ~= "dead" then
    bad_argument(index, name, "coroutine that was given to spawn", co)
  end
  return driver
end

local function check_current(name)
  local driver = Driver.current()
  if driver then return driver end
  error(("lev.core.%s: not in a coroutine that was given to spawn"):format(
    name), 3)
end

-- Loops.

local Loop = {}
Loop.__index = Loop

function Loop:size()
  return self.active + #self.queue
end

-- What loop_run waits for has come.
function Loop:tell() self.gate:cancel() end

function Loop:start(driver)
  driver:start()
  self.active = self.active + 1
end

function Loop:ended()
  self.active = self.active - 1
  if self.active == 0 then self:tell() end
end

function Loop:stop(failure)
  self.stopped, self.failure = true, self.failure or failure
  self:tell()
end

function Loop:begin(on_complete)
  self.running, self.stopped, self.failure = true, false, nil
  self.on_complete, self.gate = on_complete, create_token()
  local queue = self.queue
  self.queue = {}
  for _, driver in ipairs(queue) do self:start(driver) end
end

function Loop:wait()
  while self.active > 0 and not self.stopped do
    if self.gate.cancelled then self.gate = create_token() end
    native.park { cancel = self.gate }
  end
end

-- Ends the run, and with it what is left, in the order of starting.
function Loop:__close()
  self.running, self.on_complete = false, nil
  local numbers = {}
  for number in pairs(self.drivers) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    local driver = self.drivers[number]
    if driver then driver:abort() end
  end
end

local Handle = { __name = "lev.core.loop", __metatable = "lev" }

function Handle.__tostring(handle)
  local loop = loops[handle]
  return "lev.core.loop: " .. (loop.destroyed and "destroyed"
    or loop.running and "running" or "idle")
end

-- loop_new([options]) -> loop. The options are those of lev.run.
function core.loop_new(options)
  if options ~= nil then check_type(options, 1, "loop_new", "table") end
  local handle = setmetatable({}, Handle)
  loops[handle] = setmetatable({ options = options, queue = {}, drivers = {},
    active = 0, last = 0 }, Loop)
  return handle
end

-- loop_run(loop [, on_complete]) -> true | nil, err
-- When a coroutine ends, on_complete(co, true, results...) or
-- on_complete(co, false, err) is called. One that failed still has its stack
-- then, for debug.traceback(co); afterwards it is closed. Without on_complete
-- failures are logged. An error in on_complete stops the loop: nil and that.
local function loop_run(handle, on_complete)
  local loop = check_loop(handle, "loop_run")
  if on_complete ~= nil then
    check_type(on_complete, 2, "loop_run", "function")
  end
  return function()
    local run <close> = loop
    lev.task_name("loop_run")
    run:begin(on_complete)
    run:wait()
    if run.failure then return nil, run.failure[1] end
    return true
  end, loop.options
end

-- loop_stop(loop): loop_run closes the coroutines that are left and returns
-- true. No effect on a loop that does not run.
function core.loop_stop(handle)
  local loop = check_loop(handle, "loop_stop")
  if loop.running then loop:stop() end
end

-- loop_destroy(loop): it is of no more use. Idempotent.
function core.loop_destroy(handle)
  local loop = loops[handle]
  if not loop then check_loop(handle, "loop_destroy") end
  if loop.running then
    error("lev.core.loop_destroy: the loop is running", 2)
  end
  loop.destroyed = true
  for _, driver in ipairs(loop.queue) do driver:retire() end
  loop.queue = {}
end

Handle.__close = core.loop_destroy

-- loop_stats(loop) -> what lev.stats gives, but coroutines of this loop.
function core.loop_stats(handle)
  local loop = check_loop(handle, "loop_stats")
  local stats = loop.running and lev.stats()
    or { registered_fds = 0, timer_count = 0, ready_count = #loop.queue }
  stats.active_coros, stats.task_count = loop:size(), loop:size()
  return stats
end

-- Coroutines.

-- spawn(loop, co, ...): co begins with these values, in loop_run or, if the
-- loop runs, soon.
function core.spawn(handle, co, ...)
  local loop = check_loop(handle, "spawn")
  check_type(co, 2, "spawn", "thread")
  if Driver.of(co) or status(co) ~= "suspended" then
    error("bad argument #2 to 'spawn' (a new coroutine expected)", 2)
  end
  local driver = Driver.new(loop, co, ...)
  if loop.running then return loop:start(driver) end
  loop.queue[#loop.queue + 1] = driver
end

-- yield_to_loop() -> what ready_enqueue passes | true: a registered timer is
-- due | nil, "cancelled"
function core.yield_to_loop()
  check_current("yield_to_loop")
  return Driver.parked()
end

-- ready_enqueue(loop, co, ...) -> boolean
-- co's yield_to_loop, the one in which it is or else the next, returns these
-- values. False if it has ended.
function core.ready_enqueue(handle, co, ...)
  local loop = check_loop(handle, "ready_enqueue")
  local driver = check_spawned(co, 2, "ready_enqueue")
  if not driver then return false end
  if driver.loop ~= loop then
    error("bad argument #2 to 'ready_enqueue' (a coroutine of this loop " ..
      "expected)", 2)
  end
  driver:wake(...)
  return true
end

-- cancel_wait(co [, fd [, timer_id]]) -> boolean
-- The wait in which co is returns nil, "cancelled". With fd: only if it waits
-- for that; with timer_id: only if the timer is pending, which is removed.
-- False if there was nothing to cancel.
function core.cancel_wait(co, fd, timer_id)
  local driver = check_spawned(co, 1, "cancel_wait")
  local wanted = fd ~= nil and check_fd(fd, 2, "cancel_wait") or nil
  if timer_id ~= nil then check_type(timer_id, 3, "cancel_wait", "number") end
  if not driver then return false end
  if timer_id ~= nil then
    if not driver.timers[timer_id] then return false end
    driver.timers[timer_id] = nil
    wanted = wanted or "yield"
  end
  local waiting = driver.waiting
  if not waiting or wanted and waiting ~= wanted then return false end
  driver:cancel()
  return true
end

-- Descriptors and time. In a task of lev's own these are lev's verbs.

local function wait_fd(name, fd, timeout)
  local number = check_fd(fd, 1, name)
  if timeout ~= nil then check_seconds(timeout, 2, name) end
  if not Driver.current() then return lev[name](fd, timeout) end
  return Driver.fd_waited(lev[name], fd, number, timeout)
end

-- wait_readable(fd [, timeout]) -> true | nil, "timeout" | nil, "cancelled" |
-- nil, err
-- Given a socket instead of its number, the wait ends for certain when that is
-- closed; the number may be somebody else's by then.
function core.wait_readable(fd, timeout)
  return wait_fd("wait_readable", fd, timeout)
end

-- wait_writable(fd [, timeout]): likewise.
function core.wait_writable(fd, timeout)
  return wait_fd("wait_writable", fd, timeout)
end

-- fd_deregister(fd): before fd is closed. Those who wait for it try again.
function core.fd_deregister(fd)
  native.forget(check_fd(fd, 1, "fd_deregister"))
end

-- timer_sleep(seconds) -> true | nil, "cancelled"
function core.timer_sleep(seconds)
  check_seconds(seconds, 1, "timer_sleep")
  if not Driver.current() then return lev.sleep(seconds) end
  return Driver.slept(seconds)
end

local last_timer = 0

-- timer_register(seconds) -> timer_id
-- When it is due, yield_to_loop of this coroutine, the one in which it is or
-- else the next, returns true.
function core.timer_register(seconds)
  check_seconds(seconds, 1, "timer_register")
  local driver = check_current("timer_register")
  last_timer = last_timer + 1
  driver.timers[last_timer] = lev.now() + seconds
  return last_timer
end

core.now = lev.now

-- signal_setup(signum, fn): fn(signum) is called for each signal that comes,
-- in a task of its own.
core.signal_setup = lev.on_signal

-- tls_parse_identity(cert, key [, hostname]) -> identity | nil, err
core.tls_parse_identity = lev.tls_identity

return loop_run
