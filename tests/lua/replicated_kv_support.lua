-- What tests examples/replicated_kv.lua: a cluster on a network in memory, what
-- befalls it, clients who keep a history, and a judge of that history.

local lev = require "lev"
local test = require "lev.test"
local kv = assert(loadfile("examples/replicated_kv.lua"))("replicated_kv")

local support = {}

local NODES, CLIENTS, KEYS = 3, 2, { "a", "b" }

-- Each value of a key, which is written once: when its first operation has
-- ended, and when its last one has begun. A write that was not acknowledged
-- has no end; a read that has no answer says nothing.
local function values_of(operations)
  local values = { [""] = { value = "", written = 0, first = 0, last = 0 } }
  for _, op in ipairs(operations) do
    if op.kind == "set" then
      values[op.value] = { value = op.value, written = op.from,
                           first = op.to or math.huge, last = op.from }
    end
  end
  for _, op in ipairs(operations) do
    if op.kind == "get" and op.to then
      local read = assert(values[op.value], "a value that nobody wrote")
      assert(read.written < op.to, "a value that was not written yet")
      read.first = math.min(read.first, op.to)
      read.last = math.max(read.last, op.from)
    end
  end
  return values
end

-- Raises unless the operations on one key are linearizable, which they are
-- unless each of two values was there before the other (Gibbons and Korach,
-- 1997). So no acknowledged write is lost, and reads see the last one or one
-- that is not acknowledged yet.
function support.judge(operations)
  local values = values_of(operations)
  for _, one in pairs(values) do
    for _, other in pairs(values) do
      if one ~= other and one.first < other.last and
         other.first < one.last then
        local from, to = one, other
        if to.written < from.written then from, to = to, from end
        error(("'%s' is there although '%s' came after it"):format(
          from.value, to.value), 0)
      end
    end
  end
end

local Cluster = {}
Cluster.__index = Cluster

local function new_cluster(net, bug)
  local self = setmetatable({ net = net, bug = bug, now = 0, hosts = {},
    addresses = {}, disks = {}, tasks = {}, leaders = {}, history = {} },
    Cluster)
  for i = 1, NODES do
    self.hosts[i] = net:host("node" .. i)
    self.addresses[i] = { self.hosts[i].address, 80 }
    self.disks[i] = {}
    self:start(i)
  end
  for i = 1, CLIENTS do self.hosts[NODES + i] = net:host("client" .. i) end
  for _, key in ipairs(KEYS) do self.history[key] = {} end
  return self
end

function Cluster:start(i)
  local function elected(_, term)
    test.note(("node %d leads in term %d"):format(i, term))
    self.two = self.two or self.leaders[term] and term
    self.leaders[term] = i
  end
  self.hosts[i]:start()
  self.tasks[i] = self.hosts[i]:spawn(function()
    kv.run({ id = i, addresses = self.addresses, disk = self.disks[i],
             on_lead = elected, bug = self.bug },
           assert(lev.listen("0.0.0.0", 80)))
  end)
end

function Cluster:crash(i)
  self.hosts[i]:crash()
  self.tasks[i] = nil
end

-- When something happens, in the order of all that does.
function Cluster:tick()
  self.now = self.now + 1
  return self.now
end

-- An operation of a client, with its place in history. Each value is new.
function Cluster:operate(kind, key, seconds)
  local op = { kind = kind, from = self:tick() }
  local line = kind .. " " .. key
  if kind == "set" then
    op.value = "v" .. op.from
    line = line .. " " .. op.value
  end
  table.insert(self.history[key], op)
  local value = kv.ask(self.addresses, line, seconds)
  if value then op.value, op.to = value, self:tick() end
  return value
end

function Cluster:client()
  while not self.calm do
    self:operate(math.random() < 0.5 and "set" or "get",
                 KEYS[math.random(#KEYS)], 1)
    lev.sleep(math.random() * 0.3)
  end
  return true
end

local disasters = {}

-- Each host is on one of two sides.
function disasters.partition(self)
  local sides = { {}, {} }
  for _, host in ipairs(self.hosts) do
    table.insert(sides[math.random(2)], host)
  end
  self.net:heal()
  self.net:partition(sides[1], sides[2])
end

function disasters.heal(self) self.net:heal() end

-- A node that is down starts.
function disasters.crash(self)
  local i = math.random(NODES)
  if self.tasks[i] then self:crash(i) else self:start(i) end
end

-- What it had not written to its disk it has forgotten.
function disasters.restart(self)
  local i = math.random(NODES)
  if self.tasks[i] then self:crash(i) end
  self:start(i)
end

function disasters.weather(self)
  self.net:links { latency = math.random() * 0.02, loss = math.random() * 0.1,
                   jitter = math.random() * 0.05 }
end

local DISASTERS = { "partition", "partition", "heal", "crash", "crash",
                    "restart", "weather" }

function Cluster:suffer(times)
  for _ = 1, times do
    lev.sleep(math.random() * 1.5)
    local what = DISASTERS[math.random(#DISASTERS)]
    test.note(what)
    disasters[what](self)
  end
end

function Cluster:recover()
  self.net:heal()
  self.net:links { latency = 0.005 }
  for i = 1, NODES do if not self.tasks[i] then self:start(i) end end
  self.calm = true
end

-- Within so many seconds each key can be written and read again.
function Cluster:progress(seconds)
  local deadline = test.now() + seconds
  for _, key in ipairs(KEYS) do
    for _, kind in ipairs { "get", "set", "get" } do
      repeat
        assert(test.now() < deadline, "no progress after all has healed")
      until self:operate(kind, key, 1)
    end
  end
  return true
end

-- One run: `bug` is planted. For lev.test.run.
function support.run(net, bug)
  local cluster = new_cluster(net, bug)
  local clients = {}
  for i = 1, CLIENTS do
    clients[i] = cluster.hosts[NODES + i]:spawn(function()
      return cluster:client()
    end)
  end
  cluster:suffer(15)
  cluster:recover()
  for _, client in ipairs(clients) do assert(client:await()) end
  local last = cluster.hosts[NODES + 1]:spawn(function()
    return cluster:progress(10)
  end)
  assert(last:await())
  for _, task in ipairs(cluster.tasks) do
    task:cancel()
    local _, how = task:await()
    assert(how == "cancelled", how)
  end
  assert(not cluster.two, "two leaders in one term")
  for _, key in ipairs(KEYS) do support.judge(cluster.history[key]) end
  return cluster
end

return support
