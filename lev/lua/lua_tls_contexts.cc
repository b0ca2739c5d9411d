#include "lev/lua/lua_tls_contexts.h"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_runtime.h"
#include "lev/net/error.h"

namespace lev::lua {
namespace {

// A text from which the parts can be told apart again.
void Append(std::string& key, absl::string_view part) {
  absl::StrAppend(&key, part.size(), ":", part);
}

void Append(std::string& key, const TlsCredentials& credentials) {
  const int id =
      credentials.identity == nullptr ? 0 : credentials.identity->id();
  absl::StrAppend(&key, "#", id, ",");
  Append(key, credentials.certificate);
  Append(key, credentials.key);
}

// Calls `visit` with the server's own credentials and those of each host.
template <typename Visit>
void ForEachCredentials(const TlsRequest& request, Visit visit) {
  visit(request.credentials);
  for (const TlsHostRequest& host : request.hosts) visit(host.credentials);
}

}  // namespace

bool TlsContexts::Entry::RefersTo(const TlsIdentityBox& identity) const {
  return std::find(identities.begin(), identities.end(), &identity) !=
         identities.end();
}

bool TlsContexts::Entry::RefersToDropped() const {
  return std::any_of(identities.begin(), identities.end(),
                     [](const TlsIdentityBox* box) { return box->dropped(); });
}

absl::StatusOr<TlsContext*> TlsContexts::Get(Runtime& runtime,
                                             const TlsRequest& request) {
  Sweep();
  std::string key = KeyOf(request);
  Stamps stamps = StampsOf(request);
  const auto old = Find(key);
  if (old != entries_.end() && old->stamps == stamps) {
    entries_.splice(entries_.begin(), entries_, old);
    return old->context.get();
  }
  auto context = Make(request);
  if (!context.ok() && old == entries_.end()) return context.status();
  if (!context.ok()) {
    old->stamps = std::move(stamps);
    TlsContext* const stays = old->context.get();
    runtime.logger().Log(runtime, "error",
                         absl::StrCat("tls: ", context.status().message(),
                                      "; what was loaded before stays in use"));
    return stays;
  }
  if (old != entries_.end()) old->key.clear();
  Entry entry{std::move(key), std::move(stamps), {}, *std::move(context)};
  ForEachCredentials(request, [&](const TlsCredentials& credentials) {
    if (credentials.identity != nullptr) {
      entry.identities.push_back(credentials.identity);
    }
  });
  entries_.push_front(std::move(entry));
  return entries_.front().context.get();
}

TlsIdentityBox& TlsContexts::Add(TlsIdentity identity) {
  Sweep();
  identities_.push_back(
      std::make_unique<TlsIdentityBox>(++last_id_, std::move(identity)));
  return *identities_.back();
}

std::string TlsContexts::KeyOf(const TlsRequest& request) {
  const TlsConfig& config = request.config;
  std::string key =
      absl::StrCat(config.role == TlsRole::kServer, config.verify,
                   config.min_version == TlsVersion::k13, config.sessions);
  Append(key, config.ca_file);
  Append(key, config.ciphers);
  Append(key, config.key_log);
  absl::StrAppend(&key, config.alpn.size(), ",");
  for (const std::string& protocol : config.alpn) Append(key, protocol);
  Append(key, request.credentials);
  for (const TlsHostRequest& host : request.hosts) {
    Append(key, host.name);
    Append(key, host.credentials);
  }
  return key;
}

TlsContexts::Stamps TlsContexts::StampsOf(const TlsRequest& request) {
  Stamps stamps;
  if (request.config.verify) stamps.push_back(StampOf(request.config.ca_file));
  ForEachCredentials(request, [&](const TlsCredentials& credentials) {
    if (credentials.identity != nullptr) {
      Stamp stamp;
      stamp.modified = credentials.identity->identity().generation();
      stamps.push_back(stamp);
    } else {
      stamps.push_back(StampOf(credentials.certificate));
      stamps.push_back(StampOf(credentials.key));
    }
  });
  return stamps;
}

TlsContexts::Stamp TlsContexts::StampOf(const std::string& path) {
  struct stat info;
  if (path.empty() || stat(path.c_str(), &info) != 0) return {};
  Stamp stamp;
  stamp.device = static_cast<int64_t>(info.st_dev);
  stamp.inode = static_cast<int64_t>(info.st_ino);
  stamp.size = info.st_size;
  stamp.modified =
      int64_t{info.st_mtim.tv_sec} * kSecond + info.st_mtim.tv_nsec;
  return stamp;
}

std::list<TlsContexts::Entry>::iterator TlsContexts::Find(
    const std::string& key) {
  return std::find_if(entries_.begin(), entries_.end(),
                      [&](const Entry& entry) { return entry.key == key; });
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContexts::Make(
    const TlsRequest& request) {
  TlsConfig config = request.config;
  std::deque<TlsIdentity> loaded;
  // What they are, parsed by now; null if there is none.
  const auto identity_of = [&](const TlsCredentials& credentials)
      -> absl::StatusOr<const TlsIdentity*> {
    if (credentials.identity != nullptr) {
      return &credentials.identity->identity();
    }
    if (credentials.certificate.empty()) return nullptr;
    auto identity = TlsIdentity::Load(credentials.certificate, credentials.key);
    if (!identity.ok()) return identity.status();
    loaded.push_back(*std::move(identity));
    return &loaded.back();
  };
  const auto own = identity_of(request.credentials);
  if (!own.ok()) return own.status();
  config.identity = *own;
  for (const TlsHostRequest& host : request.hosts) {
    const auto identity = identity_of(host.credentials);
    if (!identity.ok()) {
      return InvalidError(absl::StrCat("hosts: '", host.name,
                                       "': ", identity.status().message()));
    }
    config.hosts.push_back({host.name, *identity});
  }
  TlsIdentityBox* const box = request.credentials.identity;
  config.ticket_keys = box != nullptr ? &box->ticket_keys() : &ticket_keys_;
  // Names its files, not what is in them: a renewal ends no session.
  config.ticket_scope = KeyOf(request);
  return TlsContext::Create(config);
}

// Frees what nothing refers to: contexts that were replaced, or of identities
// that have no userdata any more, or that are too many; then those identities.
void TlsContexts::Sweep() {
  size_t idle = 0;
  entries_.remove_if([&](const Entry& entry) {
    if (!entry.idle()) return false;
    return entry.key.empty() || entry.RefersToDropped() || ++idle > kMostIdle;
  });
  identities_.remove_if([&](const std::unique_ptr<TlsIdentityBox>& identity) {
    return identity->dropped() &&
           std::none_of(
               entries_.begin(), entries_.end(),
               [&](const Entry& entry) { return entry.RefersTo(*identity); });
  });
}

void TlsContexts::ForgetIdle() {
  entries_.remove_if([](const Entry& entry) { return entry.idle(); });
  Sweep();
}

}  // namespace lev::lua
