-- Tests lev/lua/module.cc, lev/lua/lua_object.cc and what `require` promises.

local lev = require "lev"

-- What a shell command prints, standard error included.
local function output_of(command)
  local file = assert(io.popen(command .. " 2>&1"))
  local text = file:read("a")
  return text, file:close()
end

-- A sanitized module needs its runtime loaded before all else.
local function preload()
  local libraries = output_of("ldd lev/lua/lev.so")
  local runtime = libraries:match("(/%S*libasan%S*)")
  return runtime and "LD_PRELOAD=" .. runtime .. " ASAN_OPTIONS=detect_leaks=0 "
    or ""
end

local function stock_lua(code)
  local environment = preload() .. "LUA_CPATH='lev/lua/?.so;;' "
  return output_of(environment .. "lua5.4 -e '" .. code .. "'")
end

describe("require 'lev'", function()
  it("loads into a stock lua5.4", function()
    assert.equal("42\n", (stock_lua([[
      print(require("lev").run(function() return 42 end))]])))
  end)

  it("brings the faces along, which want a run", function()
    assert.equal("std.task not initialised\tfunction\tfunction\n", (stock_lua([[
      require "lev"
      local _, err = pcall(require("std.task").sleep, 1)
      print((err:match("^[%w. ]+"):gsub(" $", "")), type(require("fibers").run),
            type(require("ward.async").spawn))]])))
  end)

  it("makes no globals and changes none", function()
    assert.equal("0\n", (stock_lua([[
      local before, count = {}, 0
      for name, value in pairs(_G) do before[name] = value end
      require "lev"
      for name, value in pairs(_G) do
        if before[name] ~= value then count = count + 1 end
      end
      print(count)]])))
  end)

  it("opens no descriptor and touches no signal", function()
    assert.equal("true\n", (stock_lua([[
      local lfs = require "lfs"
      local function state()
        local file, descriptors = io.open("/proc/self/status"), 0
        local status = file:read("a")
        file:close()
        for _ in lfs.dir("/proc/self/fd") do descriptors = descriptors + 1 end
        return descriptors .. status:match("SigBlk.-SigCgt[^\n]*")
      end
      local before = state()
      require "lev"
      print(before == state())]])))
  end)

  it("shows its host nothing but luaopen_lev*", function()
    local symbols = output_of("nm -D --defined-only lev/lua/lev.so")
    local shown = {}
    for name in symbols:gmatch("%x+ [TDBRVWui] (%S+)") do
      if not name:match("^__asan") and not name:match("^__odr_asan") then
        shown[#shown + 1] = name
      end
    end
    table.sort(shown)
    assert.same({ "luaopen_lev", "luaopen_lev_core",
      "luaopen_lev_test" }, shown)
  end)

  it("says which version it is", function()
    assert.matches("^%d+%.%d+%.%d+$", lev._VERSION)
  end)
end)

describe("objects of lev", function()
  it("say what they are, and hide their metatables", function()
    local token = lev.cancel_token()
    assert.matches("^lev.cancel_token: ", tostring(token))
    assert.equal("lev", getmetatable(token))
  end)

  it("are told apart", function()
    local ok, err = pcall(lev.await, lev.cancel_token())
    assert.is_false(ok)
    assert.matches("lev.task expected, got lev.cancel_token", err)
  end)
end)
