// Why something was cancelled.
//
// The core only shows a reason to a human. What else it is belongs to whoever
// cancelled, who may derive: Lua's reasons carry any Lua value.

#ifndef LEV_TASK_CANCEL_REASON_H_
#define LEV_TASK_CANCEL_REASON_H_

#include <string>
#include <utility>

namespace lev {

class CancelReason {
 public:
  explicit CancelReason(std::string text) : text_(std::move(text)) {}
  virtual ~CancelReason() = default;
  CancelReason(const CancelReason&) = delete;
  CancelReason& operator=(const CancelReason&) = delete;

  const std::string& text() const { return text_; }

 private:
  const std::string text_;
};

}  // namespace lev

#endif  // LEV_TASK_CANCEL_REASON_H_
