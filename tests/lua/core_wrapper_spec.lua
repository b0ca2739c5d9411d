-- Tests lev/lua/lua_core.cc: one can build a wrapper on lev.core alone. This
-- one has tasks, sleep, and sockets whose verbs wait.

local core = require "lev.core"
local net = require "net_support"

local mini = {}

local loop, waiters, outcomes

-- Runs fn as the first task; returns what it returns, or nil and an error.
function mini.run(fn)
  loop, waiters, outcomes = core.loop_new(), {}, {}
  local main = mini.spawn(fn)
  local ok, err = core.loop_run(loop, function(co, ...)
    outcomes[co] = table.pack(...)
    for _, waiter in ipairs(waiters[co] or {}) do
      core.ready_enqueue(loop, waiter)
    end
  end)
  core.loop_destroy(loop)
  if not ok then return nil, err end
  local outcome = outcomes[main]
  if not outcome[1] then return nil, outcome[2] end
  return table.unpack(outcome, 2, outcome.n)
end

function mini.spawn(fn, ...)
  local co = coroutine.create(fn)
  core.spawn(loop, co, ...)
  return co
end

function mini.await(co)
  while not outcomes[co] do
    waiters[co] = waiters[co] or {}
    table.insert(waiters[co], (coroutine.running()))
    core.yield_to_loop()
  end
  if outcomes[co][1] then return table.unpack(outcomes[co], 2) end
  return nil, outcomes[co][2]
end

-- Calls the method until it needs to wait no more.
local function retry(wait, ud, method, ...)
  local argument = ...
  while true do
    local result, err, more = ud[method](ud, argument)
    if result or err ~= "EAGAIN" and err ~= "want_read"
      and err ~= "want_write" then
      return result, err, more
    end
    if err == "want_read" then wait = core.wait_readable end
    if err == "want_write" then wait = core.wait_writable end
    local ready, why = wait(ud:fd(), 20)
    if not ready then return nil, why end
  end
end

local Socket = {}
Socket.__index = Socket
function Socket:recv(n) return retry(core.wait_readable, self.ud, "recv", n) end
function Socket:send(data)
  local sent = 0
  while sent < #data do
    local n, err = retry(core.wait_writable, self.ud, "send",
      data:sub(sent + 1))
    if not n then return nil, err, sent end
    sent = sent + n
  end
  return sent
end
function Socket:accept()
  local ud, addr, port = retry(core.wait_readable, self.ud, "accept")
  if not ud then return nil, addr end
  return setmetatable({ ud = ud }, Socket), addr, port
end
function Socket:close() self.ud:close() end

function mini.listen(addr, port)
  local ud = core.tcp_new()
  assert(ud:bind(addr, port))
  assert(ud:listen(128))
  return setmetatable({ ud = ud }, Socket), select(2, ud:getsockname())
end

function mini.connect(addr, port)
  local ud = core.tcp_new()
  local ok, err = ud:connect(addr, port)
  if err == "EINPROGRESS" then
    ok, err = core.wait_writable(ud:fd(), 20)
    if ok then ok, err = ud:connect_finish() end
  end
  if not ok then return nil, err end
  return setmetatable({ ud = ud }, Socket)
end

local function echo(socket)
  while true do
    local data = socket:recv(1000)
    if not data then return socket:close() end
    assert(socket:send(data))
  end
end

describe("A wrapper on lev.core", function()
  it("echoes over TCP to many clients at once", function()
    local before = net.count_fds()
    local total = assert(mini.run(function()
      local listener, port = mini.listen("127.0.0.1", 0)
      mini.spawn(function()
        for _ = 1, 20 do mini.spawn(echo, assert(listener:accept())) end
        listener:close()
      end)
      local function client(name)
        local socket = assert(mini.connect("127.0.0.1", port))
        local received = 0
        for i = 1, 10 do
          local message = name .. i
          assert(socket:send(message))
          assert.equal(message, socket:recv(1000))
          received = received + 1
        end
        socket:close()
        return received
      end
      local clients, sum = {}, 0
      for i = 1, 20 do clients[i] = mini.spawn(client, "client " .. i) end
      for i = 1, 20 do sum = sum + assert(mini.await(clients[i])) end
      return sum
    end))
    assert.equal(200, total)
    assert.equal(before, net.count_fds())
  end)

  it("moves more than fits in any buffer", function()
    local data = ("0123456789abcdef"):rep(1 << 17)
    local same = assert(mini.run(function()
      local listener, port = mini.listen("127.0.0.1", 0)
      mini.spawn(function()
        local socket = assert(listener:accept())
        assert(socket:send(data))
        socket:close()
        listener:close()
      end)
      local socket, pieces = assert(mini.connect("127.0.0.1", port)), {}
      while true do
        local piece, err = socket:recv(1 << 16)
        if not piece then
          assert.equal("closed", err)
          return table.concat(pieces) == data
        end
        pieces[#pieces + 1] = piece
      end
    end))
    assert.is_true(same)
  end)

  it("awaits tasks, and hears of their errors", function()
    assert.same({ "slept", nil, "boom" }, { mini.run(function()
      local sleeper = mini.spawn(function()
        core.timer_sleep(0.01)
        return "slept"
      end)
      local failing = mini.spawn(function() error("boom", 0) end)
      local _, err = mini.await(failing)
      return mini.await(sleeper), nil, err
    end) })
  end)
end)
