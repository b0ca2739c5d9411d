// A channel: messages that tasks hand to one another, in order.
//
// It holds up to `capacity` messages that nobody has received yet; with none,
// a sender and a receiver meet. Whoever arrives second commits for both: the
// message changes hands there and then, and the other's step only reports it.
// Both sides are served in the order in which they came.
//
// After Close nothing new may be sent. What is in the channel stays, and those
// who were blocked in Send still deliver; then receivers are told "closed".
//
// Nothing is lost: a sender who withdraws takes the message along, unless it
// was taken already; a message that was handed to a receiver who never ran
// goes to the next one, or back to its place in the channel, which may then
// hold more than its capacity.
//
// Turns and the channel are in one thread; the channel outlives its turns.

#ifndef LEV_TASK_CHANNEL_H_
#define LEV_TASK_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

#include "lev/loop/step.h"
#include "lev/task/turn.h"

namespace lev {

template <typename T>
class Channel final : private TurnSource {
 private:
  struct Message {
    uint64_t number;  // Counts what was sent.
    T value;
  };

 public:
  static constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();

  // Why a step failed, or a try did nothing.
  enum class Try : uint8_t { kDone, kClosed, kWouldBlock };

  // One call of Send.
  class Sender final : public Turn {
   public:
    Sender() : Turn("a channel to take a message") {}
    ~Sender() override { Withdraw(); }

   private:
    friend class Channel;
    std::optional<T> value_;  // While queued.
  };

  // One call of Receive.
  class Receiver final : public Turn {
   public:
    Receiver() : Turn("a message from a channel") {}
    ~Receiver() override { Withdraw(); }

   private:
    friend class Channel;
    std::optional<Message> message_;  // While granted.
  };

  explicit Channel(size_t capacity) : capacity_(capacity) {}

  // Moves from `value` when it is sent, and only then. What the callers of
  // `self` wait for here is none of its business.
  Try TrySend(T& value, const TurnGroup* self = nullptr) {
    if (closed_) return Try::kClosed;
    if (Turn* const receiver = receivers_.FirstOutside(self)) {
      Hand(*receiver, {sent_++, std::move(value)});
    } else if (messages_.size() < capacity_) {
      messages_.push_back({sent_++, std::move(value)});
    } else {
      return Try::kWouldBlock;
    }
    return Try::kDone;
  }

  // Sets `value` when a message came.
  Try TryReceive(std::optional<T>& value, const TurnGroup* self = nullptr) {
    if (!messages_.empty()) {
      value.emplace(std::move(messages_.front().value));
      messages_.pop_front();
      Refill(self);
    } else if (Turn* const sender = senders_.FirstOutside(self)) {
      value.emplace(TakeFrom(*sender).value);
    } else {
      return closed_ ? Try::kClosed : Try::kWouldBlock;
    }
    return Try::kDone;
  }

  // Sends `value`, which the first step that blocks moves into the turn: the
  // steps after it do not look at it. Fails when the channel is closed.
  Step Send(Sender& turn, T& value) {
    if (turn.queued()) return Step::Blocked(turn);
    if (turn.granted()) {
      TurnQueue::Finish(turn);
      return Step::Done();
    }
    switch (TrySend(value, turn.group())) {
      case Try::kDone:
        return Step::Done();
      case Try::kClosed:
        return Step::Failed();
      case Try::kWouldBlock:
        break;
    }
    turn.value_.emplace(std::move(value));
    senders_.Push(turn, *this);
    return Step::Blocked(turn);
  }

  // Sets `value` when done. Fails when the channel is closed and empty.
  Step Receive(Receiver& turn, std::optional<T>& value) {
    if (turn.queued()) return Step::Blocked(turn);
    if (turn.granted()) {
      TurnQueue::Finish(turn);
      value.emplace(std::move(turn.message_->value));
      turn.message_.reset();
      return Step::Done();
    }
    switch (TryReceive(value, turn.group())) {
      case Try::kDone:
        return Step::Done();
      case Try::kClosed:
        return Step::Failed();
      case Try::kWouldBlock:
        break;
    }
    receivers_.Push(turn, *this);
    return Step::Blocked(turn);
  }

  // Idempotent.
  void Close() {
    closed_ = true;
    while (!receivers_.empty()) receivers_.Dismiss();
  }

  bool closed() const { return closed_; }
  size_t capacity() const { return capacity_; }
  // Messages inside; callers that are blocked.
  size_t size() const { return messages_.size(); }
  size_t senders() const { return senders_.size(); }
  size_t receivers() const { return receivers_.size(); }

 private:
  static void Hand(Turn& receiver, Message message) {
    static_cast<Receiver&>(receiver).message_.emplace(std::move(message));
    TurnQueue::Grant(receiver);
  }

  Message TakeFrom(Turn& turn) {
    auto& sender = static_cast<Sender&>(turn);
    Message message = {sent_++, *std::move(sender.value_)};
    sender.value_.reset();
    TurnQueue::Grant(sender);
    return message;
  }

  void Refill(const TurnGroup* self) {
    while (messages_.size() < capacity_) {
      Turn* const sender = senders_.FirstOutside(self);
      if (sender == nullptr) return;
      messages_.push_back(TakeFrom(*sender));
    }
  }

  // A message that was received and not taken: older than all in the channel,
  // others that came back aside.
  void PutBack(Message message) {
    if (!receivers_.empty()) {
      return Hand(receivers_.front(), std::move(message));
    }
    auto place = messages_.begin();
    while (place != messages_.end() && place->number < message.number) ++place;
    messages_.insert(place, std::move(message));
  }

  void Withdrawn(Turn& turn, bool granted) override {
    if (auto* const sender = dynamic_cast<Sender*>(&turn)) {
      sender->value_.reset();
    } else if (granted) {
      auto& receiver = static_cast<Receiver&>(turn);
      Message message = *std::move(receiver.message_);
      receiver.message_.reset();
      PutBack(std::move(message));
    }
  }

  const size_t capacity_;
  bool closed_ = false;
  uint64_t sent_ = 0;
  std::deque<Message> messages_;
  TurnQueue senders_;
  TurnQueue receivers_;
};

}  // namespace lev

#endif  // LEV_TASK_CHANNEL_H_
