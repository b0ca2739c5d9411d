-- What the specs about files share.

local assert = require "luassert"
local lev = require "lev"
local net = require "net_support"

local M = {}

-- A path of its own, with `text` in it, if any.
function M.path_of(text)
  local path = os.tmpname()
  if text then
    local file <close> = assert(io.open(path, "w"))
    file:write(text)
  else
    os.remove(path)
  end
  return path
end

function M.text_of(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

function M.fifo()
  local path = M.path_of()
  assert(os.execute("mkfifo " .. path))
  return path
end

-- Waits until as few descriptors are open: files are closed off the loop.
function M.await_fds(count)
  for _ = 1, 500 do
    if net.count_fds() <= count then return true end
    lev.sleep(0.01)
  end
  return false
end

return M
