// What the sockets of lev.core have in common: a descriptor, and methods that
// try once and never wait. Who is told EAGAIN waits for the descriptor, which
// is to lev.wait_readable one like others.
//
// They belong to the Lua state rather than to a run, and need none.

#ifndef LEV_LUA_LUA_CORE_SOCKET_H_
#define LEV_LUA_LUA_CORE_SOCKET_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/io_result.h"
#include "lev/net/owned_fd.h"
#include "lev/net/stream.h"

namespace lev::lua {

class Runtime;

class CoreSocket : public Boxed {
 public:
  CoreSocket(Runtime& runtime, OwnedFd fd);
  ~CoreSocket() override;

  bool IsOpen() const override { return is_open(); }
  std::string Describe() const override;
  std::string Leftover() const override { return LeftoverSocket(fd_.ref()); }
  // One of a network in memory goes with it.
  void EndOfRun() override {
    if (&fd_.calls() != &KernelSockets()) Close();
  }

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  FdRef ref() const { return fd_.ref(); }

  // Who waits for the descriptor finds it closed. Idempotent.
  void Close();

 private:
  Runtime& runtime_;
  OwnedFd fd_;
};

// The argument at 1, "inet" or "inet6" or none, as AF_INET or AF_INET6.
int CheckFamily(lua_State* L);

// What an attempt that is neither done nor has failed returns: nil and `how`.
// Raises nothing.
int PushBlocked(lua_State* L, absl::string_view how);

// The method bind(addr, port) -> true | nil, err, after `socket` was checked.
int BindTo(lua_State* L, const CoreSocket& socket);

// The argument that says how much to receive at most.
size_t CheckMost(lua_State* L, int argument);

// Where to receive that.
absl::Span<char> RoomFor(lua_State* L, size_t most);

// What an attempt has come to: data or nbytes; or nil and `blocked`, "closed"
// or the error of `stream`. The first may raise, so nothing may be owned.
int PushReceived(lua_State* L, IoResult result, absl::Span<char> room,
                 const Stream& stream, absl::string_view blocked);
int PushSent(lua_State* L, IoResult result, const Stream& stream,
             absl::string_view blocked);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_SOCKET_H_
