// Parsed identities as Lua sees them: lev.tls_identity, and its methods.

#ifndef LEV_LUA_LUA_TLS_IDENTITY_H_
#define LEV_LUA_LUA_TLS_IDENTITY_H_

#include <utility>

#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/tls/ticket_keys.h"
#include "lev/tls/tls_identity.h"

namespace lev::lua {

class Runtime;

// What the userdata points to. Contexts refer to it, and live as long as their
// streams: without its userdata it goes when they have gone.
class TlsIdentityBox {
 public:
  TlsIdentityBox(int id, TlsIdentity identity)
      : id_(id), identity_(std::move(identity)) {}

  // No two of a runtime have the same.
  int id() const { return id_; }
  TlsIdentity& identity() { return identity_; }
  TicketKeys& ticket_keys() { return ticket_keys_; }
  void Drop() { dropped_ = true; }
  bool dropped() const { return dropped_; }

 private:
  const int id_;
  TlsIdentity identity_;
  TicketKeys ticket_keys_;
  bool dropped_ = false;
};

// The identity at `index`, or null if the value there is none.
TlsIdentityBox* TestTlsIdentity(lua_State* L, int index);

// Registers the kind, and adds lev.tls_identity to the table below the runtime,
// which is on top of the stack.
void OpenTlsIdentities(lua_State* L, Runtime& runtime);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TLS_IDENTITY_H_
