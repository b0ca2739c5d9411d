// Lua in a program of C++, on the program's own loop.
//
//   lua_State* L = luaL_newstate();
//   luaL_openlibs(L);
//   {
//     lev::LuaHost host(L, root);
//     host.Register("fetch", [&](lev::LuaValues arguments) {
//       return Fetch(std::move(arguments));  // A Co<StatusOr<LuaValues>>
//     });
//     auto script = lev::Spawn(root, "script", [&] {
//       return host.RunFile("script.lua");
//     });
//     absl::Status status = loop.Run();
//   }
//   lua_close(L);
//
// Scripts `require "lev"` and find themselves within a run, the host's, whose
// loop lev.stop stops. Tasks of both languages are in one tree: Lua code that a
// coroutine calls is a task in that coroutine's scope, and a coroutine that Lua
// code calls is one in the Lua task's. Cancellations, with their reasons, and
// aborts pass through.
//
// What Lua raises is an Unknown error with the text of what was raised; see
// LuaTracebackOf.

#ifndef LEV_LUA_EMBED_H_
#define LEV_LUA_EMBED_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lev/loop/waiter.h"
#include "lev/lua/embed_value.h"
#include "lev/task/co.h"
#include "lev/task/scope.h"

struct lua_State;

namespace lev {
namespace lua {

class Runtime;

}  // namespace lua

using LuaOutcome = absl::StatusOr<LuaValues>;

using LuaFunction = absl::AnyInvocable<Co<LuaOutcome>(LuaValues)>;

// Lets scripts of this state `require` lev, lev.core and lev.test, which are in
// the program: no file is looked for. A host does it itself; without one, or
// before it, scripts may lev.run and lev.test.run as they like. May raise.
void PreloadLev(lua_State* L);

class LuaHost {
 public:
  // `L` is a state with its libraries and without a run; no Lua code is running
  // in it, now and whenever the loop turns. `root` is where the program's tasks
  // are, for dumps. Both outlive the host.
  LuaHost(lua_State* L, Scope& root);
  // Ends the run, and closes what sockets scripts have left open. A call that
  // is under way ends with "aborted" when the loop turns again; one that has
  // not begun must not begin.
  ~LuaHost();
  LuaHost(const LuaHost&) = delete;
  LuaHost& operator=(const LuaHost&) = delete;

  // Runs a text or a file with `arguments`, and returns its results. Error:
  // InvalidArgument if it cannot be compiled, or returns what is not plain.
  Co<LuaOutcome> RunString(std::string text, std::string name,
                           LuaValues arguments = {});
  Co<LuaOutcome> RunFile(std::string path, LuaValues arguments = {});

  // Calls the global function `name`.
  Co<LuaOutcome> Call(std::string name, LuaValues arguments = {});

  // Makes `function` the global function `name`. In Lua it suspends the task
  // that calls it, takes and returns plain values, and for an error returns
  // nil and its message (and a cancellation's reason; of what the coroutine has
  // thrown: "exception"). It goes with the host.
  // False if the state is out of memory.
  bool Register(std::string name, LuaFunction function);

  lua_State* state() const { return state_; }

 private:
  // What is to be called: a chunk's text, a file's path, a function's name.
  struct Code {
    enum class Kind : uint8_t { kText, kFile, kGlobal };

    Code(Kind kind_in, std::string text_in, std::string name_in,
         LuaValues arguments_in)
        : kind(kind_in),
          text(std::move(text_in)),
          name(std::move(name_in)),
          arguments(std::move(arguments_in)) {}

    Kind kind;
    std::string text;
    std::string name;  // For humans.
    LuaValues arguments;
  };
  struct Request;

  Co<LuaOutcome> Run(Code code);

  lua_State* const state_;
  lua::Runtime* runtime_ = nullptr;
  Link calls_;  // Those that are under way.
};

// Where Lua code was when it raised the error; empty if it did not.
std::string LuaTracebackOf(const absl::Status& status);

}  // namespace lev

#endif  // LEV_LUA_EMBED_H_
