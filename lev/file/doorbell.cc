#include "lev/file/doorbell.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "lev/net/error.h"

namespace lev {

absl::Status Doorbell::Open() {
  fd_ = OwnedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd_.valid()) return ErrnoError(errno);
  watch_.Open(loop(), fd_.get());
  const absl::Status registered = watch_.Register();
  if (registered.ok()) loop().Park(*this, watch_.readers());
  return registered;
}

void Doorbell::Ring() {
  const uint64_t once = 1;
  // It can fail only when it has rung for ages, and nobody came.
  static_cast<void>(!write(fd_.get(), &once, sizeof(once)));
}

void Doorbell::Run() {
  uint64_t rings;
  static_cast<void>(!read(fd_.get(), &rings, sizeof(rings)));
  // First: what is announced from now on rings again.
  loop().Park(*this, watch_.readers());
  answer_();
}

}  // namespace lev
