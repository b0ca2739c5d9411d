-- A replicated key-value store: lev replicated_kv.lua runs three nodes, stops
-- the one that leads, and asks the next for what was acknowledged. (As a module
-- it runs on hostile networks: tests/lua/replicated_kv_spec.lua.)
--
-- In each term a majority elects one leader. With every read and write, and as
-- its heartbeat, it sends all it has, and acknowledges what a majority stored.
-- A node votes once in a term, for none whose data are older than its own, and
-- stores nothing of earlier terms: who is elected has all that was ever
-- acknowledged, who was deposed finds no majority; each key is linearizable.

local lev = require "lev"

local BEAT, PATIENCE, WAIT = 0.1, 0.5, 0.4  -- Seconds.
local EMPTY = { term = 0, version = 0, data = "" }  -- " KEY=VALUE KEY=VALUE".

local kv, Node = {}, {}

-- Sends a line and returns the answer; or nil, and whether it may have arrived.
local function call(address, line, seconds)
  local socket <close> = lev.connect(address[1], address[2], seconds)
  local sent = socket and socket:send(line .. "\n", seconds)
  return sent and socket:recv_until("\n", seconds), socket ~= nil
end

-- For clients: sends "set KEY VALUE" or "get KEY" to each node until one leads.
-- The value; or nil and "unavailable", or "unknown": done, or not, or later.
function kv.ask(addresses, line, seconds)
  local deadline = lev.now() + seconds
  for turn = 0, math.huge do
    local answer, sent = call(addresses[turn % #addresses + 1], line, 5 * WAIT)
    local value = answer and answer:match("^ok (%w*)")
    if value then return value end
    if sent and answer ~= "moved\n" then return nil, "unknown" end
    if lev.now() > deadline then return nil, "unavailable" end
    lev.sleep(BEAT)
  end
end

-- There is a newer term: this node does not lead it.
function Node:see(term)
  if term <= self.disk.term then return end
  self.disk.term, self.disk.vote, self.leads = term, nil, false
end

-- Asks all others at once; whether a majority, this node included, says yes.
-- Those who are slow get the line all the same.
function Node:majority(verb)
  local disk, answers, yes = self.disk, lev.channel(#self.addresses), 1
  local line = table.concat({ verb, disk.term, self.id, disk.version ..
                              disk.data }, " ")
  for id, address in ipairs(self.addresses) do
    if id ~= self.id then
      lev.spawn(function() answers:send(call(address, line, WAIT) or "") end)
    end
  end
  for _ = 2, #self.addresses do
    local word, term = answers:recv():match("^(%a+) (%d+)")
    self:see(tonumber(term) or 0)
    if word == "yes" then yes = yes + 1 end
    if yes > #self.addresses / 2 then return true end
  end
end

-- What a node says to candidates and leaders; nil if this is neither.
function Node:follow(verb, term, id, version, data)
  if not verb then return end
  local disk = self.disk
  term, id, version = tonumber(term), tonumber(id), tonumber(version)
  self:see(term)
  local newer, yes = version >= disk.version, term == disk.term
  if verb == "vote" then
    yes = yes and newer and (disk.vote or id) == id
    if yes and self.bug ~= "forgets its vote" then disk.vote = id end
  elseif yes and newer then
    disk.version, disk.data = version, data
  end
  if yes then self.heard:try_send(true) end
  return (yes and "yes " or "no ") .. disk.term
end

-- What it says to clients.
function Node:access(key, value)
  if not self.leads or not key then return "moved" end
  local disk, entry = self.disk, " " .. key .. "="
  if value ~= "" then
    disk.data = disk.data:gsub(entry .. "%w+", "") .. entry .. value
    disk.version = disk.version + 1
  end
  value = disk.data:match(entry .. "(%w+)") or ""
  local safe = self:majority("lead") or self.bug == "acknowledges too much"
  return safe and "ok " .. value or "unknown"
end

function Node:serve(socket)
  local socket <close> = socket
  local line = socket:recv_until("\n", WAIT) or ""
  local answer = self:follow(line:match("^(%l+) (%d+) (%d+) (%d+)(.*)\n")) or
    self:access(line:match("^[gs]et (%w+) ?(%w*)\n"))
  socket:send(answer .. "\n", WAIT)
end

-- Tries to be elected, and leads as long as a majority follows.
function Node:stand()
  local disk, term = self.disk, self.disk.term + 1
  disk.term, disk.vote = term, self.id
  if not self:majority("vote") or disk.term ~= term then return end
  self.leads, disk.version = true, term << 32
  self.on_lead(self.id, term)
  while self.leads and self:majority("lead") do lev.sleep(BEAT) end
  self.leads = false
end

-- Runs a node until it is cancelled: its `id` is its place among `addresses`,
-- its `disk` outlives it, `on_lead(id, term)` hears of its elections.
function kv.run(node, listener)
  local listener <close> = listener
  local scope <close> = lev.scope()
  setmetatable(node.disk, { __index = EMPTY })
  setmetatable(node, { __index = Node }).heard = lev.channel(1)
  scope:spawn(function()
    while true do
      local socket = assert(listener:accept())
      scope:spawn(function() node:serve(socket) end)
    end
  end)
  while true do
    if not node.heard:recv(PATIENCE * (1 + math.random())) then node:stand() end
  end
end

local function show()
  local addresses, nodes, leader = {}, {}, nil
  local function led(id, term)
    leader = id
    print(("node %d leads in term %d"):format(id, term))
  end
  for id = 1, 3 do
    local listener = assert(lev.listen("127.0.0.1", 0))
    local node = { id = id, addresses = addresses, disk = {}, on_lead = led }
    addresses[id] = { listener:getsockname() }
    nodes[id] = lev.spawn(function() kv.run(node, listener) end)
  end
  print("set color blue", kv.ask(addresses, "set color blue", 10))
  nodes[leader]:cancel()
  print("get color", kv.ask(addresses, "get color", 10))
  for _, node in ipairs(nodes) do node:cancel() end
end

if not arg[0]:match("replicated_kv%.lua$") then return kv end
lev.run(show)
