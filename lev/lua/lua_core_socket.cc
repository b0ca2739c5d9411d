#include "lev/lua/lua_core_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/types/span.h"
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

std::string CoreSocket::Describe() const { return DescribeSocket(fd_.ref()); }

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
  return PushStatus(L, Bind(socket.ref(), address));
}

size_t CheckMost(lua_State* L, int argument) {
  constexpr lua_Integer kMost = std::numeric_limits<lua_Integer>::max();
  return static_cast<size_t>(CheckInteger(L, argument, 1, kMost));
}

absl::Span<char> RoomFor(lua_State* L, size_t most) {
  const absl::Span<char> scratch = Runtime::Of(L).scratch();
  return scratch.first(std::min(most, scratch.size()));
}

int PushReceived(lua_State* L, IoResult result, absl::Span<char> room,
                 const Stream& stream, absl::string_view blocked) {
  if (result.failed()) return PushError(L, stream.error());
  if (result.end_of_file()) return PushError(L, PeerClosedError());
  if (!result.done()) return PushBlocked(L, blocked);
  lua_pushlstring(L, room.data(), result.bytes);
  return 1;
}

int PushSent(lua_State* L, IoResult result, const Stream& stream,
             absl::string_view blocked) {
  if (result.failed()) return PushError(L, stream.error());
  if (!result.done()) return PushBlocked(L, blocked);
  lua_pushinteger(L, static_cast<lua_Integer>(result.bytes));
  return 1;
}

}  // namespace lev::lua
