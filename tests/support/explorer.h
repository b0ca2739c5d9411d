// All courses that a small program may take, one after the other.
//
// A course is the list of choices that were made in it; the next one differs
// as late as possible (depth first). A failure prints the list, and
// LEV_COURSE=1,0,2 in the environment takes that course alone.

#ifndef TESTS_SUPPORT_EXPLORER_H_
#define TESTS_SUPPORT_EXPLORER_H_

#include <stdlib.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "lev/loop/chance.h"

namespace lev {

class Explorer final : public Chance {
 public:
  // A program with more courses than this is too large to be explored.
  static constexpr size_t kMost = 1'000'000;

  // Runs the same program again and again, until it has taken every course or
  // a check has failed. It makes its own choices by Choose as well. Returns
  // the number of courses, which is printed and more than one.
  static size_t Explore(const std::function<void(Explorer&)>& program) {
    Explorer explorer;
    const char* const course = getenv("LEV_COURSE");
    if (course != nullptr) explorer.Follow(course);
    do {
      program(explorer);
    } while (explorer.Next() && course == nullptr);
    const auto& test = *::testing::UnitTest::GetInstance()->current_test_info();
    std::printf("%8zu courses: %s\n", explorer.courses_, test.name());
    EXPECT_TRUE(explorer.courses_ > 1 || course != nullptr)
        << "nothing to explore";
    return explorer.courses_;
  }

  size_t Choose(size_t options) override {
    if (options < 2) return 0;
    if (made_ == choices_.size()) choices_.push_back({0, options});
    Choice& choice = choices_[made_++];
    if (choice.options == kUnknown) choice.options = options;
    EXPECT_EQ(choice.options, options) << "the program is not the same again";
    return choice.made;
  }

 private:
  static constexpr size_t kUnknown = 0;

  struct Choice {
    size_t made;
    size_t options;
  };

  void Follow(const char* course) {
    for (const auto digits : absl::StrSplit(course, ',')) {
      uint64_t made = 0;
      EXPECT_TRUE(absl::SimpleAtoi(digits, &made)) << course;
      choices_.push_back({made, kUnknown});
    }
  }

  // To the next course; false if there is none, or no sense in it.
  bool Next() {
    ++courses_;
    EXPECT_EQ(made_, choices_.size()) << "the program is not the same again";
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "in the course LEV_COURSE=" << Course();
      return false;
    }
    made_ = 0;
    while (!choices_.empty() &&
           choices_.back().made + 1 == choices_.back().options) {
      choices_.pop_back();
    }
    if (choices_.empty()) return false;
    ++choices_.back().made;
    EXPECT_LT(courses_, kMost) << "the program is too large";
    return courses_ < kMost;
  }

  std::string Course() const {
    std::string course;
    for (const Choice& choice : choices_) {
      absl::StrAppend(&course, course.empty() ? "" : ",", choice.made);
    }
    return course;
  }

  std::vector<Choice> choices_;
  size_t made_ = 0;  // In this course, so far.
  size_t courses_ = 0;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_EXPLORER_H_
