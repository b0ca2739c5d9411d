// The keys with which a server seals its session tickets.
//
// The server keeps no sessions: a ticket holds one, and whoever gets hold of
// its key can read the traffic of that session later. So keys live in memory
// only, are replaced every twelve hours, and forgotten some time after. The
// previous ones still open their tickets, so that a rotation ends no session.
//
// Contexts borrow the ring, and it outlives them: it is shared by those of one
// server, and survives the renewal of their certificates.

#ifndef LEV_TLS_TICKET_KEYS_H_
#define LEV_TLS_TICKET_KEYS_H_

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace lev {

class TicketKeys {
 public:
  // Seconds from any beginning, never backwards.
  using Clock = absl::AnyInvocable<int64_t()>;

  static constexpr int64_t kRotateAfter = 12 * 60 * 60;
  static constexpr size_t kMostKeys = 3;  // The current one included.

  TicketKeys();  // By the machine's monotonic clock.
  explicit TicketKeys(Clock clock) : clock_(std::move(clock)) {}
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // A new key from now on. False, with nothing changed, without randomness.
  bool Rotate();

  // OpenSSL's callback: prepares the sealing (`seal`) or the opening of a
  // ticket under the key that is `name`d. Returns what it expects: 1, 2 to
  // have the ticket replaced, 0 if the key is not known, -1 on a failure.
  int Prepare(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, bool seal);

 private:
  static constexpr size_t kNameSize = 16;
  static constexpr size_t kSecretSize = 32;

  struct Key {
    unsigned char name[kNameSize];
    unsigned char encryption[kSecretSize];
    unsigned char authentication[kSecretSize];
    int64_t born;
  };

  bool RotateByAge();
  Key* Find(const unsigned char* name);
  void ForgetOldest();

  Clock clock_;
  std::array<Key, kMostKeys> keys_;  // The newest first.
  size_t count_ = 0;                 // Of those.
};

}  // namespace lev

#endif  // LEV_TLS_TICKET_KEYS_H_
