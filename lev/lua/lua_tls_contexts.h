// The TLS contexts of a Lua state, by what was asked for: equal configurations
// share one, across sockets and across runs.
//
// A configuration names files. When one of them has changed, the next socket
// gets a new context, and those before keep theirs: a renewed certificate needs
// no restart. If what is in the files then does not fit together (a renewal
// that is half done), the old context stays in use, and that is logged once.
//
// Owns contexts and identities, which go when nothing refers to them any more.

#ifndef LEV_LUA_LUA_TLS_CONTEXTS_H_
#define LEV_LUA_LUA_TLS_CONTEXTS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lev/lua/lua_tls_config.h"
#include "lev/lua/lua_tls_identity.h"
#include "lev/tls/ticket_keys.h"
#include "lev/tls/tls_context.h"

namespace lev::lua {

class Runtime;

class TlsContexts {
 public:
  // So many that nobody uses are kept.
  static constexpr size_t kMostIdle = 64;

  TlsContexts() = default;
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  // Borrowed until it has had a user, or the next call.
  absl::StatusOr<TlsContext*> Get(Runtime& runtime, const TlsRequest& request);

  // Drop it when its userdata goes.
  TlsIdentityBox& Add(TlsIdentity identity);

  // Those that nobody uses, and with them all remembered sessions: what comes
  // next is not to depend on what was before.
  void ForgetIdle();

  size_t size() const { return entries_.size(); }

 private:
  // What a file, or an identity, looked like.
  struct Stamp {
    int64_t device = 0;
    int64_t inode = 0;
    int64_t size = 0;
    int64_t modified = 0;  // In nanoseconds; an identity's generation.
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::vector<Stamp>;

  struct Entry {
    std::string key;  // Empty: replaced by a newer one.
    Stamps stamps;
    std::vector<TlsIdentityBox*> identities;
    std::unique_ptr<TlsContext> context;

    bool idle() const { return context->users() == 0; }
    bool RefersTo(const TlsIdentityBox& identity) const;
    bool RefersToDropped() const;
  };

  static std::string KeyOf(const TlsRequest& request);
  static Stamps StampsOf(const TlsRequest& request);
  static Stamp StampOf(const std::string& path);

  std::list<Entry>::iterator Find(const std::string& key);
  absl::StatusOr<std::unique_ptr<TlsContext>> Make(const TlsRequest& request);
  void Sweep();

  std::list<std::unique_ptr<TlsIdentityBox>> identities_;
  TicketKeys ticket_keys_;    // Of those without an identity of Lua's.
  std::list<Entry> entries_;  // Used last first.
  int last_id_ = 0;
};

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_TLS_CONTEXTS_H_
