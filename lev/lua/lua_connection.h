// TCP sockets as Lua sees them: the kind and its methods.

#ifndef LEV_LUA_LUA_CONNECTION_H_
#define LEV_LUA_LUA_CONNECTION_H_

#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/net/connection.h"

namespace lev::lua {

class Runtime;

// The userdata of a socket. It belongs to one run, and is closed with it.
class LuaConnection final : public Boxed {
 public:
  LuaConnection(Runtime& runtime, OwnedFd fd);

  // Makes a socket of `fd` for the box on top of the stack. Raises nothing.
  static void Fill(lua_State* L, Runtime& runtime, OwnedFd fd);

  Connection& connection() { return connection_; }
  void EndOfRun() override { connection_.Close(); }

 private:
  Connection connection_;
};

// Registers the kind; the runtime is on top of the stack.
void OpenConnections(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CONNECTION_H_
