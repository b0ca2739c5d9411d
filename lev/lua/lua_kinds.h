// The kinds of objects that one runtime has: each is registered, and used, by
// the source that is named like it.

#ifndef LEV_LUA_LUA_KINDS_H_
#define LEV_LUA_LUA_KINDS_H_

#include "lev/lua/lua_object.h"

namespace lev::lua {

class LuaFiles;

struct ObjectKinds {
  ObjectKind run_kind;
  ObjectKind task_kind;
  ObjectKind token_kind;
  ObjectKind scope_kind;
  ObjectKind connection_kind;
  ObjectKind listener_kind;
  ObjectKind fds_kind;
  ObjectKind file_kind;
  ObjectKind file_work_kind;
  ObjectKind lookup_kind;
  ObjectKind dialling_kind;
  ObjectKind udp_kind;
  ObjectKind unix_dgram_kind;
  ObjectKind process_kind;
  ObjectKind capture_kind;
  ObjectKind tls_identity_kind;
  ObjectKind cancelled_kind;
  ObjectKind op_kind;
  ObjectKind host_call_kind;
  ObjectKind core_tcp_kind;
  ObjectKind core_udp_kind;
  ObjectKind core_process_kind;

  // What the files of a run share; set by OpenFiles.
  LuaFiles* files = nullptr;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_KINDS_H_
