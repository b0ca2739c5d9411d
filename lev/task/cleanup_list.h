// What has to be done when something ends: last in, first out.
//
// A thin stack from which an entry can also be taken back. `T` says what one
// entry is and how it is compared; running entries is the owner's business,
// because in Lua a cleanup may suspend.

#ifndef LEV_TASK_CLEANUP_LIST_H_
#define LEV_TASK_CLEANUP_LIST_H_

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

namespace lev {

template <typename T>
class CleanupList {
 public:
  bool empty() const { return entries_.empty(); }

  void Push(T entry) { entries_.push_back(std::move(entry)); }

  // The youngest entry, or nothing.
  std::optional<T> Pop() {
    if (entries_.empty()) return std::nullopt;
    T entry = std::move(entries_.back());
    entries_.pop_back();
    return entry;
  }

  // Its entries become the youngest of `other`, in the same order.
  void MoveTo(CleanupList& other) {
    for (T& entry : entries_) other.Push(std::move(entry));
    entries_.clear();
  }

  // Takes out the youngest entry that `matches`; nothing if none does.
  std::optional<T> Take(absl::FunctionRef<bool(const T&)> matches) {
    for (auto place = entries_.rbegin(); place != entries_.rend(); ++place) {
      if (!matches(*place)) continue;
      T entry = std::move(*place);
      entries_.erase(std::next(place).base());
      return entry;
    }
    return std::nullopt;
  }

 private:
  std::vector<T> entries_;
};

}  // namespace lev

#endif  // LEV_TASK_CLEANUP_LIST_H_
