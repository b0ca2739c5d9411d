#include "lev/tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include <algorithm>

namespace lev {
namespace {

int64_t MonotonicSeconds() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

bool SetMacKey(EVP_MAC_CTX* mac, unsigned char* secret, size_t size) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, size),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

TicketKeys::TicketKeys() : TicketKeys(MonotonicSeconds) {}

TicketKeys::~TicketKeys() {
  while (count_ > 0) ForgetOldest();
}

bool TicketKeys::Rotate() {
  Key key;
  if (RAND_bytes(key.name, kNameSize) != 1 ||
      RAND_priv_bytes(key.encryption, kSecretSize) != 1 ||
      RAND_priv_bytes(key.authentication, kSecretSize) != 1) {
    ERR_clear_error();
    return false;
  }
  key.born = clock_();
  if (count_ == kMostKeys) ForgetOldest();
  std::move_backward(keys_.begin(), keys_.begin() + count_,
                     keys_.begin() + count_ + 1);
  keys_.front() = key;
  ++count_;
  OPENSSL_cleanse(&key, sizeof(key));
  return true;
}

int TicketKeys::Prepare(unsigned char* name, unsigned char* iv,
                        EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal) {
  if (!RotateByAge()) return -1;
  Key* const key = seal ? &keys_.front() : Find(name);
  if (key == nullptr) return 0;
  const EVP_CIPHER* const aes = EVP_aes_256_cbc();
  if (seal) {
    memcpy(name, key->name, kNameSize);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1) return -1;
  }
  if (EVP_CipherInit_ex(cipher, aes, nullptr, key->encryption, iv,
                        seal ? 1 : 0) != 1 ||
      !SetMacKey(mac, key->authentication, kSecretSize)) {
    return -1;
  }
  return key == &keys_.front() ? 1 : 2;
}

// Also after a long time in which nobody came: then several rotations are due,
// of which one does, and what is too old to be opened goes.
bool TicketKeys::RotateByAge() {
  const int64_t now = clock_();
  const int64_t oldest_born = now - kRotateAfter * int64_t{kMostKeys};
  while (count_ > 0 && keys_[count_ - 1].born <= oldest_born) ForgetOldest();
  if (count_ > 0 && now - keys_.front().born < kRotateAfter) return true;
  return Rotate();
}

TicketKeys::Key* TicketKeys::Find(const unsigned char* name) {
  for (size_t i = 0; i < count_; ++i) {
    if (CRYPTO_memcmp(keys_[i].name, name, kNameSize) == 0) return &keys_[i];
  }
  return nullptr;
}

void TicketKeys::ForgetOldest() {
  OPENSSL_cleanse(&keys_[--count_], sizeof(Key));
}

}  // namespace lev
