-- Fetches several pages at once. The first failure stops the others, and none
-- of them outlives the call.

local lev = require "lev"

-- A page takes some time, and may not exist.
local PAGES = { fast = 0.01, broken = 0.05, slow = 60 }

local function fetch(name)
  lev.defer(function()
    -- Cleanups run undisturbed, and may suspend.
    lev.sleep(0.01)
    if name == "slow" then print("slow was stopped") end
  end)
  lev.sleep(PAGES[name])
  if name == "broken" then error("broken: no such page", 0) end
  print(name .. " is here")
  return #name
end

local function fetch_all(names)
  return lev.scope({ name = "fetches", timeout = 30 }, function(scope)
    local tasks = {}
    for i, name in ipairs(names) do
      tasks[i] = scope:spawn(function() return fetch(name) end,
                             { name = name })
    end
    local total = 0
    for _, task in ipairs(tasks) do total = total + task:await() end
    return total
  end)
end

lev.run(function()
  local total, err = fetch_all { "fast", "slow", "broken" }
  if total then
    print("total: " .. total)
  else
    print("failed: " .. tostring(err))
  end
end)
