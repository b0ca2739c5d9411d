// The style that a machine can hold: one function a rule.
//
// Each returns what it found fault with, as "file:line: what is wrong", in
// the order of the files.

#ifndef TESTS_TIDY_RULES_H_
#define TESTS_TIDY_RULES_H_

#include <string>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace lev::tidy {

using Findings = std::vector<std::string>;

// Which room may include which, and who may include what from outside.
Findings CheckIncludes(const SourceTree& tree);

// At most: header 250 lines, other source 400, function 60, line 80 columns.
Findings CheckSizes(const SourceTree& tree);

// Names that must not be used, notes to oneself, banners.
Findings CheckWords(const SourceTree& tree);

// A header says what it is for, and has the guard of its path.
Findings CheckHeaders(const SourceTree& tree);

// Only the Lua task resumes, only its driver yields, only one file awaits.
Findings CheckSuspension(const SourceTree& tree);

// Every source has its test: lev/net/error.cc has tests/net/error_test.cc, or
// is named ("Tests lev/net/error.cc") by another test of its room, which for
// lev/lua may be a spec.
Findings CheckTests(const SourceTree& tree);

}  // namespace lev::tidy

#endif  // TESTS_TIDY_RULES_H_
