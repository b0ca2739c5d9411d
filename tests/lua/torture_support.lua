-- The torture: a scenario is run again and again, and each time something else
-- happens to its victim, at another moment in which that is suspended.
--
-- A scenario is a function of a course `t`. It makes its objects and the tasks
-- that play along, calls t:victim(fn), which returns when the victim has ended,
-- however it did, and then looks whether anything was lost. What the machine
-- holds (tasks, timers, descriptors, children) is compared by the course.
--
-- The first course is left alone and says how many moments there are. The
-- others: at each moment a cancellation, an abort, a cancelled token in all of
-- the victim's waits, its coroutine closed by somebody who got hold of it, and
-- each of its objects closed; and for each of its waits, a timeout of 0.
--
-- LEV_TORTURE=long: all that with many seeds, and each cancellation followed
-- by an abort at every distance.

local assert = require "luassert"
local lev = require "lev"
local net = require "net_support"

local M = {}

M.long = os.getenv("LEV_TORTURE") == "long"

local REASON = { "the reason of the torture" }
local GUARD = 30     -- Seconds, after which a course hangs.
local TICK = 0.001   -- All virtual times of the scenarios are multiples.
local PATIENCE = 4   -- Turns without a change, before others may pass.
local DISTANCES = M.long and 6 or 1

-- How a victim ends that was refused what it asked for.
local Stop = {}
Stop.__tostring = function(stop) return "stopped: " .. tostring(stop.err) end

-- What a closed object may tell the victim.
local CLOSED = {
  ["closed"] = true, ["socket is closed"] = true, ["file is closed"] = true,
  ["cancelled"] = true, ["aborted"] = true, ["Broken pipe"] = true,
  ["Connection reset by peer"] = true, ["Connection refused"] = true,
  ["Bad file descriptor"] = true,
}

local Course = {}
Course.__index = Course

-- The wait of one call, with what it should hold otherwise.
function Course:wait(more)
  local wait = {}
  for key, value in pairs(more or {}) do wait[key] = value end
  self.waits = self.waits + 1
  if self.kind == "token" then wait.cancel = self.token end
  if self.kind == "timeout" and self.waits == self.moment then
    wait.timeout = 0
  end
  return wait
end

-- Passes results on, or ends the victim.
function Course:must(value, ...)
  if value == nil and (...) ~= nil then
    error(setmetatable({ err = (...) }, Stop), 0)
  end
  return value, ...
end

-- The values of an iterator, which raises what a function would return.
function Course:each(iterator)
  return function()
    local ok, value = pcall(iterator)
    if ok then return value end
    local err = type(value) == "string" and value:match(": ([^:]*)$")
    return self:must(nil, err or error(value, 0))
  end
end

-- An object that is closed in some courses: object:close(), unless `close`
-- says how. Returns it.
function Course:closes(name, object, close)
  self.closers[#self.closers + 1] = {
    name = name, close = close or function() object:close() end }
  return object
end

-- A task that plays along. It has to come to its end.
function Course:partner(fn)
  local task = lev.spawn(fn, { name = "partner" })
  self.partners[#self.partners + 1] = task
  return task
end

-- Waits until those who play along have come to their ends.
function Course:finish()
  for _, partner in ipairs(self.partners) do
    local ok, err, trace = partner:await()
    if ok == nil and trace then error(err .. "\n" .. trace, 0) end
  end
end

-- A child of the victim: its moments count, too.
function Course:watch(task)
  self.watched[#self.watched + 1] = task or lev.current()
  return self.watched[#self.watched]
end

-- What must not exist when the course has ended: a process.
function Course:child(process)
  self.children[#self.children + 1] = process:pid()
  return process
end

-- Whether one of its objects was closed.
function Course:was_closed() return self.acted and self.kind == "close" end

-- Whether the victim was ended without being asked.
function Course:was_killed()
  return self.kind == "abort" or self.kind == "lost" or
    self.kind == "cancel, abort"
end

function Course:moments_of_victim()
  local runs = 0
  for _, task in ipairs(self.watched) do runs = runs + task.runs end
  return runs
end

local acts = {}

function acts.cancel(course) course.task:cancel(REASON) end

function acts.abort(course) course.task:abort() end

function acts.token(course) course.token:cancel("fired") end

function acts.close(course) course.closers[course.closer].close() end

function acts.lost(course)
  local closed, err = coroutine.close(course.thread)
  if not closed then error(err, 0) end
  for _ = 1, 5 do lev.yield() end
  course.task:abort()
  if not course.virtual then collectgarbage() end  -- What nobody has any more.
end

acts["cancel, abort"] = function(course)
  course.task:cancel(REASON)
  for _ = 1, course.distance do lev.yield() end
  course.task:abort()
end

-- Lets the others run, `quiet` turns after the last change. Whoever yields only
-- may come again before the loop has looked at the world, who sleeps may not.
function Course:pass(quiet)
  if quiet < PATIENCE then return lev.yield() end
  lev.sleep((self.virtual or quiet > 500 * PATIENCE) and TICK or 0)
end

-- Follows the victim to its end. In virtual time every turn in which it is
-- suspended is a moment; otherwise only the first two after each resumption.
function Course:follow()
  local task, seen, quiet = self.task, 0, 0
  while true do
    self:pass(quiet)
    if task:done() then return end
    local runs = self:moments_of_victim()
    quiet, seen = runs ~= seen and 0 or quiet + 1, runs
    if runs > 0 and (quiet < 2 or self.virtual) then
      self.moments = self.moments + 1
      if self.moments == self.moment and acts[self.kind] then
        self.acted = true
        return acts[self.kind](self)
      end
    end
  end
end

-- Runs the victim, and returns how it ended: "done", "stopped", or its status.
function Course:victim(fn)
  self.task = self:watch(lev.spawn(function()
    self.thread = coroutine.running()
    return fn()
  end, { name = "victim" }))
  self:follow()
  self.results = table.pack(lev.await(self.task))
  return self:judge()
end

-- The end of a victim has to be one that what happened to it explains.
function Course:judge()
  local task, kind = self.task, self.kind
  local err = self.results[2]
  if task.status == "cancelled" then
    assert(kind == "cancel" or kind == "cancel, abort",
           "the victim was cancelled")
    assert(self.results[3] == REASON, "the victim has another reason")
  elseif task.status == "aborted" then
    assert(self:was_killed(), "the victim was aborted")
  elseif getmetatable(err) == Stop then
    local allowed = kind == "token" and err.err == "cancelled" or
      kind == "timeout" and err.err == "timeout" or
      kind == "close" and CLOSED[err.err]
    assert(allowed, tostring(err))
    return "stopped"
  elseif task.status == "failed" then
    local lost = kind == "lost" and tostring(err):find("dead coroutine")
    if not lost then error(tostring(err) .. "\n" .. self.results[3], 0) end
  end
  return task.status
end

-- How many descriptors are open, without a program to count them.
local function count_fds()
  local count = net.count_in_memory()
  for fd = 0, 63 do
    local file = io.open("/proc/self/fdinfo/" .. fd)
    if file then
      file:close()
      count = count + 1
    end
  end
  return count
end

-- In virtual time there are no descriptors to look for.
local function holdings(virtual)
  local stats = lev.stats()
  return { tasks = stats.active_coros, timers = stats.timer_count,
           registered = stats.registered_fds,
           fds = virtual and 0 or count_fds() }
end

local function exceeds(now, before)
  for _, what in ipairs { "tasks", "timers", "registered", "fds" } do
    if now[what] > before[what] then
      local names = {}
      for i, task in ipairs(lev.task_dump()) do
        names[i] = ("%s(%s)"):format(task.name or task.id,
          task.wait and task.wait.verb or task.co_status)
      end
      return ("%s: %d, not %d; there are %s"):format(what, now[what],
        before[what], table.concat(names, ", "))
    end
  end
end

-- All is given back when the victim has ended; only files, which are closed off
-- the loop, may take a while, and what a closed coroutine held is left to the
-- collector.
function Course:settle(before)
  local excess
  for try = 1, self.later and 200 or 2 do
    excess = exceeds(holdings(self.virtual), before)
    if not excess then break end
    if try == 1 and self.kind == "lost" then collectgarbage() end
    if self.later then lev.sleep(0.01) end
  end
  assert(not excess, excess)
  for _, pid in ipairs(self.children) do
    local process = io.open(("/proc/%d/stat"):format(pid))
    if process then process:close() end
    assert(not process, "a child was not reaped")
  end
end

function Course:play(scenario, known)
  local before = holdings(self.virtual)
  self.token = lev.cancel_token()
  scenario(self)
  self:finish()
  if not known then
    -- What is made when it is used first stays: rings, event descriptors.
    before.registered, before.fds = before.registered + 2, before.fds + 3
  end
  self:settle(known or before)
  return holdings(self.virtual)
end

local function describe_course(course)
  local closer = course.kind == "close" and course.closers[course.closer]
  return ("%s%s at moment %d, seed %d"):format(course.kind,
    closer and " of " .. closer.name or "", course.moment, course.seed)
end

-- Whoever closes the coroutine of a task has its locks taken from it. A
-- scenario may say in its course's `logs` what else may be said.
local function is_expected(course, message)
  return course.kind == "lost" and message:find("ended with 1 lock, now") or
    course.logs and message:find(course.logs, 1, true)
end

-- Plays within a run; an error, or a course that hangs, ends it.
local function play_guarded(course, scenario, known, report)
  local guard = lev.spawn(function()
    lev.sleep(GUARD)
    report("it hangs")
    lev.stop()
  end)
  while guard.runs == 0 do lev.yield() end
  local ok, held = xpcall(course.play, function(err)
    return tostring(err) .. "\n" .. debug.traceback()
  end, course, scenario, known)
  guard:abort()
  if ok then return held end
  report(held)
  lev.stop()
end

-- One course, in a run of its own. Returns it and what was held at its end.
local function run_course(scenario, setting, known)
  local course = setmetatable({ kind = "none", moment = 0, moments = 0,
    waits = 0, distance = 0, seed = 0, closers = {}, partners = {},
    watched = {}, children = {} }, Course)
  for key, value in pairs(setting) do course[key] = value end
  local problem
  local function report(text) problem = problem or tostring(text) end
  lev.set_logger(function(_, message)
    if not is_expected(course, message) then report(message) end
  end)
  -- What is let go of is closed there and then, and not by the collector.
  if not course.virtual then collectgarbage("stop") end
  local seed = course.seed ~= 0 and course.seed or nil
  local function play()
    return play_guarded(course, scenario, known, report)
  end
  local held, err
  if course.virtual then
    held, err = lev.run(play, { poller = "fake", seed = seed })
  else
    held, err = net.lev_run(play, seed)
  end
  collectgarbage("restart")
  lev.set_logger(nil)
  if not held then report(err) end
  if problem then error(describe_course(course) .. ": " .. problem, 0) end
  return course, held
end

local KINDS = { "cancel", "abort", "token", "lost", "cancel, abort" }

-- All courses of one kind over the moments; where each costs real time, over
-- some of them, the first and the last included.
local function all_moments(run, setting, count)
  local courses = (setting.virtual or M.long) and count or math.min(count, 6)
  for i = 1, courses do
    setting.moment = 1 + (i - 1) * (count - 1) // math.max(courses - 1, 1)
    run(setting)
  end
end

local function torture(scenario, options)
  local virtual = not options.real
  local seeds = M.long and (virtual and 20 or 3) or virtual and 2 or 0
  -- What is made once, is there from now on.
  run_course(scenario, { virtual = virtual, later = true })
  local ended = {}
  for seed = 0, seeds do
    local function base(kind)
      return { kind = kind, virtual = virtual, seed = seed,
               later = options.later }
    end
    local quiet, known = run_course(scenario, base("none"))
    assert(quiet.task.status == "done", "undisturbed, it does not end well")
    local function run(setting)
      local course = run_course(scenario, setting, known)
      ended[setting.kind .. " " .. course.task.status] = true
    end
    for _, kind in ipairs(KINDS) do
      for distance = 0, kind == "cancel, abort" and DISTANCES or 0 do
        local setting = base(kind)
        setting.distance = distance
        all_moments(run, setting, quiet.moments)
      end
    end
    for closer = 1, #quiet.closers do
      local setting = base("close")
      setting.closer = closer
      all_moments(run, setting, quiet.moments)
    end
    all_moments(run, base("timeout"), quiet.waits)
  end
  -- A victim that nothing can reach would be no test.
  assert(ended["cancel cancelled"], "never cancelled")
  assert(ended["abort aborted"], "never aborted")
end

-- The body of a busted test: the scenario, tortured; in virtual time, unless
-- options.real. options.later: what it holds may be given back a bit later.
function M.test(scenario, options)
  return function() torture(scenario, options or {}) end
end

-- Bytes of which no two stretches of 4 are the same.
function M.pattern(size)
  local words = {}
  for i = 1, size // 4 + 1 do words[i] = string.pack(">I4", i) end
  return table.concat(words):sub(1, size)
end

return M
