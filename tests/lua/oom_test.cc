// Memory that runs out at every possible moment.
//
// Each scenario runs once for every allocation of Lua's that it makes, and
// that one fails: alone (with the retry that Lua makes after a collection),
// or with all that follow. The scenario may then end in an error, or succeed
// nevertheless. It must not crash, hang or leak, and the same state must run
// a plain program afterwards.

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "lev/lua/module.h"
#include "tests/support/certificates.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

constexpr long kNone = -1;
// Scenarios with more allocations are sampled.
constexpr long kMostRuns = 3000;

enum class Failing { kOne, kAllFrom };

// What is being tried now, for the handler of a hang.
char g_now[200];

struct Memory {
  Failing mode = Failing::kOne;
  long fail_at = kNone;  // The allocation that fails, counted from 1.
  long count = 0;
  bool failed = false;

  void Start(Failing failing, long at) {
    mode = failing;
    fail_at = at;
    count = 0;
    failed = false;
  }
  void Stop() { fail_at = kNone; }

  bool Fails() {
    ++count;
    if (fail_at == kNone || count < fail_at) return false;
    // Lua collects garbage and tries once more: that fails, too.
    if (mode == Failing::kOne && count > fail_at + 1) return false;
    return failed = true;
  }

  static void* Allocate(void* self, void* block, size_t old_size,
                        size_t new_size) {
    if (new_size == 0) {
      std::free(block);
      return nullptr;
    }
    // Without a block, old_size is the kind of object.
    const bool grows = block == nullptr || new_size > old_size;
    if (grows && static_cast<Memory*>(self)->Fails()) return nullptr;
    return std::realloc(block, new_size);
  }
};

int CountFds() {
  DIR* const directory = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

[[noreturn]] void Die(const char* what) {
  dprintf(2, "%s: %s\n", g_now, what);
  _exit(3);
}

void OnAlarm(int) { Die("hangs"); }

int Panic(lua_State* L) { Die(lua_tostring(L, -1)); }

// Everything that a scenario does before the memory fails.
int Prepare(lua_State* L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lev);
  lua_setfield(L, -2, "lev");
  return 0;
}

constexpr char kPlainProgram[] = R"(
  local lev = require "lev"
  lev.set_logger(nil)
  return lev.run(function()
    local listener = assert(lev.listen("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local server = lev.spawn(function()
      local socket = assert(listener:accept(5))
      socket:send(socket:recv_exactly(5, 5) .. "!")
    end)
    local socket = assert(lev.connect("127.0.0.1", port, 5))
    socket:send("alive")
    lev.await(server)
    return socket:recv_until("!", 5)
  end)
)";

class OutOfMemory : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    signal(SIGALRM, OnAlarm);
    // What lev logs when its logger fails, too; sanitizers use the descriptor.
    stderr = std::fopen("/dev/null", "w");
  }
  void TearDown() override { alarm(0); }

  // `before` runs with all the memory it wants, `body` without.
  void Try(const char* name, const char* before, const char* body) {
    const long total = Run(name, before, body, Failing::kOne, kNone);
    ASSERT_GT(total, 0) << name;
    const long stride = total / kMostRuns + 1;
    for (Failing mode : {Failing::kOne, Failing::kAllFrom}) {
      for (long at = 1; at <= total + 1; at += stride) {
        Run(name, before, body, mode, at);
        if (HasFailure()) return;
      }
    }
#if defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0) << name;
#endif
  }

 private:
  static bool Do(lua_State* L, const char* text, int results) {
    return luaL_loadstring(L, text) == LUA_OK &&
           lua_pcall(L, 0, results, 0) == LUA_OK;
  }

  // Returns how many allocations the body made.
  static long Run(const char* name, const char* before, const char* body,
                  Failing mode, long at) {
    std::snprintf(g_now, sizeof(g_now), "%s, allocation %ld%s", name, at,
                  mode == Failing::kOne ? "" : " and all after");
    SCOPED_TRACE(g_now);
    alarm(20);
    const int fds = CountFds();
    Memory memory;
    lua_State* const L = lua_newstate(Memory::Allocate, &memory);
    lua_atpanic(L, Panic);
    lua_pushcfunction(L, Prepare);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_OK);
    EXPECT_TRUE(Do(L, before, 0)) << lua_tostring(L, -1);
    EXPECT_EQ(luaL_loadstring(L, body), LUA_OK) << lua_tostring(L, -1);
    // The collector runs all the while: Lua skips a finalizer that it has no
    // memory to call, and then frees the object all the same.
    memory.Start(mode, at);
    const int status = lua_pcall(L, 0, 0, 0);
    memory.Stop();
    const long count = memory.count;
    EXPECT_TRUE(memory.failed || status == LUA_OK) << lua_tostring(L, -1);
    lua_settop(L, 0);
    EXPECT_TRUE(Do(L, kPlainProgram, 1)) << lua_tostring(L, -1);
    EXPECT_STREQ(lua_tostring(L, -1), "alive!");
    lua_close(L);
    EXPECT_EQ(CountFds(), fds);
    return count;
  }
};

constexpr char kRequire[] = R"(
  lev = require "lev"
  lev.set_logger(function() end)
)";

TEST_F(OutOfMemory, LoadingTheModule) {
  Try("loading", "", R"(require "lev")");
}

TEST_F(OutOfMemory, TasksWithResults) {
  Try("results", kRequire, R"(
    local n, a, b, c, d = lev.run(function()
      local one = lev.spawn(function() return 1 end, {name = "one"})
      local many = lev.spawn(function()
        lev.sleep(0.0001)
        return 1, nil, "three", {4}
      end)
      lev.yield()
      return lev.await(one), lev.await(many)
    end)
    assert(n == 1 and a == 1 and b == nil and c == "three" and d[1] == 4)
  )");
}

TEST_F(OutOfMemory, TasksThatFail) {
  Try("failures", kRequire, R"(
    assert(lev.run(function()
      local failed = lev.spawn(function() lev.yield() error({code = 7}) end)
      local value, err, trace = lev.await(failed)
      assert(value == nil and err.code == 7 and trace)
      lev.spawn(function() error("nobody hears") end)
      lev.spawn(function() error("logged") end, {detached = true})
      return true
    end))
  )");
}

TEST_F(OutOfMemory, ManySuspendedTasks) {
  Try("many", kRequire, R"(
    assert(lev.run(function()
      local tasks = {}
      for i = 1, 30 do
        tasks[i] = lev.spawn(function(...) lev.sleep(0.0001) return i, i end)
      end
      for i = 1, 30 do assert(lev.await(tasks[i]) == i) end
      return lev.stats().task_count
    end))
  )");
}

TEST_F(OutOfMemory, RaceAndAll) {
  Try("race and all", kRequire, R"(
    assert(lev.run(function()
      assert(lev.race {
        function() lev.sleep(0.0001) return "first" end,
        function(token) return lev.sleep(0.02, token) end,
        function() lev.sleep(0.02) end,
      } == "first")
      local all = assert(lev.all {
        function() return 1, 2 end,
        function() lev.yield() return 3 end,
      })
      assert(all[1][2] == 2 and all[2][1] == 3)
      local _, err = lev.all {
        function() error("x", 0) end,
        function() lev.sleep(0.02) end,
      }
      return err == "x"
    end))
  )");
}

TEST_F(OutOfMemory, OwnAndDefer) {
  Try("own and defer", kRequire, R"(
    assert(lev.run(function()
      local log = {}
      lev.await(lev.spawn(function()
        lev.own({close = function() lev.sleep(0) log[#log + 1] = "owned" end})
        lev.defer(function() log[#log + 1] = "deferred" end)
        lev.defer(function() error("in a cleanup") end)
        lev.disown(lev.own({close = function() log[#log + 1] = "no" end}))
      end))
      assert(table.concat(log, " ") == "deferred owned")
      local aborted = lev.spawn(function()
        lev.defer(function() log[#log + 1] = "aborted" end)
        lev.sleep(0.02)
      end)
      lev.yield()
      aborted:abort()
      return log[3] == "aborted"
    end))
  )");
}

TEST_F(OutOfMemory, Cancelling) {
  Try("cancelling", kRequire, R"(
    assert(lev.run(function()
      local token = lev.cancel_token()
      local child = token:child()
      local sleeper = lev.spawn(function() return lev.sleep(0.02, child) end)
      local waiter = lev.spawn(function()
        pcall(lev.sleep, 0.02)
        lev.sleep(0.02)
      end)
      lev.yield()
      token:cancel({why = "reason"})
      waiter:cancel("reason")
      assert(child.cancelled and child.reason.why == "reason")
      assert(not pcall(child.check, child))
      assert(select(2, lev.await(sleeper)) == "cancelled")
      return select(2, lev.await(waiter)) == "cancelled"
    end))
  )");
}

TEST_F(OutOfMemory, EndingARun) {
  Try("ending", kRequire, R"(
    local _, stopped = lev.run(function()
      lev.spawn(function() lev.defer(function() end) lev.sleep(0.02) end)
      lev.yield()
      lev.stop()
      lev.sleep(0.02)
    end)
    assert(stopped == "stopped")
    local _, deadlock = lev.run(function()
      lev.await(lev.spawn(coroutine.yield, {name = "stuck"}))
    end)
    assert(deadlock:find("stuck"))
    assert(lev.run(function() return true end, {poller = "fake", seed = 3}))
  )");
}

TEST_F(OutOfMemory, LookingInside) {
  Try("looking inside", kRequire, R"(
    assert(lev.run(function()
      assert(lev.enable_dump_signal("json"))
      local task = lev.spawn(function() lev.sleep(0.02) end, {name = "a"})
      lev.yield()
      assert(#lev.task_tree() == 2)
      local dump = lev.task_dump()
      assert(dump[2].name == "a" and dump[2].wait.on == "a timer")
      task:abort()
      return lev.stats().active_coros == 1
    end, {slow = 60}))
  )");
}

TEST_F(OutOfMemory, Tls) {
  lev::TestFiles files;
  const lev::TestAuthority authority;
  const lev::PemPair pair = authority.Issue();
  setenv("CA", files.Write("ca.pem", authority.Pem()).c_str(), 1);
  setenv("CERT", files.Write("x.pem", pair.certificate).c_str(), 1);
  setenv("KEY", files.Write("x.key", pair.key).c_str(), 1);
  Try("tls", kRequire, R"(
    local cert, key = os.getenv("CERT"), os.getenv("KEY")
    assert(lev.run(function()
      local identity = assert(lev.tls_identity(cert, key, "localhost"))
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      lev.spawn(function()
        local socket <close> = assert(listener:accept(0.3))
        assert(socket:starttls({mode = "server", identity = identity,
          timeout = 0.3, alpn = {"a", "b"},
          hosts = {["x.org"] = {cert = cert, key = key}}}))
        socket:send("hello", 0.3)
        socket:recv(1, 0.3)
      end)
      local socket <close> = assert(lev.connect("127.0.0.1", port,
        {timeout = 0.3, tls = {cafile = os.getenv("CA"), alpn = {"b"}}}))
      assert(socket:tls_info().alpn == "b")
      assert(identity:info().names[1] == "localhost")
      return socket:recv(5, 0.3) == "hello"
    end))
  )");
}

TEST_F(OutOfMemory, Sockets) {
  Try("sockets", kRequire, R"(
    assert(lev.run(function()
      local listener <close> = assert(lev.listen("::1", 0, {backlog = 5}))
      local host, port = listener:getsockname()
      lev.spawn(function()
        local socket <close> = assert(listener:accept(0.02))
        local name = assert(socket:recv_until("\n", 0.02))
        local rest = assert(socket:recv_exactly(4, {timeout = 0.02}))
        assert(socket:send(rest .. name, {timeout = 0.02}))
      end)
      local socket <close> = assert(lev.connect(host, port, 0.02))
      assert(socket:setsockopt("keepalive", true))
      assert(socket:getpeername() == host and socket:getsockname())
      assert(socket:send("na") and lev.sleep(0) and socket:send("me\nrest"))
      assert(socket:shutdown("w"))
      assert(socket:recv_until("%a\n", 0.02) == "restname\n")
      local token = lev.cancel_token()
      return select(2, socket:recv(1, {cancel = token})) == "closed"
    end))
  )");
}

TEST_F(OutOfMemory, SocketsThatFail) {
  Try("failing sockets", kRequire, R"(
    assert(lev.run(function()
      local listener = assert(lev.listen("::ffff:127.0.0.1", 0))
      local host, port = listener:getsockname()
      assert(not lev.listen(host, port))
      assert(select(2, listener:accept(0)) == "timeout")
      local socket = assert(lev.connect(host, port, 0.02))
      local peer, from = assert(listener:accept(0.02))
      assert(from == "::ffff:127.0.0.1")
      assert(peer:send(("x"):rep(100)))
      assert(not socket:recv_until("not there", 0.02, 20))
      assert(not socket:recv_until("not %a+ there", 0.02, 20))
      assert(not socket:recv_exactly(1000, 0.001))
      peer:close()
      assert(not peer:send("x") and not peer:recv(1))
      assert(not peer:getpeername() and not peer:setsockopt("nodelay", 1))
      assert(not peer:shutdown())
      listener:close()
      assert(not listener:accept() and not listener:getsockname())
      assert(not lev.connect(host, port, 0.02))
      return not lev.connect("not an address", 1)
    end))
  )");
}

TEST_F(OutOfMemory, Datagrams) {
  Try("datagrams", kRequire, R"(
    assert(lev.run(function()
      local server <close> = assert(lev.udp())
      assert(server:setsockopt("reuseaddr", true))
      assert(server:bind("::1", 0))
      local host, port = server:getsockname()
      local client <close> = assert(lev.udp())
      assert(client:sendto_many({{"a", host, port}, {"b", host, port}}, 1) == 2)
      local all = assert(server:recvfrom_many(5, 100, 1))
      assert(#all == 2 and server:sendto_many(all) == 2)
      assert(client:recv(10, 1) == "a")
      assert(select(4, client:recvfrom(0x1000, 1)) == nil)
      assert(not client:sendto("x", "not an address", 1))
      assert(not client:sendto_many{{"x", "not an address", 1}})
      assert(not client:join("::1", "lo") and not client:send("x"))
      local named <close> = assert(lev.unix_dgram("@lev-out-of-memory"))
      assert(not lev.unix_dgram("@lev-out-of-memory"))
      assert(lev.unix_dgram():sendto("x", "@lev-out-of-memory"))
      return named:recv(1, 1) == "x"
    end))
  )");
}

}  // namespace
