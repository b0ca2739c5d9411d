#include "lev/net/listener.h"

#include <errno.h>

#include <utility>

#include "lev/net/error.h"
#include "lev/net/io_result.h"
#include "lev/net/tcp_socket.h"

namespace lev {
namespace {

// The connection stays in the kernel's queue, and no edge will come for it.
bool IsShortage(const absl::Status& error) {
  const int code = ErrnoOf(error);
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

}  // namespace

Listener::Listener(EventLoop& loop, OwnedFd fd, BoundPath path)
    : fd_(std::move(fd)), path_(std::move(path)) {
  watch_.Open(loop, fd_.get());
}

Listener::~Listener() { Close(); }

Step Listener::Accept(OwnedFd& fd, Address& peer) {
  if (!is_open()) return Fail(SocketClosedError());
  FdReadiness& readiness = watch_.readiness();
  if (!readiness.readable) return Blocked();
  absl::Status error;
  const IoResult result = TryAccept(fd_.ref(), fd, peer, error);
  if (result.kind == IoResult::Kind::kWantRead) {
    readiness.readable = false;
    alarmed_ = false;
    return Blocked();
  }
  if (result.failed() && IsShortage(error)) return BeginPause(std::move(error));
  // One edge may have announced many: let the next one look, too, even if
  // this one could not take what had come.
  watch_.loop().FireOne(watch_.readers());
  return result.failed() ? Fail(std::move(error)) : Step::Done();
}

Step Listener::BeginPause(absl::Status error) {
  error_ = std::move(error);
  if (!std::exchange(alarmed_, true)) alarm_ = true;
  watch_.readiness().readable = false;
  if (pause_ == nullptr) {
    pause_ =
        std::make_unique<RetryTimer>(watch_.loop(), [this] { EndPause(); });
  }
  pause_->Start(kPause);
  return Blocked();
}

void Listener::PassOn() {
  if (is_open()) watch_.loop().FireOne(watch_.readers());
}

void Listener::EndPause() {
  watch_.readiness().readable = true;
  watch_.loop().FireOne(watch_.readers());
}

Step Listener::Blocked() {
  absl::Status registered = watch_.Register();
  if (!registered.ok()) return Fail(std::move(registered));
  return Step::Blocked(watch_.readers());
}

void Listener::Close() {
  pause_.reset();
  watch_.Close();
  fd_.Close();
  path_.Remove();
}

Step Listener::Fail(absl::Status error) {
  error_ = std::move(error);
  return Step::Failed();
}

}  // namespace lev
