-- What the specs about sockets share.

local assert = require "luassert"
local lev = require "lev"
local test = require "lev.test"

local M = {}

-- Listeners of serve(), closed when the body ends.
local servers = {}

-- LEV_TEST_POLLER says where: over epoll if it says nothing, over io_uring, or
-- in "memory". Some specs run again so.
local poller = os.getenv("LEV_TEST_POLLER")

-- lev.run on a network in memory, without its verdict on what is left open:
-- specs leave that to the end of the run.
local function run_in_memory(fn, seed)
  local out
  local ok, err = pcall(test.run, function()
    out = table.pack(fn())
    lev.stop()
  end, { seed = seed })
  if out then return table.unpack(out, 1, out.n) end
  return nil, ok and "stopped" or err
end

-- lev.run there.
function M.lev_run(fn, seed)
  if poller == "memory" then return run_in_memory(fn, seed) end
  return lev.run(fn, { poller = poller, seed = seed })
end

-- Runs `body` as a task of a run of its own; its errors (busted's included)
-- are raised here, and a run that hangs is one.
function M.run(body, seconds)
  local hung = false
  servers = {}
  local out = table.pack(M.lev_run(function()
    local guard = lev.spawn(function()
      lev.sleep(seconds or 30)
      hung = true
      lev.stop()
    end)
    local task = lev.spawn(body, { name = "body" })
    lev.await(task)
    guard:abort()
    for _, listener in ipairs(servers) do listener:close() end
    return task:result()
  end))
  if hung then error("the test hung", 2) end
  if not out[1] then
    local text = out[2]
    if type(text) == "string" and out[3] then text = text .. "\n" .. out[3] end
    error(text, 0)
  end
  return table.unpack(out, 2, out.n)
end

-- The body of a busted test that is run so.
function M.inside(body, seconds)
  return function() M.run(body, seconds) end
end

-- A listener on a free port, and the port.
function M.listen(address, options)
  local listener = assert(lev.listen(address or "127.0.0.1", 0, options))
  local _, port = listener:getsockname()
  return listener, port
end

-- Each end keeps the other alive, or the collector would close it.
local peers = setmetatable({}, { __mode = "k" })

-- Both ends of one connection over the loopback interface.
function M.pair(address)
  local listener, port = M.listen(address)
  local client = assert(lev.connect(address or "127.0.0.1", port, 5))
  local server = assert(listener:accept(5))
  listener:close()
  peers[client], peers[server] = server, client
  return client, server
end

-- A server that gives each connection to `handler` in a task; returns the
-- port and the listener.
function M.serve(handler, address)
  local listener, port = M.listen(address)
  table.insert(servers, listener)
  lev.spawn(function()
    while true do
      local socket = listener:accept()
      if not socket then return end
      lev.spawn(function()
        lev.own(socket)
        handler(socket)
      end)
    end
  end)
  return port, listener
end

-- Sends each piece as a segment of its own.
function M.send_pieces(socket, pieces)
  for _, piece in ipairs(pieces) do
    assert(socket:send(piece))
    lev.sleep(0.005)
  end
end

-- Sends until the kernel takes no more; returns how much that was.
function M.fill(socket)
  local block, total = ("x"):rep(1 << 20), 0
  while true do
    local sent, err, partial = socket:send(block, 0.05)
    total = total + (sent or partial)
    if not sent then
      assert.equal("timeout", err)
      return total
    end
  end
end

-- Reads until the end of the stream; returns everything, and why it ended.
function M.read_all(socket, wait)
  local pieces = {}
  while true do
    local data, err = socket:recv(1 << 20, wait or 10)
    if not data then return table.concat(pieces), err end
    pieces[#pieces + 1] = data
  end
end

local function words(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

function M.pid()
  local file <close> = assert(io.open("/proc/self/stat"))
  return file:read("n")
end

-- How many sockets there are in memory.
function M.count_in_memory()
  local ok, count = pcall(function()
    return test.network:host("main"):open_fds()
  end)
  return ok and count or 0
end

-- How many descriptors this process has open; what nobody holds is collected
-- first. (Not by a pipe from a program, which would be one more.)
function M.count_fds()
  collectgarbage()
  collectgarbage()
  local path = os.tmpname()
  os.execute(("ls /proc/%d/fd | wc -l > %s"):format(M.pid(), path))
  local file <close> = assert(io.open(path))
  os.remove(path)
  return file:read("n") + M.count_in_memory()
end

-- The output of a program in a shell.
M.shell = words

-- Runs Lua text in another process of this interpreter, under `prefix` (such
-- as "ulimit -n 20;"); returns its output, errors included.
function M.subprocess(text, prefix)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local host = words("readlink /proc/" .. M.pid() .. "/exe"):gsub("\n", "")
  local out = words(("%s %s %s 2>&1; echo \"exit $?\""):format(
    prefix or "", host, path))
  os.remove(path)
  return out
end

return M
