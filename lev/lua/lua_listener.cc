#include "lev/lua/lua_listener.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_connection.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/error.h"
#include "lev/net/listener.h"
#include "lev/net/tcp_socket.h"

namespace lev::lua {
namespace {

class LuaListener final : public Boxed {
 public:
  LuaListener(Runtime& runtime, OwnedFd fd, BoundPath path, bool pass_fds)
      : listener_(runtime.loop(), std::move(fd), std::move(path)),
        pass_fds_(pass_fds) {
    runtime.Own(*this);
  }

  Listener& listener() { return listener_; }
  bool pass_fds() const { return pass_fds_; }
  void EndOfRun() override { listener_.Close(); }
  void LoseTask(const LuaTask&) override { listener_.PassOn(); }
  bool IsOpen() const override { return listener_.is_open(); }
  std::string Leftover() const override {
    return LeftoverSocket(listener_.ref());
  }
  std::string Describe() const override {
    return DescribeSocket(listener_.ref());
  }

 private:
  Listener listener_;
  const bool pass_fds_;  // Those it accepts keep descriptors sent to them.
};

Listener& Check(lua_State* L) {
  return Runtime::Of(L).listener_kind.Check<LuaListener>(L, 1).listener();
}

// Makes the listener for the box on top of the stack.
int OpenListener(lua_State* L, Runtime& runtime, const Address& address,
                 const ListenOptions& options) {
  absl::StatusOr<OwnedFd> fd =
      OpenTcpListener(address, options, runtime.sockets());
  if (!fd.ok()) return PushError(L, fd.status());
  FillListener(L, runtime, *std::move(fd));
  return 1;
}

int Listen(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  Address address;
  CheckString(L, 1);
  CheckInteger(L, 2, 0, 65535);
  CheckOptions(L, 3, {"reuseport", "backlog"});
  ListenOptions options;
  if (!lua_isnoneornil(L, 3)) {
    lua_getfield(L, 3, "reuseport");
    options.reuse_port = lua_toboolean(L, -1);
    options.backlog = IntegerOption(L, 3, "backlog", 65535, options.backlog);
  }
  runtime.CheckRunning(L, "lev.listen");
  if (!CheckAddress(L, address)) return 2;
  ObjectKind::PushBox(L, 0);
  return OpenListener(L, runtime, address, options);
}

// listener:accept: 1 listener, 2 and 3 the driver's, then 4 the box of the
// socket.

void WarnOfPause(lua_State* L, const Listener& listener) {
  Runtime& runtime = Runtime::Of(L);
  runtime.logger().Log(
      runtime, "warn",
      absl::StrCat("accepting pauses: ", listener.error().message()));
}

// One try, apart from its caller, which may raise: this one owns a
// descriptor until the userdata does.
Step TryAccept(lua_State* L, LuaListener& self, Address& peer) {
  OwnedFd fd;
  Step step = self.listener().Accept(fd, peer);
  if (self.listener().TakePauseAlarm()) {
    WarnOfPause(L, self.listener());
    // By the user's logger.
    const bool closed = !self.listener().is_open();
    if (closed) step = self.listener().Accept(fd, peer);
  }
  if (!step.done()) return step;
  lua_settop(L, 4);
  const auto kind =
      peer.is_unix() ? FdStream::Kind::kUnixSocket : FdStream::Kind::kSocket;
  LuaConnection::Fill(L, Runtime::Of(L), std::move(fd), kind);
  auto& socket = ObjectKind::At<LuaConnection>(L, 4);
  if (self.pass_fds()) socket.connection().descriptor().KeepFds();
  return step;
}

LuaStep AcceptStep(lua_State* L, LuaTask&, bool resumed) {
  if (!resumed) ObjectKind::PushBox(L, 0);
  auto& self = ObjectKind::At<LuaListener>(L, 1);
  Address peer;
  const Step step = TryAccept(L, self, peer);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) {
    return LuaStep::Done(PushError(L, self.listener().error()));
  }
  return LuaStep::Done(1 + PushAddress(L, peer));
}

// It may have been woken in the place of others.
int PassOn(lua_State* L, LuaTask&) {
  ObjectKind::At<LuaListener>(L, 1).listener().PassOn();
  return 0;
}

constexpr Verb kAccept = {.name = "listener:accept",
                          .wait = 2,
                          .step = AcceptStep,
                          .give_up = PassOn};

int Accept(lua_State* L) {
  Check(L);
  NormalizeWait(L, 2);
  return Drive(L, Runtime::Of(L), kAccept);
}

constexpr luaL_Reg kMethods[] = {{"accept", Accept},
                                 {"setsockopt", SetSockOpt<Check>},
                                 {"getsockopt", GetSockOpt<Check>},
                                 {"getsockname", GetSockName<Check>},
                                 {"fd", GetFd<Check>},
                                 {"close", Close<Check>},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::listener_kind, LuaListener>},
    {"__close", Close<Check>},
    {"__tostring", ToString<Check>},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"listen", Listen}, {nullptr, nullptr}};

}  // namespace

void FillListener(lua_State* L, Runtime& runtime, OwnedFd fd, BoundPath path,
                  bool pass_fds) {
  runtime.listener_kind.Fill(
      L, new LuaListener(runtime, std::move(fd), std::move(path), pass_fds));
}

void OpenListeners(lua_State* L, Runtime& runtime) {
  runtime.listener_kind.Register(L, "lev.listener", kMethods, kMeta);
  AddTwins(L, runtime.listener_kind, {"accept"});
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
