// Async-signal-safe calls only, nothing that allocates, and nothing that
// touches what glibc knows of the process: see the essay in spawn.cc.
//
// The order is not free. The dispositions come before the mask is opened, or
// a handler of the parent would run here. The terminal is taken while its
// descriptor is still open, the limits are raised while there is still the
// right to, the directory is entered as the user who will work there. The
// parent-death signal comes after the user, because a change of user clears
// it.

#include "lev/proc/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/base/attributes.h"

// The sanitizers keep books about the thread that runs, which is the parent's:
// a function that never returns would leave them wrong.
#define LEV_IN_CHILD \
  ABSL_ATTRIBUTE_NO_SANITIZE_ADDRESS ABSL_ATTRIBUTE_NO_SANITIZE_UNDEFINED

namespace lev {
namespace {

[[noreturn]] LEV_IN_CHILD void Fail(ChildPlan& plan, SpawnStage stage) {
  plan.error = errno;
  plan.stage = stage;
  _exit(127);
}

LEV_IN_CHILD void Check(ChildPlan& plan, int result, SpawnStage stage) {
  if (result < 0) Fail(plan, stage);
}

// What is caught becomes default by itself when the program starts, but a
// handler of the parent must not run before that; what is ignored would stay.
// The bare system call: glibc's leaves out two signals that it uses itself, and
// which some hosts ignore. All zero is the default, however it is laid out.
LEV_IN_CHILD void ResetDispositions() {
  const uint64_t standard[8] = {};
  for (int signal = 1; signal < NSIG; ++signal) {
    syscall(SYS_rt_sigaction, signal, standard, nullptr, NSIG / 8);
  }
}

LEV_IN_CHILD void EnterGroup(ChildPlan& plan) {
  if (plan.new_session) {
    Check(plan, setsid(), SpawnStage::kSession);
    if (plan.terminal >= 0) {
      Check(plan, ioctl(plan.terminal, TIOCSCTTY, 0), SpawnStage::kTerminal);
    }
  } else if (plan.new_group) {
    Check(plan, setpgid(0, 0), SpawnStage::kGroup);
  }
}

// The three may be given crosswise (1 for 0, 0 for 1): those that stand in
// another's place move out of the way first.
LEV_IN_CHILD void PlaceStdio(ChildPlan& plan) {
  for (int i = 0; i < 3; ++i) {
    int& fd = plan.stdio[i];
    if (fd > 2 || fd == i) continue;
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    Check(plan, fd, SpawnStage::kStdio);
  }
  for (int i = 0; i < 3; ++i) {
    const int fd = plan.stdio[i];
    // dup2 to itself would leave it close-on-exec.
    const int result = fd == i ? fcntl(fd, F_SETFD, 0) : dup2(fd, i);
    Check(plan, result, SpawnStage::kStdio);
  }
}

// Also those that the host has opened without close-on-exec.
LEV_IN_CHILD void CloseOthers() {
  if (syscall(SYS_close_range, 3, ~0U, 0) == 0) return;
  // A kernel older than 5.9, or a sandbox that does not know the call.
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t fd = 3; fd < limit.rlim_cur; ++fd) close(static_cast<int>(fd));
}

LEV_IN_CHILD void SetLimits(ChildPlan& plan) {
  for (size_t i = 0; i < plan.limit_count; ++i) {
    const ResourceLimit& limit = plan.limits[i];
    const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
    Check(plan, setrlimit(resource, &limit.limit), SpawnStage::kLimits);
  }
}

// The bare system calls: glibc's would tell all threads of the process, whose
// list is the parent's.
LEV_IN_CHILD void BecomeUser(ChildPlan& plan) {
  const auto check = SpawnStage::kUser;
  if (plan.drop_groups) Check(plan, syscall(SYS_setgroups, 0, nullptr), check);
  if (plan.gid != nullptr) Check(plan, syscall(SYS_setgid, *plan.gid), check);
  if (plan.uid != nullptr) Check(plan, syscall(SYS_setuid, *plan.uid), check);
}

LEV_IN_CHILD void FollowParent(ChildPlan& plan) {
  if (plan.death_signal == 0) return;
  Check(plan, prctl(PR_SET_PDEATHSIG, plan.death_signal),
        SpawnStage::kDeathSignal);
  // It may have died before we asked.
  if (getppid() != plan.parent) _exit(127);
}

LEV_IN_CHILD void OpenMask() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

LEV_IN_CHILD bool MayBeElsewhere(int error) {
  return error == EACCES || error == ENOENT || error == ENOTDIR ||
         error == ESTALE || error == ENODEV || error == ETIMEDOUT;
}

// Along PATH as execvp goes: what may not be run is passed over, and told if
// nothing better comes.
[[noreturn]] LEV_IN_CHILD void Execute(ChildPlan& plan) {
  int error = 0;
  for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
    execve(*path, plan.argv, plan.env);
    const bool elsewhere = MayBeElsewhere(errno);
    if (!elsewhere || error == 0 || errno == EACCES) error = errno;
    if (errno == ENOENT && error != EACCES) error = ENOENT;
    if (!elsewhere) break;
  }
  SpawnStage stage = SpawnStage::kProgram;
  if (error == ENOENT) {
    for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
      if (access(*path, F_OK) == 0) stage = SpawnStage::kInterpreter;
    }
  }
  errno = error;
  Fail(plan, stage);
}

}  // namespace

LEV_IN_CHILD int RunChild(void* argument) {
  ChildPlan& plan = *static_cast<ChildPlan*>(argument);
  ResetDispositions();
  EnterGroup(plan);
  PlaceStdio(plan);
  CloseOthers();
  SetLimits(plan);
  BecomeUser(plan);
  if (plan.cwd != nullptr) Check(plan, chdir(plan.cwd), SpawnStage::kCwd);
  FollowParent(plan);
  OpenMask();
  Execute(plan);
}

}  // namespace lev
