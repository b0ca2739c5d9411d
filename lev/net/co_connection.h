// Awaitable verbs of a Connection.
//
// One task reads at a time: another is told "busy". Sends of several tasks
// queue up, and go out whole. What is received is copied once, into what the
// caller gets; the data to be sent is borrowed until the verb has ended.

#ifndef LEV_NET_CO_CONNECTION_H_
#define LEV_NET_CO_CONNECTION_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lev/loop/step.h"
#include "lev/net/connection.h"
#include "lev/net/error.h"
#include "lev/task/co_await.h"

namespace lev {

// Of all that read: `Request` is a step that sets the data.
template <typename Request>
class RecvVerb final : public CoVerb {
 public:
  RecvVerb(Connection& connection, Request request, WaitOptions options)
      : CoVerb(options), connection_(connection), request_(request) {}

  absl::StatusOr<typename Request::Result> Take() {
    if (busy_) return BusyError();
    if (failed()) return connection_.error();
    if (!status().ok()) return status();
    return request_.Take();
  }

 private:
  Step Try(bool retry) override {
    busy_ = connection_.ReadBusy(retry);
    return busy_ ? Step::Failed() : request_.Try(connection_);
  }

  Connection& connection_;
  Request request_;
  bool busy_ = false;
};

namespace co_internal {

// The data into a string.
template <typename Receive>
struct RecvString {
  using Result = std::string;

  Step Try(Connection& connection) {
    absl::string_view data;
    const Step step = receive(connection, data);
    if (step.done()) text.assign(data.data(), data.size());
    return step;
  }
  std::string Take() { return std::move(text); }

  Receive receive;
  std::string text = {};
};

template <typename Receive>
RecvString(Receive) -> RecvString<Receive>;

// The data into a buffer of the caller's.
struct RecvBuffer {
  using Result = size_t;

  Step Try(Connection& connection) {
    absl::string_view data;
    const Step step = connection.RecvSome(buffer.size(), data);
    if (step.done()) std::copy(data.begin(), data.end(), buffer.begin());
    size = data.size();
    return step;
  }
  size_t Take() const { return size; }

  absl::Span<char> buffer;
  size_t size = 0;
};

}  // namespace co_internal

// At least one byte, at most `max`: a StatusOr<std::string>. The end of the
// stream is "closed".
inline auto RecvSome(Connection& connection, size_t max,
                     WaitOptions options = {}) {
  co_internal::RecvString request{
      [max](Connection& from, absl::string_view& data) {
        return from.RecvSome(max, data);
      }};
  return RecvVerb<decltype(request)>(connection, request, options);
}

// Exactly `size` bytes. If fewer come, they stay where they are.
inline auto RecvExactly(Connection& connection, size_t size,
                        WaitOptions options = {}) {
  co_internal::RecvString request{
      [size](Connection& from, absl::string_view& data) {
        return from.RecvExactly(size, data);
      }};
  return RecvVerb<decltype(request)>(connection, request, options);
}

// All up to `delimiter`, and the delimiter, which is borrowed. Error: "pattern
// not found within N bytes", and nothing is lost, if `max` hold none.
inline auto RecvUntil(Connection& connection, absl::string_view delimiter,
                      size_t max = 1 << 20, WaitOptions options = {}) {
  co_internal::RecvString request{
      [delimiter, max](Connection& from, absl::string_view& data) {
        return from.RecvUntil(delimiter, max, data);
      }};
  return RecvVerb<decltype(request)>(connection, request, options);
}

// At least one byte, as many as `buffer` has room for: a StatusOr<size_t>. It
// allocates nothing.
inline RecvVerb<co_internal::RecvBuffer> RecvInto(Connection& connection,
                                                  absl::Span<char> buffer,
                                                  WaitOptions options = {}) {
  return RecvVerb<co_internal::RecvBuffer>(connection, {buffer}, options);
}

class ConnectionSendVerb final : public CoVerb {
 public:
  ConnectionSendVerb(Connection& connection, absl::string_view data,
                     WaitOptions options, size_t* sent)
      : CoVerb(options), connection_(connection), data_(data), sent_to_(sent) {}
  // Cut short by an abort: the next in the queue may begin.
  ~ConnectionSendVerb() override {
    if (sending_) connection_.LoseSender(this);
  }

  absl::Status Take() {
    if (sent_to_ != nullptr) *sent_to_ = sent_;
    return failed() ? connection_.error() : status();
  }

 private:
  Step Try(bool retry) override {
    sending_ = true;
    const Step step = connection_.Send(this, retry, data_, sent_);
    if (!step.blocked()) Undo();
    return step;
  }
  void Undo() override {
    sending_ = false;
    connection_.EndSend(this);
  }

  Connection& connection_;
  const absl::string_view data_;
  size_t sent_ = 0;
  size_t* const sent_to_;
  bool sending_ = false;
};

// All of `data`. If it is cut short, `sent` tells how much has gone out.
inline ConnectionSendVerb Send(Connection& connection, absl::string_view data,
                               WaitOptions options = {},
                               size_t* sent = nullptr) {
  return ConnectionSendVerb(connection, data, options, sent);
}

}  // namespace lev

#endif  // LEV_NET_CO_CONNECTION_H_
