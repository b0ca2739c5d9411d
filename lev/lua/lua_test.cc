#include "lev/lua/lua_test.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_run.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/lua/lua_tasks.h"
#include "lev/lua/lua_test_bed.h"
#include "lev/lua/lua_test_process.h"
#include "lev/lua/test/test_lua.h"
#include "lev/net/error.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_link.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_processes.h"

namespace lev::lua {
namespace {

TestBed& CheckBed(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  if (runtime.test_bed() == nullptr || runtime.ending()) {
    luaL_error(L, "lev.test: must be called within lev.test.run");
  }
  return *runtime.test_bed();
}

MemoryNetwork& CheckNetwork(lua_State* L) { return CheckBed(L).network(); }

// Null, rather than an error, if there is no such host.
MemoryHost* FindHost(lua_State* L, int argument) {
  return CheckNetwork(L).FindHost(CheckString(L, argument));
}

}  // namespace

MemoryHost& CheckTestHost(lua_State* L, int argument) {
  MemoryHost* const host = FindHost(L, argument);
  if (host == nullptr) {
    luaL_error(L, "lev.test: there is no host '%s'", lua_tostring(L, argument));
  }
  return *host;
}

namespace {

// run(fn, seed, trace, limit) -> ok, results...
int RunIt(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  RunOptions options;
  options.poller = RunOptions::PollerKind::kFake;
  options.test = true;
  options.seed = static_cast<uint64_t>(luaL_checkinteger(L, 2));
  options.trace = lua_toboolean(L, 3);
  options.limit = CheckSeconds(L, 4, 4, "limit");
  if (runtime.running()) {
    return luaL_error(L, runtime.hosts_root() == nullptr
                             ? "lev.test.run: nested calls are not allowed"
                             : "lev.test.run: this script is within the run "
                               "of the program that embeds Lua");
  }
  lua_settop(L, 1);
  bool ok;
  const int results = RunTest(L, runtime, options, ok);
  lua_pushboolean(L, ok);
  lua_insert(L, -results - 1);
  return results + 1;
}

int PushLogger(lua_State* L) {
  Runtime::Of(L).logger().Push(L);
  return 1;
}

int PushTrace(lua_State* L) {
  const std::string& trace = Runtime::Of(L).test_trace();
  lua_pushlstring(L, trace.data(), trace.size());
  return 1;
}

LuaStep SettleStep(lua_State* L, LuaTask&, bool resumed) {
  if (resumed) return LuaStep::Done(0);
  return LuaStep::Blocked(Runtime::Of(L).test_bed()->poller().settled());
}

constexpr Verb kSettle = {
    .name = "lev.test.settle", .wait = 1, .step = SettleStep};

int Settle(lua_State* L) {
  CheckBed(L);
  lua_settop(L, 0);
  NormalizeWait(L, 1);
  return Drive(L, Runtime::Of(L), kSettle);
}

// Seconds since the run has begun.
int Now(lua_State* L) {
  const Instant now = CheckBed(L).clock().Now();
  lua_pushnumber(L, static_cast<lua_Number>(now) / kSecond);
  return 1;
}

// Apart from its caller, which raises. False, with nil and an error pushed.
bool ReadAddresses(lua_State* L, int index, std::vector<Address>& addresses) {
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    const char* const text = lua_tostring(L, -1);
    const absl::StatusOr<Address> parsed =
        Address::Parse(text != nullptr ? text : "", 0);
    lua_pop(L, 1);
    if (!parsed.ok()) return PushError(L, parsed.status()), false;
    addresses.push_back(*parsed);
  }
  return true;
}

// Apart from its caller, which raises.
int AddHost(lua_State* L, MemoryNetwork& network, absl::string_view name) {
  std::vector<Address> addresses;
  if (!ReadAddresses(L, 2, addresses)) return 2;
  network.AddHost(name, std::move(addresses));
  lua_pushboolean(L, true);
  return 1;
}

// host(name, addresses) -> true | nil, error: one that was there stays.
int AddHostUnlessThere(lua_State* L) {
  MemoryNetwork& network = CheckNetwork(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (FindHost(L, 1) == nullptr) return AddHost(L, network, CheckString(L, 1));
  lua_pushboolean(L, true);
  return 1;
}

// Apart from its caller, which raises: the n-th address of the host.
size_t CopyAddress(const MemoryHost& host, size_t n, char* out) {
  return host.addresses()[n].host().copy(out, Address::kMaxHostSize);
}

// addresses(name) -> list
int PushAddresses(lua_State* L) {
  const MemoryHost& host = CheckTestHost(L, 1);
  lua_newtable(L);
  for (size_t i = 0; i < host.addresses().size(); ++i) {
    char text[Address::kMaxHostSize];
    lua_pushlstring(L, text, CopyAddress(host, i, text));
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

// names() -> list: of all hosts
int PushHosts(lua_State* L) {
  const auto& hosts = CheckNetwork(L).hosts();
  lua_newtable(L);
  for (size_t i = 0; i < hosts.size(); ++i) {
    const std::string& name = hosts[i]->name();
    lua_pushlstring(L, name.data(), name.size());
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

// spawn(fn, options, name) -> task: as lev.spawn, on this host.
int SpawnThere(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  MemoryHost& host = CheckTestHost(L, 3);
  lua_settop(L, 2);
  LuaTask* const current = runtime.current();
  Scope& scope = current != nullptr ? current->current_scope() : runtime.root();
  SpawnInto(L, runtime, scope, 1);
  const auto& task = *static_cast<LuaTask*>(lua_touserdata(L, -1));
  CheckBed(L).Move(task.id(), host.processes().own());
  return 1;
}

int Crash(lua_State* L) {
  MemoryHost& host = CheckTestHost(L, 1);
  host.Crash();
  ForgetHost(Runtime::Of(L), host);
  return 0;
}

int Start(lua_State* L) {
  CheckTestHost(L, 1).Start();
  return 0;
}

// limit_fds(name, most)
int LimitFds(lua_State* L) {
  MemoryHost& host = CheckTestHost(L, 1);
  const lua_Integer most = CheckInteger(L, 2, 0, INT32_MAX);
  host.SetDescriptorLimit(static_cast<size_t>(most));
  return 0;
}

// open_fds(name) -> how many
int OpenFds(lua_State* L) {
  const MemoryHost& host = CheckTestHost(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(host.open_descriptors()));
  return 1;
}

// A number among the fields of the plan at 3, not negative.
double NumberField(lua_State* L, const char* name, double otherwise) {
  const bool given = lua_getfield(L, 3, name) != LUA_TNIL;
  const double value = given ? luaL_checknumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return value;
}

Nanos SecondsField(lua_State* L, const char* name) {
  const bool given = lua_getfield(L, 3, name) != LUA_TNIL;
  const Nanos value = given ? CheckSeconds(L, -1, 3, name) : 0;
  lua_pop(L, 1);
  return value;
}

// link(from, to, plan): the fields were checked.
int SetLink(lua_State* L) {
  const MemoryHost& from = CheckTestHost(L, 1);
  const MemoryHost& to = CheckTestHost(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  LinkPlan plan;
  plan.latency = SecondsField(L, "latency");
  plan.jitter = SecondsField(L, "jitter");
  plan.bandwidth = NumberField(L, "bandwidth", 0);
  plan.loss = NumberField(L, "loss", 0);
  plan.duplicate = NumberField(L, "duplicate", 0);
  plan.reorder = NumberField(L, "reorder", 0);
  plan.piece = static_cast<size_t>(NumberField(L, "piece", 0));
  plan.reset_after = static_cast<int64_t>(NumberField(L, "reset_after", -1));
  CheckNetwork(L).SetLink(from, to, plan);
  return 0;
}

// cut(a, b)
int Cut(lua_State* L) {
  MemoryHost& one = CheckTestHost(L, 1);
  CheckNetwork(L).Partition(one, CheckTestHost(L, 2));
  return 0;
}

int Heal(lua_State* L) {
  CheckNetwork(L).Heal();
  return 0;
}

// reset(a, b)
int Reset(lua_State* L) {
  const MemoryHost& one = CheckTestHost(L, 1);
  const MemoryHost& other = CheckTestHost(L, 2);
  CheckNetwork(L).ResetConnections(one, other);
  return 0;
}

// Apart from its caller, which raises.
int NameAddresses(lua_State* L, MemoryNetwork& network,
                  absl::string_view name) {
  std::vector<Address> addresses;
  if (!ReadAddresses(L, 2, addresses)) return 2;
  network.names().Remove(name);
  for (const Address& address : addresses) network.names().Add(name, address);
  lua_pushboolean(L, true);
  return 1;
}

// name(name, addresses) -> true | nil, error: all that this name has.
int SetName(lua_State* L) {
  MemoryNetwork& network = CheckNetwork(L);
  const absl::string_view name = CheckString(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  return NameAddresses(L, network, name);
}

// note(line): into the trace.
int Note(lua_State* L) {
  CheckNetwork(L).Note(CheckString(L, 1));
  return 0;
}

constexpr luaL_Reg kNative[] = {
    {"run", RunIt},        {"logger", PushLogger},
    {"trace", PushTrace},  {"settle", Settle},
    {"now", Now},          {"host", AddHostUnlessThere},
    {"hosts", PushHosts},  {"addresses", PushAddresses},
    {"spawn", SpawnThere}, {"crash", Crash},
    {"start", Start},      {"limit_fds", LimitFds},
    {"open_fds", OpenFds}, {"link", SetLink},
    {"cut", Cut},          {"heal", Heal},
    {"reset", Reset},      {"name", SetName},
    {"note", Note},        {nullptr, nullptr}};

}  // namespace

void OpenTest(lua_State* L, Runtime&) {
  const int own = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, own);
  AddFunctions(L, kNative);
  OpenTestProcesses(L);
  lua_pop(L, 1);
  if (luaL_loadbufferx(L, kTestLua.data(), kTestLua.size(), "=lev.test", "t") !=
      LUA_OK) {
    lua_error(L);
  }
  lua_pushvalue(L, own - 2);
  lua_pushvalue(L, own - 1);
  lua_pushvalue(L, own + 1);
  lua_call(L, 3, 0);
  lua_settop(L, own);
}

}  // namespace lev::lua
