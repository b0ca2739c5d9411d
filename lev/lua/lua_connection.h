// Streams as Lua sees them: the kind, which TCP and UNIX sockets and the ends
// of pipes share, and its methods.

#ifndef LEV_LUA_LUA_CONNECTION_H_
#define LEV_LUA_LUA_CONNECTION_H_

#include <string>

#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_task.h"
#include "lev/net/connection.h"

namespace lev::lua {

class Runtime;

// The userdata of a stream. It belongs to one run, and is closed with it.
class LuaConnection final : public Boxed {
 public:
  using Kind = FdStream::Kind;

  LuaConnection(Runtime& runtime, OwnedFd fd, Kind kind);

  // Makes a socket of `fd` for the box on top of the stack. Raises nothing.
  static void Fill(lua_State* L, Runtime& runtime, OwnedFd fd,
                   Kind kind = Kind::kSocket);

  // The one at `index`; raises if it is something else.
  static Connection& Check(lua_State* L, int index = 1);
  // The same, where that was checked before.
  static Connection& At(lua_State* L, int index = 1) {
    return ObjectKind::At<LuaConnection>(L, index).connection();
  }

  Connection& connection() { return connection_; }
  // "lev.tcp", "lev.unix" or "lev.pipe".
  const char* type_name() const override;
  void EndOfRun() override { connection_.Close(); }
  void LoseTask(const LuaTask& task) override {
    connection_.LoseSender(task.call());
  }
  // It belongs to another handle, which is the one to be closed.
  void BecomePart() { is_part_ = true; }
  bool IsOpen() const override { return !is_part_ && connection_.is_open(); }
  std::string Leftover() const override {
    return is_part_ ? "" : LeftoverSocket(connection_.ref());
  }
  std::string Describe() const override {
    return DescribeSocket(connection_.ref());
  }

 private:
  Connection connection_;
  bool is_part_ = false;
};

// Registers the kind; the runtime is on top of the stack.
void OpenConnections(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_CONNECTION_H_
