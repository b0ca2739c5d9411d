#include "lev/net/listener.h"

#include <utility>

#include "lev/net/error.h"
#include "lev/net/io_result.h"
#include "lev/net/tcp_socket.h"

namespace lev {

Listener::Listener(EventLoop& loop, OwnedFd fd) : fd_(std::move(fd)) {
  watch_.Open(loop, fd_.get());
}

Listener::~Listener() { Close(); }

Step Listener::Accept(OwnedFd& fd, Address& peer) {
  if (!is_open()) return Fail(SocketClosedError());
  FdReadiness& readiness = watch_.readiness();
  if (readiness.readable) {
    absl::Status error;
    const IoResult result = TryAccept(this->fd(), fd, peer, error);
    if (result.kind != IoResult::Kind::kWantRead) {
      // One edge may have announced many: let the next one look, too, even
      // if this one could not take what had come.
      watch_.loop().FireOne(watch_.readers());
    }
    if (result.failed()) return Fail(std::move(error));
    if (result.done()) return Step::Done();
    readiness.readable = false;
  }
  absl::Status registered = watch_.Register();
  if (!registered.ok()) return Fail(std::move(registered));
  return Step::Blocked(watch_.readers());
}

void Listener::Close() {
  watch_.Close();
  fd_.Close();
}

Step Listener::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

}  // namespace lev
