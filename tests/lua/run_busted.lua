-- Runs one busted spec: host run_busted.lua FILE_spec.lua
-- Helpers that specs share (require "support") lie beside this file.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local spec = assert(arg[1], "which spec?")
arg = { [-1] = arg[-1], [0] = spec,
        "--output=plainTerminal", "--no-auto-insulate", spec }
-- What is asked of the kernel alone: the real clock, files, other programs.
if os.getenv("LEV_TEST_POLLER") == "memory" then
  table.insert(arg, 1, "--exclude-tags=kernel")
end
require("busted.runner")({ standalone = false })
