-- Tests that children are reaped, and that their streams lose nothing, when
-- those who wait for them are cut short. (torture_support.lua says what
-- happens to each scenario.)

local lev = require "lev"
local torture = require "torture_support"

local SECONDS = 20  -- Long enough for the busiest machine.

local function scenario(title, body)
  it(title, torture.test(body, { real = true }))
end

local TEXT = ("a line\nanother one\n"):rep(3)
local BLOCK = torture.pattern(200000)

-- A child of the course, closed at its end.
local function start(t, program, ...)
  local process = t:child(assert(lev.exec(program, ...)))
  return t:closes("the process", process)
end

describe("Torture of a process's", function()
  scenario("wait", function(t)
    local process = start(t, "sh", { "-c", "read x; exit 3" })
    t:partner(function()
      lev.sleep(0)
      lev.sleep(0)
      process:close_stdin()
    end)
    t:victim(function()
      for _ = 1, 2 do
        local code, err = process:wait(t:wait { timeout = SECONDS })
        -- Who closes it, kills it.
        t:must(code, err == lev.SIGKILL and "closed" or err)
        assert.equal(3, code)
      end
      lev.sleep(0)
    end)
    if not t:was_closed() then assert.equal(3, process:wait(SECONDS)) end
    process:close()
  end)

  scenario("output", function(t)
    local process = start(t, "cat")
    local got = {}
    local function take(data) got[#got + 1] = data end
    t:partner(function()
      for at = 1, #TEXT, 20 do
        if not process:send(TEXT:sub(at, at + 19), SECONDS) then break end
        lev.sleep(0)
      end
      process:close_stdin()
    end)
    t:victim(function()
      local function wait() return t:wait { timeout = SECONDS } end
      assert.equal("a", t:must(process:peek(1, wait())))
      take(t:must(process:recv_until("\n", wait())))
      take(t:must(process:recv_exactly(4, wait())))
      take(t:must(process:recv(3, wait())))
      take(t:must(process:read_all(wait())))
      assert.is_nil((process:recv_stderr(5, wait())))
    end)
    if not t:was_closed() then
      local left = process:read_all(SECONDS)
      take(left)
      assert.is_true(table.concat(got) == TEXT)
      assert.equal(0, process:wait(SECONDS))
    end
    process:close()
  end)

  scenario("input", function(t)
    local process = start(t, "cat")
    local got, sent = {}, 0
    local partner = t:partner(function()
      while true do
        local data = process:recv(30000, SECONDS)
        if not data then break end
        got[#got + 1] = data
        lev.sleep(0)
      end
    end)
    local told = true
    t:victim(function()
      for at = 1, #BLOCK, 100000 do
        told = false
        local count, err, partial = process:send(
          BLOCK:sub(at, at + 99999), t:wait { timeout = SECONDS })
        sent, told = sent + (count or partial), true
        t:must(count, err)
      end
    end)
    if not t:was_closed() then process:close_stdin() end
    partner:await()
    process:close()
    local data = table.concat(got)
    assert.is_true(BLOCK:sub(1, #data) == data, "other bytes")
    assert.is_true(#data == sent or not told or t:was_closed())
  end)
end)

describe("Torture of lev.exec_capture", function()
  local function pid_in(path)
    local file <close> = io.open(path)
    return file and file:read("n")
  end

  scenario("of a program that ends", function(t)
    t:victim(function()
      local result = t:must(lev.exec_capture("sort", {},
        t:wait { timeout = SECONDS, stdin = "b\na\n" }))
      assert.equal("a\nb\n", result.stdout)
      lev.sleep(0)
    end)
  end)

  scenario("of one that is killed with its children", function(t)
    local path = os.tmpname()
    t:victim(function()
      local result, err = lev.exec_capture("sh",
        { "-c", ("sleep 50 & echo $! > %s; echo begun; wait"):format(path) },
        t:wait { timeout = 0.1, grace = 0.02 })
      assert.is_nil(result)
      if err ~= "timeout" then t:must(nil, err) end
      lev.sleep(0)
    end)
    local pid = pid_in(path)
    os.remove(path)
    for try = 1, 200 do
      local status = pid and io.open(("/proc/%d/status"):format(pid))
      if not status then break end
      -- Whoever adopts orphans here may be slow to reap them.
      local text = status:read("a")
      status:close()
      if text:find("State:%s+Z") then break end
      assert(try < 200, "a grandchild lives on")
      lev.sleep(0.01)
    end
  end)
end)
