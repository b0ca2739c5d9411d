-- lev.core's drivers: the tasks of lev that run coroutines which are none.
--
-- There is no second scheduler here. A driver resumes its coroutine, looks at
-- what that yields, waits as any task waits, and resumes it with what came of
-- the wait.
--
-- A coroutine yields a request: REQUEST, a function, and its arguments, which
-- the driver calls with itself in front. Whatever else it yields means the
-- same as `parked`.
--
-- The chunk gets the module lev and what only C++ can do, of which it needs
-- park{timeout=, cancel=}, which suspends a task until one of these.

local lev, native = ...

local create_token, spawn_task = lev.cancel_token, lev.spawn
local close, resume = coroutine.close, coroutine.resume
local running, status, yield =
  coroutine.running, coroutine.status, coroutine.yield
local pack, unpack = table.pack, table.unpack

local REQUEST = {}
local DETACHED = { detached = true }

-- By coroutine, until it has ended.
local drivers = setmetatable({}, { __mode = "k" })

local Driver = {}
Driver.__index = Driver

-- Waiting. `waiting` says for what: the number of a descriptor, "timer", or
-- "yield"; nil when nobody may end the wait, or somebody has.

-- The options of a wait that others can end.
local function interruptible(driver, waiting, timeout)
  local options = driver.options
  if not options.cancel or options.cancel.cancelled then
    options.cancel = create_token()
  end
  options.timeout = timeout
  driver.waiting = waiting
  return options
end

local function interrupt(driver)
  driver.waiting = nil
  driver.options.cancel:cancel()
end

local function waited(driver, ...)
  driver.waiting = nil
  return ...
end

local function wait_fd(driver, verb, fd, number, timeout)
  return waited(driver, verb(fd, interruptible(driver, number, timeout)))
end

local function sleep(driver, seconds)
  local options = interruptible(driver, "timer")
  return waited(driver, lev.sleep(seconds, options.cancel))
end

-- The timer that is due first, and when that is.
local function first_timer(driver)
  local first, deadline
  for id, at in pairs(driver.timers) do
    if not first or at < deadline or at == deadline and id < first then
      first, deadline = id, at
    end
  end
  return first, deadline
end

-- Until a wake, a timer, or a cancellation.
local function park(driver)
  local timer, deadline
  if driver.wakes[1] then
    -- It is there already; but the others come first.
    lev.yield()
  else
    timer, deadline = first_timer(driver)
    local timeout = timer and math.max(0, deadline - lev.now())
    native.park(interruptible(driver, "yield", timeout))
    driver.waiting = nil
  end
  if driver.cancelled then
    driver.cancelled = false
    return nil, "cancelled"
  end
  local wake = table.remove(driver.wakes, 1)
  if wake then return unpack(wake, 1, wake.n) end
  driver.timers[timer] = nil
  return true
end

-- Driving.

local function perform(driver, _, verb, ...) return verb(driver, ...) end

local function complete(driver, ok, ...)
  local loop = driver.loop
  if not ok then driver.failure = (...) end
  if loop.on_complete then
    local told, err = pcall(loop.on_complete, driver.co, ok, ...)
    if not told then loop:stop { err } end
  elseif not ok then
    -- Nobody else will tell: lev logs it.
    error(debug.traceback(driver.co, tostring((...))), 0)
  end
end

-- What resuming the coroutine has come to.
local function advance(driver, ok, ...)
  local co = driver.co
  if not ok or status(co) == "dead" then return complete(driver, ok, ...) end
  if rawequal((...), REQUEST) then
    return advance(driver, resume(co, perform(driver, ...)))
  end
  return advance(driver, resume(co, park(driver)))
end

-- `loop` has the fields
--   on_complete    called when a coroutine ends, or nil
--   drivers, last  those that were started, by number, and the last number
-- and the methods ended(), after each, and stop{err}.
function Driver.new(loop, co, ...)
  local driver = setmetatable({ loop = loop, co = co, arguments = pack(...),
    options = {}, wakes = {}, timers = {} }, Driver)
  drivers[co] = driver
  return driver
end

-- The driver of a coroutine; nil if it has none, or has ended.
function Driver.of(co) return drivers[co] end

-- The driver of the coroutine that runs, or nil: a task of lev itself, say.
function Driver.current() return drivers[running()] end

function Driver:start()
  local loop, arguments = self.loop, self.arguments
  self.arguments = nil
  self.task = spawn_task(function()
    local _ <close> = self
    advance(self, resume(self.co, unpack(arguments, 1, arguments.n)))
  end, DETACHED)
  loop.last = loop.last + 1
  self.number = loop.last
  loop.drivers[self.number] = self
end

-- Lets go of the coroutine, and closes it if it did not end by itself.
function Driver:retire()
  if not drivers[self.co] then return end
  drivers[self.co] = nil
  if self.number then
    self.loop.drivers[self.number] = nil
    self.loop:ended()
  end
  local closed, err = close(self.co)
  if not closed and err ~= self.failure then error(err, 0) end
end

Driver.__close = Driver.retire

-- Ends the task, too, which may not have begun.
function Driver:abort()
  self.task:abort()
  self:retire()
end

-- The coroutine's next, or present, `parked` returns these values.
function Driver:wake(...)
  self.wakes[#self.wakes + 1] = pack(...)
  if self.waiting == "yield" then interrupt(self) end
end

-- The present wait returns nil, "cancelled".
function Driver:cancel()
  self.cancelled = self.waiting == "yield"
  interrupt(self)
end

-- Within the coroutine.
function Driver.parked() return yield(REQUEST, park) end
function Driver.slept(seconds) return yield(REQUEST, sleep, seconds) end
function Driver.fd_waited(verb, fd, number, timeout)
  return yield(REQUEST, wait_fd, verb, fd, number, timeout)
end

return Driver
