// socket:sendto_many, whose messages are read once, before the first is sent:
// the list may change while the task waits.

#include <new>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_datagram.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"

namespace lev::lua {
namespace {

// 1 socket, 2 the list, 3 and 4 the driver's, 5 the datagrams, 6 a table that
// keeps their strings alive, 7 how many have gone.
constexpr int kList = 2;
constexpr int kDatagrams = 5;
constexpr int kStrings = 6;
constexpr int kSent = 7;

static_assert(std::is_trivially_destructible_v<Datagram>);

// About the value on top.
int RaiseMessage(lua_State* L, lua_Integer number, const char* expected) {
  const char* const got = luaL_typename(L, -1);
  return luaL_argerror(L, kList,
                       lua_pushfstring(L, "message [%I]: %s expected, got %s",
                                       number, expected, got));
}

// Pushes the three parts of the message on top: positional or named.
void PushParts(lua_State* L) {
  const int message = lua_gettop(L);
  if (lua_geti(L, message, 1) != LUA_TNIL) {
    lua_geti(L, message, 2);
    lua_geti(L, message, 3);
    return;
  }
  lua_pop(L, 1);
  lua_getfield(L, message, "data");
  lua_getfield(L, message, "addr");
  lua_getfield(L, message, "port");
}

// Reads the address on top (host and port, or path and nil), apart from its
// caller, which raises.
bool ReadPeer(lua_State* L, lua_Integer number, Datagram& datagram) {
  datagram.addressed = true;
  if (ReadAddress(L, lua_gettop(L) - 1, datagram.peer)) return true;
  const std::string text =
      absl::StrCat("message ", number, ": ", lua_tostring(L, -1));
  lua_pop(L, 1);
  PushMessage(L, text);
  return false;
}

// The types of the parts on top: data, host and port or path and nil, or for
// a connected socket data alone.
void CheckParts(lua_State* L, lua_Integer number) {
  const bool local = Runtime::Of(L).unix_dgram_kind.Is(L, 1);
  const int data = lua_gettop(L) - 2;
  if (local && !lua_isnil(L, -1)) RaiseMessage(L, number, "port: nil");
  if (!local && (!lua_isnil(L, -1) || !lua_isnil(L, -2))) {
    const lua_Integer port = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
    if (port < 0 || port > 65535) {
      RaiseMessage(L, number, "port: integer from 0 to 65535");
    }
  }
  lua_pushvalue(L, data + 1);
  if (lua_type(L, -1) != LUA_TSTRING && !lua_isnil(L, -1)) {
    RaiseMessage(L, number, "addr: string");
  }
  lua_pushvalue(L, data);
  if (lua_type(L, -1) != LUA_TSTRING) RaiseMessage(L, number, "data: string");
  lua_pop(L, 2);
}

// The message on top becomes `datagram`; its string is kept. False, with nil
// and an error pushed, if its address is none.
bool CheckMessage(lua_State* L, lua_Integer number, Datagram& datagram) {
  if (!lua_istable(L, -1)) RaiseMessage(L, number, "table");
  PushParts(L);
  CheckParts(L, number);
  size_t size;
  const char* const text = lua_tolstring(L, -3, &size);
  datagram.data = {text, size};
  lua_pushvalue(L, -3);
  lua_rawseti(L, kStrings, number);
  return lua_isnil(L, -2) || ReadPeer(L, number, datagram);
}

absl::Span<const Datagram> DatagramsOf(lua_State* L) {
  const auto* const first =
      static_cast<const Datagram*>(lua_touserdata(L, kDatagrams));
  return {first, lua_rawlen(L, kDatagrams) / sizeof(Datagram)};
}

int PushSent(lua_State* L) {
  lua_pushvalue(L, kSent);
  return 1;
}

int GiveUp(lua_State* L, LuaTask&) {
  ObjectKind::At<LuaDatagram>(L, 1).socket().PassOn();
  return PushSent(L);
}

LuaStep SendManyStep(lua_State* L, LuaTask&, bool) {
  DatagramSocket& socket = ObjectKind::At<LuaDatagram>(L, 1).socket();
  auto sent = static_cast<size_t>(lua_tointeger(L, kSent));
  const Step step = socket.SendMany(DatagramsOf(L), sent);
  lua_pushinteger(L, static_cast<lua_Integer>(sent));
  lua_replace(L, kSent);
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  if (step.failed()) {
    lua_pushnil(L);
    PushMessage(L, socket.error().message());
    return LuaStep::Done(2 + PushSent(L));
  }
  return LuaStep::Done(PushSent(L));
}

constexpr Verb kSendMany = {.name = "socket:sendto_many",
                            .wait = 3,
                            .step = SendManyStep,
                            .give_up = GiveUp};

}  // namespace

int SendDatagrams(lua_State* L) {
  luaL_checktype(L, kList, LUA_TTABLE);
  NormalizeWait(L, 3, kSendTimeout);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, kList));
  auto* const datagrams = static_cast<Datagram*>(
      lua_newuserdatauv(L, static_cast<size_t>(count) * sizeof(Datagram), 0));
  lua_createtable(L, static_cast<int>(count), 0);
  for (lua_Integer i = 0; i < count; ++i) {
    lua_rawgeti(L, kList, i + 1);
    if (!CheckMessage(L, i + 1, *new (&datagrams[i]) Datagram)) {
      lua_pushinteger(L, 0);
      return 3;
    }
    lua_settop(L, kStrings);
  }
  lua_pushinteger(L, 0);
  return Drive(L, Runtime::Of(L), kSendMany);
}

}  // namespace lev::lua
