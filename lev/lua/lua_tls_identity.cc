#include "lev/lua/lua_tls_identity.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_socket.h"
#include "lev/lua/lua_tls_contexts.h"
#include "lev/lua/lua_tls_info.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// The userdata's: the runtime owns what it refers to.
class LuaTlsIdentity final : public Boxed {
 public:
  LuaTlsIdentity(Runtime& runtime, TlsIdentity identity)
      : box_(runtime.tls_contexts().Add(std::move(identity))) {
    runtime.Own(*this);
  }
  ~LuaTlsIdentity() override { box_.Drop(); }

  TlsIdentityBox& box() { return box_; }

 private:
  TlsIdentityBox& box_;
};

TlsIdentityBox& Check(lua_State* L) {
  return Runtime::Of(L).tls_identity_kind.Check<LuaTlsIdentity>(L, 1).box();
}

absl::StatusOr<TlsIdentity> Load(absl::string_view certificate,
                                 absl::string_view key,
                                 absl::string_view host) {
  auto identity = TlsIdentity::Load(std::string(certificate), std::string(key));
  if (!identity.ok() || host.empty() || identity->IsFor(std::string(host))) {
    return identity;
  }
  return InvalidError(
      absl::StrCat("certificate '", certificate, "' is not for '", host, "'"));
}

// Makes the identity for the box on top of the stack.
int Fill(lua_State* L, Runtime& runtime, absl::string_view certificate,
         absl::string_view key, absl::string_view host) {
  auto identity = Load(certificate, key, host);
  if (!identity.ok()) return PushError(L, identity.status());
  runtime.tls_identity_kind.Fill(
      L, new LuaTlsIdentity(runtime, *std::move(identity)));
  return 1;
}

int NewIdentity(lua_State* L) {
  Runtime& runtime = Runtime::Of(L);
  const absl::string_view certificate = CheckString(L, 1);
  const absl::string_view key = CheckString(L, 2);
  const absl::string_view host =
      lua_isnoneornil(L, 3) ? absl::string_view() : CheckString(L, 3);
  if (runtime.closing()) {
    return luaL_error(L, "lev.tls_identity: the Lua state is being closed");
  }
  lua_settop(L, 3);  // The strings stay where they are.
  ObjectKind::PushBox(L, 0);
  return Fill(L, runtime, certificate, key, host);
}

int Reload(lua_State* L) { return PushStatus(L, Check(L).identity().Reload()); }

int RotateTicketKeys(lua_State* L) {
  const bool rotated = Check(L).ticket_keys().Rotate();
  return PushStatus(
      L, rotated ? absl::OkStatus() : absl::UnavailableError("no randomness"));
}

// Apart from its caller, which raises.
bool PushInfo(lua_State* L, TlsIdentityBox& box) {
  return PushCertificate(L, DescribeCertificate(box.identity().certificate()));
}

int Info(lua_State* L) { return PushInfo(L, Check(L)) ? 1 : lua_error(L); }

int IdentityToString(lua_State* L) {
  lua_pushfstring(L, "lev.tls_identity: %p", &Check(L));
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"reload", Reload},
                                 {"rotate_ticket_keys", RotateTicketKeys},
                                 {"info", Info},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {
    {"__gc", Collect<&Runtime::tls_identity_kind, LuaTlsIdentity>},
    {"__tostring", IdentityToString},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"tls_identity", NewIdentity},
                                   {nullptr, nullptr}};

}  // namespace

TlsIdentityBox* TestTlsIdentity(lua_State* L, int index) {
  auto* const identity =
      Runtime::Of(L).tls_identity_kind.Test<LuaTlsIdentity>(L, index);
  return identity == nullptr ? nullptr : &identity->box();
}

void OpenTlsIdentities(lua_State* L, Runtime& runtime) {
  runtime.tls_identity_kind.Register(L, "lev.tls_identity", kMethods, kMeta);
  AddFunctions(L, kFunctions);
}

}  // namespace lev::lua
