-- Tests lev/lua/lev_main.cc: the program `lev`.

local directory = os.getenv("TEST_TMPDIR") or "/tmp"
local path = directory .. "/program_spec_file.lua"

local function write(text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- What `lev` prints, and its exit code.
local function lev(arguments)
  local file = assert(io.popen("lev/lua/lev " .. arguments .. " 2>&1"))
  local text = file:read("a")
  local _, _, code = file:close()
  return text, code
end

local function run(text, arguments)
  write(text)
  return lev(path .. " " .. (arguments or ""))
end

describe("lev FILE", function()
  it("runs the file as the main task, with its arguments", function()
    assert.same({ "a\tb c\t2\n", 0 }, { run([[
      local lev = require "lev"
      lev.sleep(0.001)
      print(arg[1], arg[2], #arg)]], "a 'b c'") })
  end)

  it("passes the arguments to the chunk as well", function()
    assert.equal("x\ty\n", (run("print(...)", "x y")))
  end)

  it("takes hundreds of arguments", function()
    local text = run("print(select('#', ...))", ("x "):rep(500))
    assert.equal("500\n", text)
  end)

  it("skips a shebang line", function()
    assert.same({ "ok\n", 0 }, { run("#!/usr/bin/env lev\nprint('ok')") })
  end)

  it("waits for the tasks that the file leaves behind", function()
    assert.same({ "late\n", 0 }, { run([[
      local lev = require "lev"
      lev.spawn(function() lev.sleep(0.01) print("late") end)]]) })
  end)

  it("exits with 1 after an error, and shows its traceback", function()
    local text, code = run([[
      local function deep() error("boom") end
      deep()]])
    assert.equal(1, code)
    assert.matches("^lev: .*:1: boom\nstack traceback:\n.*in local 'deep'",
                   text)
  end)

  it("shows an error that is not a string", function()
    local text, code = run([[
      error(setmetatable({}, { __tostring = function() return "mine" end }))]])
    assert.same({ 1, "lev: mine" }, { code, text:match("^[^\n]*") })
  end)

  it("exits with 1 on a deadlock, and says who waits", function()
    local text, code = run("coroutine.yield()")
    assert.equal(1, code)
    assert.matches('^lev: deadlock: task #1 "program_spec_file.lua" waits for',
                   text)
  end)

  it("exits with 1 when the file cannot be read or compiled", function()
    local text, code = lev("no/such/file.lua")
    assert.same({ "lev: cannot open no/such/file.lua: " ..
                  "No such file or directory\n", 1 }, { text, code })
    text, code = run("not lua")
    assert.equal(1, code)
    assert.matches("^lev: .*:1: unexpected symbol near 'not'", text)
  end)

  it("honours os.exit", function()
    assert.equal(7, select(2, run("os.exit(7)")))
    assert.equal(7, select(2, run("os.exit(7, true)")))
  end)

  it("reads standard input for -", function()
    write("print('from stdin')")
    assert.equal("from stdin\n", (lev("- < " .. path)))
  end)
end)

describe("lev.run at the top level of the program's file", function()
  it("is a scope that returns its results", function()
    assert.same({ "child\n1\tnil\t3\n", 0 }, { run([[
      local lev = require "lev"
      print(lev.run(function()
        lev.spawn(function() lev.sleep(0.01) print("child") end)
        return 1, nil, 3
      end))]]) })
  end)

  it("returns nil and the error, and the file goes on", function()
    assert.matches("^nil\t.*: oops\t.*\nnext\n$", (run([[
      local lev = require "lev"
      print(lev.run(function() error("oops") end))
      print("next")]])))
  end)

  it("may be a tail call, and may be repeated", function()
    assert.same({ "main\n", 0 }, { run([[
      local lev = require "lev"
      lev.run(function() end)
      return lev.run(function() print(lev.task_name()) end)]]) })
  end)

  it("is also what lev.core's loop_run is", function()
    assert.same({ "in the loop\ntrue\n", 0 }, { run([[
      local core = require "lev.core"
      local loop = core.loop_new()
      core.spawn(loop, coroutine.create(function()
        core.timer_sleep(0.001)
        print("in the loop")
      end))
      print(core.loop_run(loop))]]) })
  end)

  it("raises anywhere else", function()
    local text = run([[
      local lev = require "lev"
      print(pcall(function() return lev.run(print) end))]])
    assert.matches("nested calls are not allowed", text)
  end)

  it("refuses options, for the run has begun", function()
    local text, code = run([[
      require("lev").run(function() end, { poller = "fake" })]])
    assert.equal(1, code)
    assert.matches("options need lua5.4", text)
  end)
end)

describe("lev's options", function()
  it("are --version and --help", function()
    assert.matches("^lev %d+%.%d+%.%d+ %(Lua 5%.4", (lev("--version")))
    assert.matches("^usage: lev %[%-W%] FILE", (lev("--help")))
  end)

  it("are refused when unknown or missing, with exit code 2", function()
    assert.equal(2, select(2, lev("")))
    assert.equal(2, select(2, lev("-W")))
    local text, code = lev("--nonsense")
    assert.equal(2, code)
    assert.matches("^lev: unknown option '%-%-nonsense'\nusage", text)
  end)
end)
