-- What the specs share.

local lev = require "lev"

local support = {}

-- lev.run in virtual time.
function support.run(fn, seed)
  return lev.run(fn, { poller = "fake", seed = seed })
end

-- Runs fn with a logger that collects; returns the messages, then fn's
-- results. Restores standard error.
function support.logged(fn)
  local messages = {}
  lev.set_logger(function(_, message) messages[#messages + 1] = message end)
  local results = table.pack(pcall(fn))
  lev.set_logger(nil)
  if not results[1] then error(results[2], 0) end
  return messages, table.unpack(results, 2, results.n)
end

-- For `it`: the body runs as the main task, in virtual time. Its errors are
-- the test's, and nothing may be logged.
function support.inside(body)
  return function()
    local messages, results = support.logged(function()
      return table.pack(support.run(body))
    end)
    if results.n > 1 and results[1] == nil then
      if type(results[2]) ~= "string" then error(results[2], 0) end
      error(results[2] .. "\n" .. tostring(results[3]), 0)
    end
    assert(#messages == 0, messages[1])
  end
end

-- A list to which the tasks of a test append letters, and how it reads.
function support.trace()
  local letters = {}
  return function(letter) letters[#letters + 1] = letter end,
    function() return table.concat(letters) end
end

-- Runs Lua source in an interpreter of its own, `before` before lev is loaded.
-- Returns all that it printed, and its exit code (128 + N after signal N).
function support.program(source, before)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(before or "", '\nlocal lev = require "lev"\n', source)
  file:close()
  local command = io.open("/proc/self/cmdline"):read("a"):match("^[^%z]+")
  local pipe = assert(io.popen(("'%s' %s 2>&1"):format(command, path)))
  local output = pipe:read("a")
  local _, how, code = pipe:close()
  os.remove(path)
  return output, how == "signal" and 128 + code or code
end

return support
