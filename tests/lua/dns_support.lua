-- A name server for specs: tests/support/dns_server_main.cc in a process of
-- its own.

local lev = require "lev"

local M = {}

local PROGRAM = "tests/support/dns_server_main"

-- Serves `records`, and has lookups ask it and nobody else. `options` are
-- more of lev.set_resolver's. Returns a function that ends it.
function M.serve(records, options)
  local path = os.tmpname()
  local words = {}
  for i, record in ipairs(records) do words[i] = "'" .. record .. "'" end
  local input = assert(io.popen(("exec %s %s > %s"):format(PROGRAM,
    table.concat(words, " "), path), "w"))
  local port
  repeat
    local file <close> = assert(io.open(path))
    port = file:read("n", "L")
  until port
  os.remove(path)
  M.server = ("127.0.0.1:%d"):format(port)
  local all = { servers = { M.server }, search = {}, hosts_file = false }
  for key, value in pairs(options or {}) do all[key] = value end
  assert(lev.set_resolver(all))
  return function()
    input:close()
    lev.set_resolver(nil)
  end
end

return M
