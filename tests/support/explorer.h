// All courses that a small program may take, one after the other.
//
// A course is the list of choices that were made in it; the next one differs
// as late as possible (depth first). The program runs from its beginning each
// time, and has to be the same again: its choices alone decide.

#ifndef TESTS_SUPPORT_EXPLORER_H_
#define TESTS_SUPPORT_EXPLORER_H_

#include <stdlib.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lev/loop/chance.h"

namespace lev {

class Explorer final : public Chance {
 public:
  // A program with more courses than this is too large to be explored.
  static constexpr size_t kMost = 1'000'000;

  // LEV_COURSE=1,0,2 in the environment takes that course alone.
  Explorer() {
    const char* const course = getenv("LEV_COURSE");
    if (course == nullptr) return;
    follows_ = true;
    for (const auto digits : absl::StrSplit(course, ',')) {
      size_t made = 0;
      if (absl::SimpleAtoi(digits, &made)) choices_.push_back({made, kUnknown});
    }
  }

  size_t Choose(size_t options) override {
    if (options < 2) return 0;
    if (made_ == choices_.size()) choices_.push_back({0, options});
    Choice& choice = choices_[made_++];
    if (choice.options == kUnknown) choice.options = options;
    if (choice.options != options) same_ = false;
    return choice.made;
  }

  // Goes over to the next course; false if there is none, or too many.
  bool Next() {
    ++courses_;
    if (made_ != choices_.size()) same_ = false;
    if (follows_ || !same_ || courses_ == kMost) return false;
    made_ = 0;
    while (!choices_.empty() &&
           choices_.back().made + 1 == choices_.back().options) {
      choices_.pop_back();
    }
    if (choices_.empty()) return false;
    ++choices_.back().made;
    return true;
  }

  // How many courses were taken.
  size_t courses() const { return courses_; }
  // What is wrong with the program; empty if nothing is.
  std::string Complaint() const {
    if (!same_) return "the program was not the same again";
    if (courses_ == kMost) return "the program has too many courses";
    return courses_ > 1 || follows_ ? "" : "the program has one course only";
  }
  // The choices so far: `LEV_COURSE=1,0,2`.
  std::string Course() const {
    std::string course = "LEV_COURSE=";
    for (size_t i = 0; i < made_; ++i) {
      absl::StrAppend(&course, i == 0 ? "" : ",", choices_[i].made);
    }
    return course;
  }

 private:
  static constexpr size_t kUnknown = 0;

  struct Choice {
    size_t made;
    size_t options;
  };

  std::vector<Choice> choices_;
  size_t made_ = 0;  // In this course, so far.
  size_t courses_ = 0;
  bool follows_ = false;
  bool same_ = true;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_EXPLORER_H_
