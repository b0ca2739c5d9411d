-- A pool of workers: jobs go in by one channel, results come out by another,
-- and no more of either are in memory than the channels hold.

local lev = require "lev"

local WORKERS, JOBS = 3, 9

-- A job takes some time; one of them is broken.
local function work(job)
  lev.sleep(0.01)
  if job == 5 then error("job 5 is broken", 0) end
  return job * job
end

-- Workers end when the jobs do. A job that fails is a result like any other.
local function worker(jobs, results)
  for job in jobs do
    local ok, value = pcall(work, job)
    results:send({ job = job, ok = ok, value = value })
  end
end

local function run_pool()
  local jobs, results = lev.channel(WORKERS), lev.channel(WORKERS)
  local scope <close> = lev.scope { name = "pool" }
  scope:spawn(function()
    for job = 1, JOBS do jobs:send(job) end
    jobs:close()
  end, { name = "producer" })
  local workers = lev.waitgroup()
  for i = 1, WORKERS do
    workers:add()
    scope:spawn(function()
      worker(jobs, results)
      workers:done()
    end, { name = "worker " .. i })
  end
  scope:spawn(function()
    workers:wait()
    results:close()
  end, { name = "closer" })

  local sum = 0
  for result in results do
    if result.ok then
      sum = sum + result.value
    else
      print("failed: " .. result.value)
    end
  end
  return sum
end

lev.run(function()
  print("the sum is " .. run_pool())
end)
