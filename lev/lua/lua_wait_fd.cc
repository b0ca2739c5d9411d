#include "lev/lua/lua_wait_fd.h"

#include "lev/lua/lua_args.h"
#include "lev/lua/lua_drive.h"
#include "lev/lua/lua_fds.h"
#include "lev/lua/lua_op.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/foreign_fds.h"
#include "lev/net/socket_calls.h"

namespace lev::lua {
namespace {

// Stack: 1 what the user gave, 2 and 3 the driver's, 4 its descriptor.

int Leave(lua_State* L, LuaTask&) {
  const auto fd = static_cast<int>(lua_tointeger(L, 4));
  Runtime::Of(L).foreign_fds().Leave(fd);
  return 0;
}

// Apart from its caller, which may raise.
LuaStep TryWait(lua_State* L, int fd, ForeignFds::Direction direction,
                bool resumed) {
  Runtime& runtime = Runtime::Of(L);
  ForeignFds& fds = runtime.foreign_fds();
  const FdRef ref = runtime.sockets().Locate(fd);
  const Step step = fds.Wait(ref, direction, resumed);
  if (step.blocked()) return LuaStep::Blocked(*step.list);
  if (step.failed()) return LuaStep::Done(PushError(L, fds.error()));
  lua_pushboolean(L, true);
  return LuaStep::Done(1);
}

template <ForeignFds::Direction direction>
LuaStep WaitStep(lua_State* L, LuaTask& task, bool resumed) {
  const auto fd = static_cast<int>(lua_tointeger(L, 4));
  // Closed meanwhile: the number may be somebody else's by now.
  if (resumed && ToFd(L, 1) != fd) {
    Leave(L, task);
    return Failed(L, "Bad file descriptor");
  }
  return TryWait(L, fd, direction, resumed);
}

constexpr Verb kReadable = {.name = "lev.wait_readable",
                            .wait = 2,
                            .step = WaitStep<ForeignFds::Direction::kRead>,
                            .give_up = Leave};
constexpr Verb kWritable = {.name = "lev.wait_writable",
                            .wait = 2,
                            .step = WaitStep<ForeignFds::Direction::kWrite>,
                            .give_up = Leave};

template <const Verb& verb>
int WaitFd(lua_State* L) {
  const int fd = ToFd(L, 1);
  luaL_argexpected(L, fd >= 0, 1, "open descriptor");
  NormalizeWait(L, 2);
  lua_pushinteger(L, fd);
  return Drive(L, Runtime::Of(L), verb);
}

constexpr luaL_Reg kFunctions[] = {{"wait_readable", WaitFd<kReadable>},
                                   {"wait_writable", WaitFd<kWritable>},
                                   {nullptr, nullptr}};

}  // namespace

void OpenWaitFd(lua_State* L, Runtime&) {
  AddFunctions(L, kFunctions);
  AddTwins(L, {"wait_readable", "wait_writable"});
}

}  // namespace lev::lua
