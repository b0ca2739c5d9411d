// A test of all courses of a small program.

#ifndef TESTS_SUPPORT_EXPLORE_H_
#define TESTS_SUPPORT_EXPLORE_H_

#include <cstddef>
#include <cstdio>
#include <functional>

#include "gtest/gtest.h"
#include "tests/support/explorer.h"

namespace lev {

// Runs the program once for each of its courses, until a check has failed. It
// makes its own choices by Choose as well. Returns the number of courses, which
// is printed and more than one.
inline size_t Explore(const std::function<void(Explorer&)>& program) {
  Explorer explorer;
  do {
    program(explorer);
    if (!::testing::Test::HasFailure()) continue;
    ADD_FAILURE() << "in the course " << explorer.Course();
    return explorer.courses();
  } while (explorer.Next());
  const auto& test = *::testing::UnitTest::GetInstance()->current_test_info();
  std::printf("%8zu courses: %s\n", explorer.courses(), test.name());
  EXPECT_EQ(explorer.Complaint(), "");
  return explorer.courses();
}

}  // namespace lev

#endif  // TESTS_SUPPORT_EXPLORE_H_
