// The configuration of TLS as Lua gives it: a table, for socket:starttls and
// as `tls` of lev.connect.
//
// Checked first, which may raise; then read into a TlsRequest, which raises
// nothing, so that it can own what it reads. Only the table itself is looked
// at, no metatable.

#ifndef LEV_LUA_LUA_TLS_CONFIG_H_
#define LEV_LUA_LUA_TLS_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/clock.h"
#include "lev/lua/lua_compat.h"
#include "lev/tls/tls_config.h"

namespace lev::lua {

class TlsIdentityBox;

// Who one is: an identity, or the paths of one. All may be empty.
struct TlsCredentials {
  TlsIdentityBox* identity = nullptr;
  std::string certificate;
  std::string key;
};

struct TlsHostRequest {
  std::string name;
  TlsCredentials credentials;
};

// What is wanted; no file has been looked at.
struct TlsRequest {
  // All but its identities and ticket keys.
  TlsConfig config;
  TlsCredentials credentials;
  std::vector<TlsHostRequest> hosts;  // By name: a table has no order.
  std::string server_name;
};

// Raises unless the value at `index` is a table of known fields, each of its
// type. `argument` is what the error names, and `prefix` ("tls: ") comes
// before the field's name.
void CheckTlsTable(lua_State* L, int index, int argument, const char* prefix);

// Reads the table at `index`, which was checked. An error says which field
// asks for what cannot be.
absl::StatusOr<TlsRequest> ReadTlsTable(lua_State* L, int index);

// Pushes the field `name` of the table at `index`; returns its type. Raises
// nothing.
int PushTlsField(lua_State* L, int index, absl::string_view name);

// Its timeout in nanoseconds, if it has one, or `otherwise`.
Nanos TlsTimeout(lua_State* L, int index, Nanos otherwise);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TLS_CONFIG_H_
