// Descriptors in Lua's hands only while a call of lev needs them: the file that
// is being sent, descriptors on their way to or from another process.

#ifndef LEV_LUA_LUA_FDS_H_
#define LEV_LUA_LUA_FDS_H_

#include <utility>
#include <vector>

#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/net/owned_fd.h"

namespace lev::lua {

class Runtime;

class LuaFds final : public Boxed {
 public:
  explicit LuaFds(Runtime& runtime);

  // Pushes one without descriptors. May raise.
  static LuaFds& Push(lua_State* L, Runtime& runtime);

  std::vector<OwnedFd>& fds() { return fds_; }
  void EndOfRun() override { fds_.clear(); }

 private:
  std::vector<OwnedFd> fds_;
};

// The descriptor of the value at `index`: an integer, a file of the io library,
// or what the method fd of an object returns. Negative if it is none of these.
// May raise (the method).
int ToFd(lua_State* L, int index);

// Pushes an object of lev that takes over the descriptor `number` of `fds`: a
// socket, listener, datagram socket, or the end of a pipe. False, with nil and
// an error pushed, if it can be none of these. May raise.
bool PushAdopted(lua_State* L, Runtime& runtime, LuaFds& fds, size_t number);

// Registers the kind, and adds lev.adopt, lev.listen_fds and lev.pipe to the
// table below the runtime, which is on top of the stack.
void OpenFds(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_FDS_H_
