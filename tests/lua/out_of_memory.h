// Memory that runs out at every possible moment.
//
// Each scenario runs once for every allocation of Lua's that it makes, and
// that one fails: alone (with the retry that Lua makes after a collection),
// or with all that follow. The scenario may then end in an error, or succeed
// nevertheless. It must not crash, hang or leak, and the same state must run
// a plain program afterwards.

#ifndef TESTS_LUA_OUT_OF_MEMORY_H_
#define TESTS_LUA_OUT_OF_MEMORY_H_

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"
#include "lev/lua/module.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace lev::lua {

inline constexpr long kNone = -1;
// Scenarios with more allocations are sampled.
inline constexpr long kMostRuns = 3000;

enum class Failing { kOne, kAllFrom };

// What is being tried now, for the handler of a hang.
inline char g_now[200];

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

inline int CountFds() {
  DIR* const directory = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

[[noreturn]] inline void Die(const char* what) {
  dprintf(2, "%s: %s\n", g_now, what);
  _exit(3);
}

inline void OnAlarm(int) { Die("hangs"); }

inline int Panic(lua_State* L) { Die(lua_tostring(L, -1)); }

// Everything that a scenario does before the memory fails.
inline int Prepare(lua_State* L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lev);
  lua_setfield(L, -2, "lev");
  lua_pushcfunction(L, luaopen_lev_test);
  lua_setfield(L, -2, "lev.test");
  return 0;
}

inline constexpr char kPlainProgram[] = R"(
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

inline constexpr char kRequire[] = R"(
  lev = require "lev"
  lev.set_logger(function() end)
)";

}  // namespace lev::lua

#endif  // TESTS_LUA_OUT_OF_MEMORY_H_
