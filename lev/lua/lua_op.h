// Operations: calls of blocking verbs as values, which do nothing until they
// are performed (lev.op.perform, lev.select).
//
// Every blocking function NAME has a twin NAME_op that takes the same
// arguments. The twin is the same C function, which knows by an upvalue what
// it is: where the function would begin to wait, Drive makes an operation of
// its verb and its values instead. So a verb must have begun nothing before
// its first step.
//
// The algebra over operations (choice, wrap, guard, ...) is in op/op.lua.

#ifndef LEV_LUA_LUA_OP_H_
#define LEV_LUA_LUA_OP_H_

#include <initializer_list>

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class ObjectKind;
class Runtime;
struct Verb;

// A userdata; the values of the call are its user values.
struct Op {
  const Verb* verb;
  int size;
};

// How many values a verb's call has at most, once its step has run too.
inline constexpr int kMostValues = 14;

// Whether the C function that runs is a twin.
bool IsTwin(lua_State* L);

// What Drive does in a twin: the values on the stack, all of them, and the
// verb become an operation.
int PushOp(lua_State* L, Runtime& runtime, const Verb& verb);

// Adds the twins of `names` to the table below the runtime, which is on top
// of the stack; or to the methods of `kind`, with the runtime on top.
void AddTwins(lua_State* L, std::initializer_list<const char*> names);
void AddTwins(lua_State* L, const ObjectKind& kind,
              std::initializer_list<const char*> names);

void OpenOps(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_OP_H_
