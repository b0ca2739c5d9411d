-- lev.coroutine: the library coroutine, whose coroutines can wait.
--
-- A call of lev that waits in such a coroutine yields it, as any coroutine can
-- be yielded. Whoever has resumed it sees that lev waits, and passes that on by
-- yielding in its turn; when it is resumed, it resumes the coroutine again.
--
-- The chunk gets what only C++ can do.

local native = ...

-- A host may have left it out.
if not coroutine then return nil end

local close, create, resume =
  coroutine.close, coroutine.create, coroutine.resume
local enter, leave, pass, waits =
  native.enter, native.leave, native.pass, native.waits

local library = {}
for name, value in pairs(coroutine) do library[name] = value end

-- A task that is aborted while a coroutine waits takes that along.
local guards = setmetatable({}, { __mode = "k" })
local Guard = {}

function Guard:__close()
  if not self.active then return end
  leave(self.co, self.outer)
  close(self.co)
end

local function guard_of(co, outer)
  local guard = guards[co]
  if not guard or guard.active then
    guard = setmetatable({ co = co }, Guard)
    guards[co] = guard
  end
  guard.active, guard.outer = true, outer
  return guard
end

-- What resuming the coroutine has come to.
local function resumed(guard, ...)
  if waits() then
    pass()
    return resumed(guard, resume(guard.co))
  end
  guard.active = false
  leave(guard.co, guard.outer)
  return ...
end

--- coroutine.resume, for a coroutine in which calls of lev can wait.
function library.resume(co, ...)
  local outer = enter(co)
  if outer == nil then return resume(co, ...) end
  local guard <close> = guard_of(co, outer)
  return resumed(guard, resume(co, ...))
end

local function unwrap(co, ok, ...)
  if ok then return ... end
  close(co)
  error(..., 0)
end

--- coroutine.wrap, likewise.
function library.wrap(fn)
  local co = create(fn)
  return function(...) return unwrap(co, library.resume(co, ...)) end
end

--- From now on coroutine.resume and coroutine.wrap are these.
function library.install()
  coroutine.resume, coroutine.wrap = library.resume, library.wrap
end

return library
