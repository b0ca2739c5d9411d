#include "lev/lua/lua_tls_config.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_tls_identity.h"
#include "lev/lua/lua_token.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// What a field may be.
enum class Is {
  kString,
  kBoolean,
  kTable,
  kSeconds,
  kToken,
  kIdentity,
  kNames,
  kMode,
  kVersion
};

struct Field {
  const char* name;
  Is is;
};

constexpr Field kFields[] = {
    {"mode", Is::kMode},         {"server_name", Is::kString},
    {"verify", Is::kBoolean},    {"cafile", Is::kString},
    {"cert", Is::kString},       {"key", Is::kString},
    {"identity", Is::kIdentity}, {"hosts", Is::kTable},
    {"timeout", Is::kSeconds},   {"cancel", Is::kToken},
    {"alpn", Is::kNames},        {"min_version", Is::kVersion},
    {"ciphers", Is::kString},    {"keylog", Is::kString},
    {"session", Is::kBoolean},
};

// Which table is checked, for errors.
struct Place {
  int argument;
  const char* prefix;
};

absl::string_view StringAt(lua_State* L, int index) {
  size_t size;
  const char* const data = lua_tolstring(L, index, &size);
  return {data, size};
}

// The value on top is not what the field expects.
int Raise(lua_State* L, const Place& place, const char* field,
          const char* expected) {
  const char* const type = luaL_typename(L, -1);
  return luaL_argerror(L, place.argument,
                       lua_pushfstring(L, "%s%s: %s expected, got %s",
                                       place.prefix, field, expected, type));
}

// The string on top is one of two.
bool IsOneOf(lua_State* L, absl::string_view one, absl::string_view other) {
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  const absl::string_view text = StringAt(L, -1);
  return text == one || text == other;
}

bool AreStrings(lua_State* L) {
  if (!lua_istable(L, -1)) return false;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    const bool string = lua_rawgeti(L, -1, i) == LUA_TSTRING;
    lua_pop(L, 1);
    if (!string) return false;
  }
  return true;
}

// The value on top.
void CheckField(lua_State* L, const Place& place, const Field& field) {
  const char* const name = field.name;
  switch (field.is) {
    case Is::kString:
      if (lua_type(L, -1) != LUA_TSTRING) Raise(L, place, name, "string");
      return;
    case Is::kBoolean:
      if (!lua_isboolean(L, -1)) Raise(L, place, name, "boolean");
      return;
    case Is::kTable:
      if (!lua_istable(L, -1)) Raise(L, place, name, "table");
      return;
    case Is::kSeconds:
      lua_pushfstring(L, "%s%s", place.prefix, name);
      CheckSeconds(L, lua_gettop(L) - 1, place.argument, lua_tostring(L, -1));
      lua_pop(L, 1);
      return;
    case Is::kToken:
      if (TestToken(L, -1) == nullptr) {
        Raise(L, place, name, "lev.cancel_token");
      }
      return;
    case Is::kIdentity:
      if (TestTlsIdentity(L, -1) == nullptr) {
        Raise(L, place, name, "lev.tls_identity");
      }
      return;
    case Is::kNames:
      if (!AreStrings(L)) Raise(L, place, name, "list of strings");
      return;
    case Is::kMode:
      if (!IsOneOf(L, "client", "server")) {
        Raise(L, place, name, "\"client\" or \"server\"");
      }
      return;
    case Is::kVersion:
      if (!IsOneOf(L, "1.2", "1.3")) {
        Raise(L, place, name, "\"1.2\" or \"1.3\"");
      }
      return;
  }
}

// The field whose name is below the top, and its value on top.
void CheckNamed(lua_State* L, const Place& place) {
  if (lua_type(L, -2) == LUA_TSTRING) {
    const absl::string_view name = StringAt(L, -2);
    for (const Field& field : kFields) {
      if (name == field.name) return CheckField(L, place, field);
    }
  }
  const char* const name = luaL_tolstring(L, -2, nullptr);
  luaL_argerror(
      L, place.argument,
      lua_pushfstring(L, "%sunknown option '%s'", place.prefix, name));
}

// From here on nothing raises.

// The text of the field `name`; empty if there is none, or another value.
std::string Text(lua_State* L, int index, absl::string_view name) {
  std::string text;
  if (PushTlsField(L, index, name) == LUA_TSTRING) {
    text = std::string(StringAt(L, -1));
  }
  lua_pop(L, 1);
  return text;
}

bool Flag(lua_State* L, int index, absl::string_view name, bool otherwise) {
  const bool given = PushTlsField(L, index, name) == LUA_TBOOLEAN;
  const bool value = given ? lua_toboolean(L, -1) != 0 : otherwise;
  lua_pop(L, 1);
  return value;
}

std::vector<std::string> List(lua_State* L, int index, absl::string_view name) {
  std::vector<std::string> list;
  if (PushTlsField(L, index, name) == LUA_TTABLE) {
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; ++i) {
      list.emplace_back(StringAt(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return list;
}

// All or nothing: an identity, or both paths, or none of them.
absl::StatusOr<TlsCredentials> ReadCredentials(lua_State* L, int index) {
  TlsCredentials credentials;
  PushTlsField(L, index, "identity");
  credentials.identity = TestTlsIdentity(L, -1);
  lua_pop(L, 1);
  credentials.certificate = Text(L, index, "cert");
  credentials.key = Text(L, index, "key");
  const bool has_paths =
      !credentials.certificate.empty() || !credentials.key.empty();
  if (credentials.identity != nullptr && has_paths) {
    return InvalidError("identity excludes cert and key");
  }
  if (credentials.certificate.empty() != credentials.key.empty()) {
    return InvalidError("cert and key are needed both");
  }
  return credentials;
}

// A key of the table on top that no host has; empty if there is none.
std::string UnknownKey(lua_State* L) {
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    const bool named = lua_type(L, -2) == LUA_TSTRING;
    const std::string key(named ? StringAt(L, -2) : "?");
    if (key == "cert" || key == "key" || key == "identity") continue;
    lua_pop(L, 2);
    return key;
  }
  return "";
}

// The name below the top, and its entry on top.
absl::StatusOr<TlsHostRequest> ReadHost(lua_State* L) {
  if (lua_type(L, -2) != LUA_TSTRING) {
    return InvalidError("hosts: a name is not a string");
  }
  TlsHostRequest host{std::string(StringAt(L, -2)), {}};
  const auto wrong = [&](absl::string_view what) {
    return InvalidError(absl::StrCat("hosts: '", host.name, "': ", what));
  };
  if (!lua_istable(L, -1)) return wrong("must be a table");
  const std::string unknown = UnknownKey(L);
  if (!unknown.empty()) {
    return wrong(absl::StrCat("unknown option '", unknown, "'"));
  }
  auto credentials = ReadCredentials(L, lua_gettop(L));
  if (!credentials.ok()) return wrong(credentials.status().message());
  host.credentials = *std::move(credentials);
  if (host.credentials.identity == nullptr &&
      host.credentials.certificate.empty()) {
    return wrong("cert and key are needed both");
  }
  return host;
}

absl::Status ReadHosts(lua_State* L, int index,
                       std::vector<TlsHostRequest>& hosts) {
  absl::Status status;
  if (PushTlsField(L, index, "hosts") == LUA_TTABLE) {
    const int table = lua_gettop(L);
    lua_pushnil(L);
    while (status.ok() && lua_next(L, table) != 0) {
      auto host = ReadHost(L);
      if (host.ok()) hosts.push_back(*std::move(host));
      status = host.status();
      lua_pop(L, 1);
    }
    lua_settop(L, table);
  }
  lua_pop(L, 1);
  std::sort(hosts.begin(), hosts.end(),
            [](const TlsHostRequest& a, const TlsHostRequest& b) {
              return a.name < b.name;
            });
  return status;
}

}  // namespace

void CheckTlsTable(lua_State* L, int index, int argument, const char* prefix) {
  const Place place = {argument, prefix};
  // For what reading pushes.
  luaL_checkstack(L, 10, "tls");
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    CheckNamed(L, place);
    lua_pop(L, 1);
  }
}

absl::StatusOr<TlsRequest> ReadTlsTable(lua_State* L, int index) {
  TlsRequest request;
  TlsConfig& config = request.config;
  const bool server = Text(L, index, "mode") == "server";
  config.role = server ? TlsRole::kServer : TlsRole::kClient;
  config.verify = Flag(L, index, "verify", !server);
  config.ca_file = Text(L, index, "cafile");
  config.alpn = List(L, index, "alpn");
  if (Text(L, index, "min_version") == "1.3") {
    config.min_version = TlsVersion::k13;
  }
  config.ciphers = Text(L, index, "ciphers");
  config.key_log = Text(L, index, "keylog");
  config.sessions = Flag(L, index, "session", true);
  request.server_name = Text(L, index, "server_name");
  auto credentials = ReadCredentials(L, index);
  if (!credentials.ok()) return credentials.status();
  request.credentials = *std::move(credentials);
  absl::Status hosts = ReadHosts(L, index, request.hosts);
  if (!hosts.ok()) return hosts;
  if (!server && !request.hosts.empty()) {
    return InvalidError("hosts are for servers");
  }
  return request;
}

int PushTlsField(lua_State* L, int index, absl::string_view name) {
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && StringAt(L, -2) == name) {
      lua_remove(L, -2);
      return lua_type(L, -1);
    }
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return LUA_TNIL;
}

Nanos TlsTimeout(lua_State* L, int index, Nanos otherwise) {
  Nanos timeout = otherwise;
  if (PushTlsField(L, index, "timeout") == LUA_TNUMBER) {
    timeout = CheckSeconds(L, lua_gettop(L), index, "timeout");
  }
  lua_pop(L, 1);
  return timeout;
}

}  // namespace lev::lua
