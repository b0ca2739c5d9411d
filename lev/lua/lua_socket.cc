#include "lev/lua/lua_socket.h"

#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

// Apart from its caller, which raises: this one owns C++ objects.
bool ParseAddress(lua_State* L, absl::string_view host, uint16_t port,
                  Address& address) {
  if (host == "localhost") host = "127.0.0.1";
  const absl::StatusOr<Address> parsed = Address::Parse(host, port);
  if (parsed.ok()) {
    address = *parsed;
  } else {
    PushError(L, parsed.status());
  }
  return parsed.ok();
}

// Apart from its caller, which raises.
size_t CopyHost(const Address& address, char* to) {
  return address.host().copy(to, Address::kMaxHostSize);
}

}  // namespace

int PushError(lua_State* L, const absl::Status& status) {
  lua_pushnil(L);
  PushMessage(L, status.message());
  const std::string detail = DetailOf(status);
  if (detail.empty()) return 2;
  PushMessage(L, detail);
  return 3;
}

int PushStatus(lua_State* L, const absl::Status& status) {
  if (!status.ok()) return PushError(L, status);
  lua_pushboolean(L, true);
  return 1;
}

int PushAddress(lua_State* L, const absl::StatusOr<Address>& address) {
  if (!address.ok()) return PushError(L, address.status());
  char host[Address::kMaxHostSize];
  lua_pushlstring(L, host, CopyHost(*address, host));
  lua_pushinteger(L, address->port());
  return 2;
}

bool CheckAddress(lua_State* L, Address& address) {
  const absl::string_view host = CheckString(L, 1);
  const auto port = static_cast<uint16_t>(CheckInteger(L, 2, 0, 65535));
  return ParseAddress(L, host, port, address);
}

int SetOption(lua_State* L, int fd) {
  const absl::string_view name = CheckString(L, 2);
  if (!IsSocketOption(name)) {
    return luaL_argerror(
        L, 2, lua_pushfstring(L, "unknown option '%s'", name.data()));
  }
  int value;
  if (lua_isboolean(L, 3)) {
    value = lua_toboolean(L, 3);
  } else {
    value = static_cast<int>(
        CheckInteger(L, 3, 0, std::numeric_limits<int>::max()));
  }
  return PushStatus(L, SetSocketOption(fd, name, value));
}

}  // namespace lev::lua
