-- lev's adapter for the comparison with its peers: p_lev.lua MODE ARGUMENT...
-- Servers run until they are killed; the others print a name and a number:
-- "ns" (wall nanoseconds per operation) or "bytes" (resident, per task).
-- LEV_POLLER may be "io_uring".

local lev = require "lev"
local mode, a1, a2 = arg[1], tonumber(arg[2]), tonumber(arg[3])

local function report(name, value)
  print(name, value)
end

local function serve(handler)
  local listener = assert(lev.listen("127.0.0.1", a1, { backlog = 4096 }))
  while true do
    local socket = assert(listener:accept())
    lev.spawn(function() handler(socket) end, { detached = true })
  end
end

local function resident()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmRSS:%s+(%d+)")
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end

local modes = {}

function modes.echo()
  serve(function(socket)
    while true do
      local data = socket:recv(65536)
      if not data or not socket:send(data) then break end
    end
    socket:close()
  end)
end

function modes.sink()
  serve(function(socket)
    while socket:recv(131072) do end
    socket:send("K")
    socket:close()
  end)
end

-- With cert.pem and key.pem in the working directory.
local function serve_tls(handler)
  local identity = assert(lev.tls_identity("cert.pem", "key.pem"))
  serve(function(socket)
    if socket:starttls({ mode = "server", identity = identity }) then
      handler(socket)
    end
    socket:close()
  end)
end

function modes.tls()
  serve_tls(function(socket)
    while true do
      local data = socket:recv(65536)
      if not data or not socket:send(data) then break end
    end
  end)
end

function modes.tlssink()
  serve_tls(function(socket)
    while socket:recv(131072) do end
    socket:send("K")
  end)
end

function modes.udp()
  local socket = assert(lev.udp())
  assert(socket:bind("127.0.0.1", a1))
  while true do
    socket:sendto_many(assert(socket:recvfrom_many(64, 2048)))
  end
end

function modes.exec()
  local began, left = lev.now(), a1
  local tasks = {}
  for i = 1, a2 do
    tasks[i] = lev.spawn(function()
      while left > 0 do
        left = left - 1
        local process = assert(lev.exec("/bin/true", nil,
          { stdin = "null", stdout = "null", stderr = "null" }))
        assert(process:wait() == 0)
        process:close()
      end
    end)
  end
  for i = 1, a2 do lev.await(tasks[i]) end
  report("ns", (lev.now() - began) / a1 * 1e9)
end

function modes.spawn()
  local done, spawn = 0, lev.spawn
  local began = lev.now()
  for _ = 1, a1 do
    spawn(function() done = done + 1 end)
  end
  while done < a1 do lev.yield() end
  report("ns", (lev.now() - began) / a1 * 1e9)
end

function modes.yield()
  local yield = lev.yield
  local tasks = {}
  for i = 1, a1 do
    tasks[i] = lev.spawn(function()
      for _ = 1, a2 do yield() end
    end)
  end
  local began = lev.now()
  for i = 1, a1 do lev.await(tasks[i]) end
  report("ns", (lev.now() - began) / (a1 * a2) * 1e9)
end

function modes.sleep()
  math.randomseed(42)
  local began, done = lev.now(), 0

  for _ = 1, a1 do
    local seconds = math.random()
    lev.spawn(function()
      lev.sleep(seconds)
      done = done + 1
    end)
  end
  while done < a1 do lev.sleep(0.01) end
  report("ns", (lev.now() - began) / a1 * 1e9)
end

-- A wait with a timeout that is cancelled early, a thousand at a time.
function modes.cancel()
  math.randomseed(42)
  local began = lev.now()
  for _ = 1, a1 // 1000 do
    local token, done = lev.cancel_token(), 0
    for _ = 1, 1000 do
      lev.spawn(function()
        lev.sleep(math.random(5, 60), token)
        done = done + 1
      end)
    end
    lev.yield()
    token:cancel()
    while done < 1000 do lev.yield() end
  end
  report("ns", (lev.now() - began) / a1 * 1e9)
end

function modes.mem()
  local before = resident()
  for _ = 1, a1 do
    lev.spawn(function() lev.sleep(60) end)
  end
  lev.yield()
  lev.yield()
  report("bytes", (resident() - before) / a1)
  io.stdout:flush()
  os.exit(0, false)
end

function modes.empty() end

local _, failure = lev.run(modes[mode], {
  poller = os.getenv("LEV_POLLER") })
if failure then error(failure) end
