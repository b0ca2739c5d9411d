#include "lev/lua/lua_resolve.h"

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/host_name.h"
#include "lev/net/lookup.h"
#include "lev/net/resolver.h"

namespace lev::lua {
namespace {

class LuaLookup final : public Boxed {
 public:
  LuaLookup(Runtime& runtime, absl::string_view name, int family)
      : lookup_(std::in_place, family) {
    runtime.Own(*this);
    runtime.resolver().Start(name, 0, *lookup_);
  }

  Lookup& lookup() { return *lookup_; }
  void Drop() { lookup_.reset(); }
  void EndOfRun() override { Drop(); }

 private:
  std::optional<Lookup> lookup_;
};

// lev.resolve: 1 the name, 2 and 3 the driver's, 4 the family, and once it has
// begun the lookup.

int DropLookup(lua_State* L, LuaTask&) {
  if (lua_isuserdata(L, 4)) ObjectKind::At<LuaLookup>(L, 4).Drop();
  return 0;
}

void BeginLookup(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  ObjectKind::PushBox(L, 0);
  size_t size;
  const char* const name = lua_tolstring(L, 1, &size);
  const auto family = static_cast<int>(lua_tointeger(L, 4));
  runtime.lookup_kind.Fill(L, new LuaLookup(runtime, {name, size}, family));
  lua_replace(L, 4);
}

// Pushes nil and the error, and returns their count; 0 if there is none.
int PushLookupError(lua_State* L, const Lookup& lookup) {
  const absl::Status error = lookup.error();
  return error.ok() ? 0 : PushError(L, error);
}

// Appends to the table on top of the stack, which has `size` entries.
void AppendHosts(lua_State* L, const std::vector<Address>& addresses,
                 lua_Integer& size) {
  for (const Address& address : addresses) {
    PushHost(L, address);
    lua_rawseti(L, -2, ++size);
  }
}

LuaStep ResolveStep(lua_State* L, LuaTask& task, bool resumed) {
  if (!resumed) BeginLookup(L);
  Lookup& lookup = ObjectKind::At<LuaLookup>(L, 4).lookup();
  if (!lookup.complete()) return LuaStep::Blocked(lookup);
  int results = PushLookupError(L, lookup);
  if (results == 0) {
    lua_newtable(L);
    lua_Integer size = 0;
    AppendHosts(L, lookup.addresses(AF_INET6), size);
    AppendHosts(L, lookup.addresses(AF_INET), size);
    results = 1;
  }
  DropLookup(L, task);
  return LuaStep::Done(results);
}

constexpr Verb kResolve = {.name = "lev.resolve",
                           .wait = 2,
                           .step = ResolveStep,
                           .give_up = DropLookup};

// The option `family` of the argument at 2.
int CheckFamily(lua_State* L) {
  if (!lua_istable(L, 2) || lua_getfield(L, 2, "family") == LUA_TNIL) {
    return AF_UNSPEC;
  }
  size_t size = 0;
  const char* const data =
      lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
  const absl::string_view name(data, size);
  if (name == "any") return AF_UNSPEC;
  if (name == "inet") return AF_INET;
  if (name == "inet6") return AF_INET6;
  return luaL_argerror(L, 2, "family: 'inet', 'inet6' or 'any' expected");
}

int Resolve(lua_State* L) {
  CheckString(L, 1);
  const int family = CheckFamily(L);
  lua_settop(L, 2);
  NormalizeWait(L, 2, kNever, {"family"});
  lua_pushinteger(L, family);
  return Drive(L, Runtime::Of(L), kResolve);
}

// lev.set_resolver: 1 the options, and each of them at its place.
enum ResolverOption { kServers = 2, kSearch, kTimeout, kTries, kNdots, kHosts };

// The option `name`, pushed: a list of strings, or nil.
void PushListOption(lua_State* L, const char* name) {
  const int type = lua_getfield(L, 1, name);
  if (type == LUA_TNIL) return;
  if (type == LUA_TTABLE) {
    const auto size = static_cast<lua_Integer>(lua_rawlen(L, -1));
    lua_Integer strings = 0;
    while (strings < size && lua_rawgeti(L, -1, strings + 1) == LUA_TSTRING) {
      lua_pop(L, 1);
      ++strings;
    }
    if (strings == size) return;
  }
  luaL_argerror(L, 1, lua_pushfstring(L, "%s: list of strings expected", name));
}

void PushResolverOptions(lua_State* L) {
  PushListOption(L, "servers");
  PushListOption(L, "search");
  if (lua_getfield(L, 1, "timeout") != LUA_TNIL) {
    const Nanos timeout = CheckSeconds(L, kTimeout, 1, "timeout");
    lua_pushinteger(L, timeout);
    lua_replace(L, kTimeout);
  }
  lua_pushinteger(L, IntegerOption(L, 1, "tries", 100, 0));
  lua_pushinteger(L, IntegerOption(L, 1, "ndots", 15, -1));
  const int type = lua_getfield(L, 1, "hosts_file");
  if (type != LUA_TNIL && type != LUA_TSTRING &&
      (type != LUA_TBOOLEAN || lua_toboolean(L, -1))) {
    luaL_argerror(L, 1, "hosts_file: string or false expected");
  }
}

// What follows raises nothing, and owns C++ objects.

std::string StringAt(lua_State* L, int index) {
  size_t size;
  const char* const data = lua_tolstring(L, index, &size);
  return std::string(data, size);
}

std::vector<std::string> ListAt(lua_State* L, int index) {
  std::vector<std::string> list;
  if (lua_isnil(L, index)) return list;
  const auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= size; ++i) {
    lua_rawgeti(L, index, i);
    list.push_back(StringAt(L, -1));
    lua_pop(L, 1);
  }
  return list;
}

ResolverOptions ReadResolverOptions(lua_State* L) {
  ResolverOptions options;
  options.servers = ListAt(L, kServers);
  if (!lua_isnil(L, kSearch)) options.search = ListAt(L, kSearch);
  if (!lua_isnil(L, kTimeout)) options.timeout = lua_tointeger(L, kTimeout);
  const auto tries = static_cast<int>(lua_tointeger(L, kTries));
  if (tries > 0) options.tries = tries;
  options.ndots = static_cast<int>(lua_tointeger(L, kNdots));
  if (lua_isstring(L, kHosts)) options.hosts_file = StringAt(L, kHosts);
  if (lua_isboolean(L, kHosts)) options.hosts_file.clear();
  return options;
}

absl::Status CheckNames(const ResolverOptions& options) {
  for (const std::string& server : options.servers) {
    const absl::Status status = CheckNameServer(server);
    if (!status.ok()) return status;
  }
  if (!options.search.has_value()) return absl::OkStatus();
  for (const std::string& domain : *options.search) {
    const absl::Status status = CheckHostName(domain);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int ApplyResolverOptions(lua_State* L, Runtime& runtime) {
  ResolverOptions options = ReadResolverOptions(L);
  const absl::Status status = CheckNames(options);
  if (status.ok()) runtime.SetResolverOptions(std::move(options));
  return PushStatus(L, status);
}

int SetResolver(lua_State* L) {
  CheckOptions(
      L, 1, {"servers", "search", "timeout", "tries", "ndots", "hosts_file"});
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_newtable(L);
    lua_replace(L, 1);
  }
  PushResolverOptions(L);
  return ApplyResolverOptions(L, Runtime::Of(L));
}

constexpr luaL_Reg kMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::lookup_kind, LuaLookup>}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"resolve", Resolve}, {"set_resolver", SetResolver}, {nullptr, nullptr}};

}  // namespace

void OpenResolve(lua_State* L, Runtime& runtime) {
  runtime.lookup_kind.Register(L, "lev.lookup", kMethods, kMeta);
  AddFunctions(L, kFunctions);
  AddTwins(L, {"resolve"});
}

}  // namespace lev::lua
