-- Tests lev/lua/lua_scope_kind.cc, and the cleanups of scopes.

local lev = require "lev"
local support = require "support"
local inside, logged, run = support.inside, support.logged, support.run

local function sleeper(seconds) return function() lev.sleep(seconds) end end

describe("scope:defer", function()
  it("runs after the children, last in, first out, and may suspend",
     inside(function()
       local add, read = support.trace()
       lev.scope(function(scope)
         scope:defer(function() add "a" end)
         scope:defer(function() lev.sleep(1) add "b" end)
         scope:spawn(function() lev.sleep(1) add "c" end)
         scope:cancel()
         pcall(lev.sleep, 60)
         add "d"
       end)
       assert.equal("dba", read())
       assert.equal(1, lev.now())
     end))

  it("runs without suspending if the task is aborted", inside(function()
    local add, read = support.trace()
    local task = lev.spawn(function()
      lev.defer(function() add "t" end)
      lev.scope(function(outer)
        outer:defer(function() add "a" end)
        lev.scope(function(inner)
          inner:defer(function() add "b" end)
          inner:defer(function() add "c" end)
          lev.sleep(60)
        end)
      end)
    end)
    lev.yield()
    task:abort()
    assert.equal("cbat", read())
  end))

  it("has its errors logged, and its spawns waited for", function()
    local done
    local messages = logged(function()
      run(function()
        assert.equal("ok", lev.scope(function(scope)
          scope:defer(function()
            scope:spawn(function() lev.sleep(1) done = true end)
          end)
          scope:defer(function() error("in defer", 0) end)
          return "ok"
        end))
        assert.is_true(done)
      end)
    end)
    assert.equal(1, #messages)
    assert.matches("in defer", messages[1])
  end)
end)

describe("a scope's handle", function()
  it("has a name, a status and a text", inside(function()
    local handle
    lev.scope({ name = "files" }, function(scope)
      handle = scope
      assert.equal("files", scope.name)
      assert.is_nil(scope.deadline)
      assert.equal("open", scope:status())
      assert.matches("^lev.scope: .* open$", tostring(scope))
      scope:cancel()
      assert.equal("cancelled", scope:status())
    end)
    assert.equal("closed", handle:status())
    assert.equal("files", handle.name)
    handle:cancel()
  end))

  it("refuses what is new when the scope has ended", inside(function()
    local handle
    lev.scope(function(scope) handle = scope end)
    for _, method in ipairs { "spawn", "token", "defer" } do
      assert.error_matches(function() handle[method](handle, print) end,
                           "scope:" .. method .. ": the scope has ended")
    end
  end))

  it("gives a token with the scope's reason", inside(function()
    local token
    local task = lev.spawn(function()
      lev.scope(function(scope)
        token = scope:token()
        assert.is_false(token.cancelled)
        lev.scope(function(inner)
          local innermost = inner:token()
          pcall(lev.sleep, 60)
          assert.equal("why", innermost.reason)
        end)
        assert.equal("why", token.reason)
      end)
    end)
    lev.yield()
    task:cancel("why")
    task:await()
    assert.is_true(token.cancelled)
  end))

  it("spawns with options, from other tasks too", inside(function()
    lev.scope(function(scope)
      local task
      lev.await(lev.spawn(function()
        task = scope:spawn(sleeper(1), { name = "named" })
      end))
      assert.equal("named", task.name)
    end)
    assert.equal(1, lev.now())
  end))
end)
