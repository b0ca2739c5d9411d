-- What the specs about TLS share: certificates, pairs, and programs that speak
-- TLS, too.

local assert = require "luassert"
local lev = require "lev"
local net = require "net_support"

local M = {}

-- A directory of certificates, made once for the spec's process.
local root = os.getenv("TEST_TMPDIR")
if not root then
  root = os.tmpname()
  os.remove(root)
end
root = root .. "/tls"
assert(os.execute("mkdir -p " .. root))
assert(os.execute("tests/support/make_certificates " .. root))

-- The path of a file there.
function M.path(name) return root .. "/" .. name end

M.ca = M.path("ca.pem")

-- The fields cert and key of NAME, in a table with `more`.
function M.pem(name, more)
  local config = { cert = M.path(name .. ".pem"), key = M.path(name .. ".key") }
  for field, value in pairs(more or {}) do config[field] = value end
  return config
end

function M.server(more, name)
  local config = M.pem(name or "server", more)
  config.mode = "server"
  return config
end

function M.client(more)
  local config = { server_name = "localhost", cafile = M.ca }
  for field, value in pairs(more or {}) do config[field] = value end
  return config
end

function M.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

function M.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

function M.copy(from, to) M.write(to, M.read(from)) end

-- Both ends of a connection after both handshakes, which may have failed:
-- client, server, the client's error, the server's.
function M.pair(client_config, server_config)
  local client, server = net.pair()
  local task = lev.spawn(function()
    return server:starttls(server_config or M.server())
  end)
  local _, client_err = client:starttls(client_config or M.client())
  local _, server_err = task:await()
  return client, server, client_err, server_err
end

-- The same, when nothing may fail.
function M.connected(client_config, server_config)
  local client, server, a, b = M.pair(client_config, server_config)
  assert.is_nil(a)
  assert.is_nil(b)
  return client, server
end

-- A socket that was refused is closed.
function M.assert_closed(socket)
  assert.equal(-1, socket:fd())
  assert.same({ nil, "socket is closed" }, { socket:recv(1) })
end

local Program = {}
Program.__index = Program
local programs = {}
local count = 0

-- Starts a program whose standard input is written by write(), and whose
-- output, errors included, is read by output().
function M.start(command)
  count = count + 1
  local base = M.path("program" .. count)
  local fifo, out = base .. ".in", base .. ".out"
  assert(os.execute(("mkfifo %s && : >%s"):format(fifo, out)))
  local pipe = assert(io.popen(("exec 3>&1; (exec %s) <%s >%s 2>&1 3>&- " ..
    "& echo $!"):format(command, fifo, out)))
  local pid = pipe:read("n")
  pipe:close()
  local input = assert(io.open(fifo, "w"))
  input:setvbuf("no")
  local program = setmetatable({ pid = pid, input = input, out = out }, Program)
  programs[program] = true
  return program
end

function Program:write(text) assert(self.input:write(text)) end

function Program:output() return M.read(self.out) end

-- Waits until the pattern is in the output; returns its captures.
function Program:expect(pattern)
  for _ = 1, 1000 do
    local found = table.pack(self:output():match(pattern))
    if found[1] then return table.unpack(found, 1, found.n) end
    lev.sleep(0.02)
  end
  error("no '" .. pattern .. "' in the output:\n" .. self:output(), 2)
end

-- Waits until the pattern is there so many times.
function Program:expect_count(pattern, expected)
  for _ = 1, 1000 do
    local _, found = self:output():gsub(pattern, "")
    if found >= expected then return end
    lev.sleep(0.02)
  end
  error(("no %d times '%s' in the output:\n%s"):format(expected, pattern,
    self:output()), 2)
end

function Program:stop()
  if not programs[self] then return end
  programs[self] = nil
  self.input:close()
  os.execute(("kill %d 2>/dev/null"):format(self.pid))
end

function M.stop_programs()
  for program in pairs(programs) do program:stop() end
end

return M
