// A system call that the kernel refuses, as a container's profile does.

#ifndef TESTS_SUPPORT_FORBIDDEN_CALLS_H_
#define TESTS_SUPPORT_FORBIDDEN_CALLS_H_

namespace lev {

// From now on system call `number` fails with `error` in this thread and in
// the processes it begins. False if the kernel has no seccomp.
bool ForbidCall(int number, int error);

}  // namespace lev

#endif  // TESTS_SUPPORT_FORBIDDEN_CALLS_H_
