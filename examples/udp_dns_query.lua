#!/usr/bin/env lev
-- Asks a name server for the IPv4 addresses of a name, by UDP and by hand:
--   lev udp_dns_query.lua NAME [SERVER [PORT]]
-- (Who only wants the addresses calls lev.resolve.)

local lev = require "lev"

local function system_server()
  local file <close> = assert(io.open("/etc/resolv.conf"))
  return ("\n" .. file:read("a")):match("\nnameserver%s+(%S+)") or "127.0.0.1"
end

-- One question, with recursion: the labels of the name, type A, class IN.
local function query(id, name)
  local labels = name:gsub("([^.]+)%.?", function(label)
    return string.pack("s1", label)
  end)
  return string.pack(">I2I2I2I2I2I2", id, 0x0100, 1, 0, 0, 0) ..
    string.pack(">zI2I2", labels, 1, 1)
end

-- A name is labels and a zero, or ends with a pointer of two bytes to such.
local function skip_name(message, position)
  local size = message:byte(position)
  if size >= 0xC0 then return position + 2 end
  if size == 0 then return position + 1 end
  return skip_name(message, position + 1 + size)
end

local function addresses(message)
  local _, flags, questions, answers = string.unpack(">I2I2I2I2", message)
  local position, found = 13, {}
  for _ = 1, questions do position = skip_name(message, position) + 4 end
  for _ = 1, answers do
    local kind, data
    kind, _, _, data, position = string.unpack(">I2I2I4s2", message,
      skip_name(message, position))
    if kind == 1 then
      found[#found + 1] = table.concat({ data:byte(1, 4) }, ".")
    end
  end
  if not found[1] then return nil, "no address, code " .. (flags & 15) end
  return table.concat(found, "\n")
end

local result, err = lev.run(function()
  local socket = lev.own(assert(lev.udp()))  -- of the server's family
  assert(socket:connect(arg[2] or system_server(), tonumber(arg[3] or 53)))
  for _ = 1, 3 do  -- datagrams get lost
    local id = math.random(0, 0xFFFF)
    assert(socket:send(query(id, arg[1] or "localhost")))
    local answer = socket:recv(1500, 2)
    if answer and answer:sub(1, 2) == string.pack(">I2", id) then
      return addresses(answer)
    end
  end
  return nil, "no answer"
end)
print(result or err)
os.exit(result ~= nil)
