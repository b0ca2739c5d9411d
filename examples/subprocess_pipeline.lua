#!/usr/bin/env lev
-- Counts words with three programs, as `tr | sort | uniq -c` in a shell would:
--   lev subprocess_pipeline.lua [FILE]
-- Here tasks carry the data from one program to the next, and could change it.
-- (lev.exec(program, args, {stdin = other.stdout}) ties programs directly.)

local lev = require "lev"

local text = "the quick brown fox jumps over the lazy dog and the cat\n"
if arg[1] then
  local file <close> = assert(io.open(arg[1]))
  text = file:read("a")
end

local function start(program, ...)
  return lev.own(assert(lev.exec(program, { ... }, { env = { LC_ALL = "C" } })))
end

-- What `from` puts out goes into `to`, as fast as that can take it.
local function pump(from, to)
  local total = 0
  while true do
    local data, err = from:recv(65536)
    if not data then
      to:close_stdin()
      return total, err
    end
    assert(to:send(data, 60))
    total = total + #data
  end
end

local result, err = lev.run(function()
  local words = start("tr", "-cs", "[:alpha:]", "\n")
  local sorted = start("sort")
  local counted = start("uniq", "-c")

  local pumps = {
    lev.spawn(function() return pump(words, sorted) end, { name = "tr-sort" }),
    lev.spawn(function() return pump(sorted, counted) end,
              { name = "sort-uniq" }),
  }
  lev.spawn(function()
    words:send(text)
    words:close_stdin()
  end, { name = "feeder" })

  for line in counted:lines() do
    local count, word = line:match("(%d+) (%S+)")
    if tonumber(count) > 1 or not arg[1] then print(word, count) end
  end
  for _, task in ipairs(pumps) do
    print(task.name .. " carried " .. task:await() .. " bytes")
  end
  print("exit codes", (words:wait()), (sorted:wait()), (counted:wait()))
  return true
end)
os.exit(result or error(err, 0))
