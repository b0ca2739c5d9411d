#include "lev/lua/lua_tls_info.h"

#include <string>

namespace lev::lua {
namespace {

void SetText(lua_State* L, const char* name, const std::string& text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

void SetTextIfAny(lua_State* L, const char* name, const std::string& text) {
  if (!text.empty()) SetText(L, name, text);
}

void SetInteger(lua_State* L, const char* name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

void SetFlag(lua_State* L, const char* name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

void PushCertificateTable(lua_State* L, const TlsCertificate& certificate) {
  lua_newtable(L);
  SetText(L, "subject", certificate.subject);
  SetText(L, "issuer", certificate.issuer);
  SetText(L, "serial", certificate.serial);
  SetInteger(L, "not_before", certificate.not_before);
  SetInteger(L, "not_after", certificate.not_after);
  SetText(L, "fingerprint_sha256", certificate.fingerprint_sha256);
  SetText(L, "pem", certificate.pem);
  lua_newtable(L);
  lua_Integer index = 0;
  for (const std::string& name : certificate.names) {
    lua_pushlstring(L, name.data(), name.size());
    lua_rawseti(L, -2, ++index);
  }
  lua_setfield(L, -2, "names");
}

// These may raise: they are called in protected mode.

int CertificateTable(lua_State* L) {
  PushCertificateTable(
      L, *static_cast<const TlsCertificate*>(lua_touserdata(L, 1)));
  return 1;
}

int InfoTable(lua_State* L) {
  const auto& info = *static_cast<const TlsInfo*>(lua_touserdata(L, 1));
  lua_newtable(L);
  SetText(L, "version", info.version);
  SetText(L, "cipher", info.cipher);
  SetTextIfAny(L, "alpn", info.alpn);
  SetTextIfAny(L, "server_name", info.server_name);
  SetFlag(L, "resumed", info.resumed);
  SetFlag(L, "verified", info.verified);
  if (info.peer.has_value()) {
    PushCertificateTable(L, *info.peer);
    lua_setfield(L, -2, "peer");
  }
  return 1;
}

bool PushTable(lua_State* L, lua_CFunction table, const void* of) {
  lua_pushcfunction(L, table);
  lua_pushlightuserdata(L, const_cast<void*>(of));
  return lua_pcall(L, 1, 1, 0) == LUA_OK;
}

}  // namespace

bool PushTlsInfo(lua_State* L, const TlsInfo& info) {
  return PushTable(L, InfoTable, &info);
}

bool PushCertificate(lua_State* L, const TlsCertificate& certificate) {
  return PushTable(L, CertificateTable, &certificate);
}

}  // namespace lev::lua
