// What a TLS connection is like, and a certificate, as tables.

#ifndef LEV_LUA_LUA_TLS_INFO_H_
#define LEV_LUA_LUA_TLS_INFO_H_

#include "lev/lua/lua_compat.h"
#include "lev/tls/tls_info.h"

namespace lev::lua {

// Pushes a table. Raises nothing, so that its callers may own C++ objects:
// false if there was no memory, and then an error value is pushed.
bool PushTlsInfo(lua_State* L, const TlsInfo& info);
bool PushCertificate(lua_State* L, const TlsCertificate& certificate);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TLS_INFO_H_
