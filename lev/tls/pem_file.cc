#include "lev/tls/pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lev/tls/tls_error.h"

namespace lev {
namespace {

// A bundle of all public authorities has a quarter of a megabyte.
constexpr off_t kMostBytes = 16 << 20;

absl::Status CannotRead(absl::string_view what, absl::string_view path,
                        int error) {
  char buffer[128];
  return TlsConfigError(
      absl::StrCat("cannot read ", what, " '", path,
                   "': ", strerror_r(error, buffer, sizeof(buffer))));
}

BioPtr Over(absl::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// The reader has come to the end of the text, rather than to rubbish in it.
bool EndedCleanly() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM &&
         ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

absl::Status Holds(absl::string_view path, absl::string_view what) {
  return TlsConfigError(absl::StrCat("'", path, "' holds ", what));
}

// Instead of OpenSSL's own, which asks at the terminal. Says that it was.
int RefusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

absl::StatusOr<std::string> ReadPemFile(absl::string_view what,
                                        const std::string& path) {
  // A path with a NUL in it would name another file.
  if (path.find('\0') != std::string::npos) {
    return CannotRead(what, path, ENOENT);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(what, path, errno);
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotRead(what, path, errno);
  if (S_ISDIR(info.st_mode)) return CannotRead(what, path, EISDIR);
  if (!S_ISREG(info.st_mode)) return CannotRead(what, path, EINVAL);
  if (info.st_size > kMostBytes) return CannotRead(what, path, EFBIG);
  std::string bytes(info.st_size, '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t count = read(fd, &bytes[have], bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(what, path, errno);
    if (count == 0) break;
    have += count;
  }
  bytes.resize(have);
  return bytes;
}

absl::StatusOr<ChainPtr> ParseCertificates(absl::string_view pem,
                                           absl::string_view path) {
  ERR_clear_error();
  const BioPtr bio = Over(pem);
  ChainPtr chain(sk_X509_new_null());
  while (X509* certificate =
             PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(chain.get(), certificate);
  }
  if (!EndedCleanly()) return Holds(path, "a damaged certificate");
  if (sk_X509_num(chain.get()) == 0) return Holds(path, "no certificate");
  return chain;
}

absl::StatusOr<KeyPtr> ParsePrivateKey(absl::string_view pem,
                                       absl::string_view path) {
  ERR_clear_error();
  const BioPtr bio = Over(pem);
  bool asked = false;
  KeyPtr key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, &asked));
  if (key != nullptr) return key;
  if (asked) {
    ERR_clear_error();
    return TlsConfigError(
        absl::StrCat("private key '", path, "' is encrypted"));
  }
  ERR_clear_error();
  const bool labelled = absl::StrContains(pem, "PRIVATE KEY-----");
  return Holds(path, labelled ? "a damaged private key" : "no private key");
}

absl::StatusOr<PemObjectsPtr> ParseTrust(absl::string_view pem,
                                         absl::string_view path) {
  ERR_clear_error();
  const BioPtr bio = Over(pem);
  PemObjectsPtr objects(
      PEM_X509_INFO_read_bio(bio.get(), nullptr, RefusePassphrase, nullptr));
  ERR_clear_error();
  if (objects == nullptr) return Holds(path, "a damaged certificate");
  for (int i = 0; i < sk_X509_INFO_num(objects.get()); ++i) {
    if (sk_X509_INFO_value(objects.get(), i)->x509 != nullptr) return objects;
  }
  return Holds(path, "no certificate");
}

}  // namespace lev
