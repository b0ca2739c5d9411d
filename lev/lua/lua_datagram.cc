#include "lev/lua/lua_datagram.h"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"

namespace lev::lua {

LuaDatagram::LuaDatagram(Runtime& runtime, OwnedFd fd,
                         DatagramSocket::Family family)
    : socket_(runtime.loop(), std::move(fd), runtime.datagram_scratch(),
              family) {
  runtime.Own(*this);
}

namespace {

// Steps keep datagrams on the C stack while they push, which may raise.
static_assert(std::is_trivially_destructible_v<Datagram>);

constexpr lua_Integer kMost = std::numeric_limits<lua_Integer>::max();

DatagramSocket& SocketAt1(lua_State* L) {
  return ObjectKind::At<LuaDatagram>(L, 1).socket();
}

LuaStep NotDone(lua_State* L, const DatagramSocket& socket, const Step& step) {
  if (step.blocked()) return LuaStep::Blocked(*step.list, step.ready);
  return LuaStep::Done(PushError(L, socket.error()));
}

// recv and recvfrom: 1 socket, 2 maxlen, 3 and 4 the driver's.
template <bool kWithAddress>
LuaStep RecvStep(lua_State* L, LuaTask&, bool) {
  DatagramSocket& socket = SocketAt1(L);
  Datagram datagram;
  const auto max = static_cast<size_t>(lua_tointeger(L, 2));
  const Step step = socket.RecvFrom(max, datagram);
  if (!step.done()) return NotDone(L, socket, step);
  lua_pushlstring(L, datagram.data.data(), datagram.data.size());
  int results = 1;
  if constexpr (kWithAddress) results += PushPeer(L, datagram.peer);
  if (!datagram.truncated) return LuaStep::Done(results);
  lua_pushliteral(L, "truncated");
  return LuaStep::Done(results + 1);
}

// recvfrom_many: 1 socket, 2 count, 3 maxlen, 4 and 5 the driver's.

// Appends to the table on top, which has `before` of them.
void AppendDatagram(lua_State* L, const Datagram& datagram,
                    lua_Integer before) {
  lua_createtable(L, 0, 3);
  lua_pushlstring(L, datagram.data.data(), datagram.data.size());
  lua_setfield(L, -2, "data");
  if (PushPeer(L, datagram.peer) == 2) lua_setfield(L, -3, "port");
  lua_setfield(L, -2, "addr");
  if (datagram.truncated) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "truncated");
  }
  lua_rawseti(L, -2, before + 1);
}

// However fast they come, others have their turn.
constexpr lua_Integer kMostPerList = 256;

LuaStep RecvManyStep(lua_State* L, LuaTask&, bool) {
  DatagramSocket& socket = SocketAt1(L);
  const lua_Integer count = std::min(lua_tointeger(L, 2), kMostPerList);
  const auto max = static_cast<size_t>(lua_tointeger(L, 3));
  Datagram datagrams[kMostDatagramsPerCall];
  lua_Integer total = 0;
  while (total < count) {
    const auto wanted = static_cast<size_t>(
        std::min<lua_Integer>(count - total, kMostDatagramsPerCall));
    size_t received = 0;
    const Step step =
        socket.RecvMany(max, absl::MakeSpan(datagrams, wanted), received);
    if (!step.done() && total == 0) return NotDone(L, socket, step);
    if (step.failed()) socket.PostponeError();
    if (!step.done()) break;
    if (total == 0) lua_createtable(L, static_cast<int>(received), 0);
    for (size_t i = 0; i < received; ++i) {
      AppendDatagram(L, datagrams[i], total++);
    }
  }
  return LuaStep::Done(1);
}

// send and sendto: 1 socket, 2 data, 3 and 4 the address, 5 and 6 the
// driver's.
LuaStep TrySend(lua_State* L) {
  DatagramSocket& socket = SocketAt1(L);
  Datagram datagram;
  size_t size;
  const char* const data = lua_tolstring(L, 2, &size);
  datagram.data = {data, size};
  datagram.addressed = !lua_isnil(L, 3);
  if (datagram.addressed && !ReadAddress(L, 3, datagram.peer)) {
    return LuaStep::Done(2);
  }
  const Step step = socket.SendTo(datagram);
  if (!step.done()) return NotDone(L, socket, step);
  lua_pushinteger(L, static_cast<lua_Integer>(size));
  return LuaStep::Done(1);
}

LuaStep SendStep(lua_State* L, LuaTask&, bool) { return TrySend(L); }

// It may have been woken in the place of others.
int PassOn(lua_State* L, LuaTask&) {
  SocketAt1(L).PassOn();
  return 0;
}

constexpr Verb kRecv = {.name = "socket:recv",
                        .wait = 3,
                        .step = RecvStep<false>,
                        .give_up = PassOn};
constexpr Verb kRecvFrom = {.name = "socket:recvfrom",
                            .wait = 3,
                            .step = RecvStep<true>,
                            .give_up = PassOn};
constexpr Verb kRecvMany = {.name = "socket:recvfrom_many",
                            .wait = 4,
                            .step = RecvManyStep,
                            .give_up = PassOn};
constexpr Verb kSend = {
    .name = "socket:send", .wait = 5, .step = SendStep, .give_up = PassOn};
constexpr Verb kSendTo = {
    .name = "socket:sendto", .wait = 5, .step = SendStep, .give_up = PassOn};

// Where the task could not wait it can send all the same, for as a rule that
// needs no waiting.
int DriveSend(lua_State* L, const Verb& verb) {
  Runtime& runtime = Runtime::Of(L);
  const bool can_wait = runtime.TaskOn(L) != nullptr && lua_isyieldable(L);
  if (!can_wait && !IsTwin(L)) {
    const LuaStep step = TrySend(L);
    if (!step.blocked) return step.results;
  }
  return Drive(L, runtime, verb);
}

// Apart from its caller, which raises: this one owns C++ objects.
absl::Status ParseUnix(absl::string_view name, Address& address) {
  const absl::StatusOr<Address> parsed = Address::Unix(name);
  if (parsed.ok()) address = *parsed;
  return parsed.status();
}

absl::Status Apply(DatagramSocket& socket, const OptionArgument& argument) {
  return socket.SetOption(*argument.option,
                          {argument.number, std::string(argument.text)});
}

}  // namespace

bool ReadAddress(lua_State* L, int index, Address& address) {
  size_t size;
  const char* const text = lua_tolstring(L, index, &size);
  if (!lua_isnil(L, index + 1)) {
    const auto port = static_cast<uint16_t>(lua_tointeger(L, index + 1));
    return ParseAddress(L, {text, size}, port, address);
  }
  const absl::Status status = ParseUnix({text, size}, address);
  if (!status.ok()) PushError(L, status);
  return status.ok();
}

int PushPeer(lua_State* L, const absl::StatusOr<Address>& peer) {
  const int pushed = PushAddress(L, peer);
  if (!peer.ok() || !peer->is_unix()) return pushed;
  lua_pop(L, 1);
  return 1;
}

int RecvDatagram(lua_State* L) {
  CheckInteger(L, 2, 1, kMost);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kRecv);
}

int RecvDatagramFrom(lua_State* L) {
  CheckInteger(L, 2, 1, kMost);
  NormalizeWait(L, 3);
  return Drive(L, Runtime::Of(L), kRecvFrom);
}

int RecvDatagrams(lua_State* L) {
  CheckInteger(L, 2, 1, kMost);
  CheckInteger(L, 3, 1, kMost);
  NormalizeWait(L, 4);
  return Drive(L, Runtime::Of(L), kRecvMany);
}

int SendDatagram(lua_State* L) {
  CheckString(L, 2);
  NormalizeWait(L, 3, kSendTimeout);
  lua_pushnil(L);
  lua_insert(L, 3);
  lua_pushnil(L);
  lua_insert(L, 3);
  return DriveSend(L, kSend);
}

int SendDatagramTo(lua_State* L) { return DriveSend(L, kSendTo); }

void AddDatagramTwins(lua_State* L, const ObjectKind& kind) {
  AddTwins(
      L, kind,
      {"send", "sendto", "sendto_many", "recv", "recvfrom", "recvfrom_many"});
}

int SetDatagramOption(lua_State* L) {
  const OptionArgument argument = CheckOptionArgument(L);
  return PushStatus(L, Apply(SocketAt1(L), argument));
}

}  // namespace lev::lua
