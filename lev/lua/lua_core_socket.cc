#include "lev/lua/lua_core_socket.h"

#include <sys/socket.h>

#include <utility>

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {

CoreSocket::CoreSocket(Runtime& runtime, OwnedFd fd)
    : runtime_(runtime), fd_(std::move(fd)) {
  runtime.Own(*this);
}

CoreSocket::~CoreSocket() { Close(); }

void CoreSocket::Close() {
  if (!is_open()) return;
  if (runtime_.running()) runtime_.foreign_fds().Forget(fd());
  fd_.Close();
}

int CheckFamily(lua_State* L) {
  static const char* const kNames[] = {"inet", "inet6", nullptr};
  static const int kFamilies[] = {AF_INET, AF_INET6};
  return kFamilies[luaL_checkoption(L, 1, "inet", kNames)];
}

int PushBlocked(lua_State* L, absl::string_view how) {
  lua_pushnil(L);
  PushMessage(L, how);
  return 2;
}

int BindTo(lua_State* L, const CoreSocket& socket) {
  Address address;
  if (!CheckAddress(L, address, 2)) return 2;
  if (!socket.is_open()) return PushError(L, SocketClosedError());
  return PushStatus(L, Bind(socket.fd(), address));
}

}  // namespace lev::lua
