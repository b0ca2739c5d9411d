// lev.stdin, lev.stdout, lev.stderr: the standard streams, without blocking.
//
// They are shared: with the program's own io library, with the shell that
// started it, with other programs of a pipeline. O_NONBLOCK belongs to the open
// file and not to the descriptor, so it is never set on what we were given:
// print would fail with EAGAIN, and so would the shell, after we have gone.
//
//   a pipe, a terminal  is opened anew, through /proc/self/fd, which makes an
//                       open file of our own, non-blocking. Where that is not
//                       allowed (it belongs to another user), poll(2) comes
//                       before each call: FdStream::Kind::kShared.
//   a socket            cannot be opened anew, but asked for each call not to
//                       block: MSG_DONTWAIT, by the same kind.
//   a file              goes through the backend of files. It is written where
//                       its other users are, and read from there on.
//
// Each stream is one object until it is closed, for it reads ahead.

#ifndef LEV_LUA_LUA_STDIO_H_
#define LEV_LUA_LUA_STDIO_H_

#include "lev/lua/lua_compat.h"

namespace lev::lua {

class Runtime;

// Adds them to the table below the runtime, which is on top of the stack.
void OpenStdio(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_STDIO_H_
