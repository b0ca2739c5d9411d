// What the sockets of lev.core have in common: a descriptor with methods that
// try once and never wait. Who gets EAGAIN waits for the descriptor, which is
// to lev.wait_readable one like others.
//
// They belong to the Lua state rather than to a run, and need none.

#ifndef LEV_LUA_LUA_CORE_SOCKET_H_
#define LEV_LUA_LUA_CORE_SOCKET_H_

#include <utility>

#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/net/owned_fd.h"

namespace lev::lua {

class CoreSocket : public Boxed {
 public:
  CoreSocket(Runtime& runtime, OwnedFd fd)
      : runtime_(runtime), fd_(std::move(fd)) {
    runtime.Own(*this);
  }
  ~CoreSocket() override { CoreSocket::Close(); }

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }

  // Those who wait for the descriptor find it closed. Idempotent.
  virtual void Close() {
    if (!is_open()) return;
    if (runtime_.running()) runtime_.foreign_fds().Forget(fd());
    fd_.Close();
  }

 private:
  Runtime& runtime_;
  OwnedFd fd_;
};

// The families by which tcp_new and udp_new may be asked: "inet", "inet6". The
// argument at 1.
int CheckFamily(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CORE_SOCKET_H_
