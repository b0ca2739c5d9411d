// What this file fights: fork and exec.
//
// fork copies the parent's page tables. For a parent of many gigabytes that
// takes milliseconds, during which the loop stands still, and afterwards every
// page that the parent touches is copied once more. So the child is made as
// vfork makes it, with CLONE_VM and CLONE_VFORK: it runs in the parent's own
// memory, and the parent's thread sleeps until the child has begun its program
// or is gone. That costs the same however large the parent is. It is also how
// a failure is told: the child writes errno into the plan, and the parent
// reads it when it wakes. No pipe is needed, nothing can be half read.
//
// The price is that the child must behave like a signal handler, and worse:
//   - It gets a stack of its own (with a page below that faults), because it
//     must not return into the parent's frames.
//   - It allocates nothing: another thread may have held malloc's lock when it
//     was made. Hence all strings, and the candidates along PATH, are made
//     here, beforehand.
//   - A signal handler that ran in the child would change the parent's
//     variables. So all signals are blocked here around the clone; the child
//     sets the dispositions to default and only then opens its mask.
//   - errno is the parent's, which does not mind: it is asleep.
//   - glibc's setuid sends a signal to every thread it knows of, and in the
//     child it knows the parent's. The child makes the bare system calls.
//   - What the child has failed to do it reports and then calls _exit, not
//     exit: the parent's atexit functions and buffers are not its own.
//
// CLONE_PIDFD gives the descriptor together with the child, so that there is
// no moment in which only a number names it. Numbers are used again: between a
// waitpid(-1) somewhere else in the process and our kill, the number may have
// become another's.
//
// What a child inherits without being asked, and must not:
//   - The mask. lev blocks the signals that it takes through a descriptor
//     (SignalSource), and the caller may block what it likes; a program that
//     begins with SIGTERM blocked cannot be told to stop.
//   - Ignored signals stay ignored across exec. Hosts often ignore SIGPIPE;
//     `yes | head` then never ends.
//   - Descriptors. Each of lev's is close-on-exec from birth, but the host's
//     need not be; a server's child that holds a client's socket keeps the
//     connection open after the server has closed it. So the child closes all
//     but its three. They are closed, not marked: a descriptor that shares its
//     table's entry with nobody is simply gone.
//   - A session leader's terminal: see pty.h.
//
// exec's own traps: E2BIG when arguments and environment are too long, ETXTBSY
// when somebody still has the file open for writing, EAGAIN when a new user
// has too many processes, ENOENT when the file is there but not the
// interpreter that it names. All come back as they are; the last one is told
// apart by the detail "interpreter", because everybody has looked at that
// message and at the file, and wondered. A script without a first line that
// names an interpreter is an error, as it is for execve, rather than given to
// the shell, as execvp would: what runs should be what was asked for.

#include "lev/proc/spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "lev/net/error.h"
#include "lev/proc/spawn_child.h"

namespace lev {
namespace {

constexpr size_t kStackSize = 64 * 1024;
constexpr size_t kGuardSize = 64 * 1024;  // A page, however large it is.

class ChildStack {
 public:
  ChildStack()
      : base_(mmap(nullptr, kGuardSize + kStackSize, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (!valid()) return;
    char* const stack = static_cast<char*>(base_) + kGuardSize;
    if (mprotect(stack, kStackSize, PROT_READ | PROT_WRITE) == 0) {
      top_ = stack + kStackSize;
    }
  }
  ~ChildStack() {
    const int code = errno;
    if (valid()) munmap(base_, kGuardSize + kStackSize);
    errno = code;
  }
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  // Where it begins, for it grows downwards; null, with errno set, if there
  // is no memory.
  void* top() const { return top_; }

 private:
  bool valid() const { return base_ != MAP_FAILED; }

  void* const base_;
  void* top_ = nullptr;
};

// While one lives, no signal comes to this thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

bool HasZeroByte(absl::string_view text) {
  return text.find('\0') != absl::string_view::npos;
}

// The system would take what stands before a zero byte for the whole.
absl::Status CheckText(const SpawnOptions& options) {
  if (HasZeroByte(options.program)) {
    return InvalidError("the program's name contains a zero byte");
  }
  if (HasZeroByte(options.cwd)) {
    return InvalidError("the directory's name contains a zero byte");
  }
  for (const std::string& argument : options.argv) {
    if (!HasZeroByte(argument)) continue;
    return InvalidError("an argument contains a zero byte");
  }
  if (!options.env.has_value()) return absl::OkStatus();
  for (const std::string& variable : *options.env) {
    if (!HasZeroByte(variable)) continue;
    return InvalidError("a variable of the environment contains a zero byte");
  }
  return absl::OkStatus();
}

// Where the program may be. An empty entry of PATH is the directory.
std::vector<std::string> Candidates(const std::string& program) {
  if (program.empty() || program.find('/') != std::string::npos) {
    return {program};
  }
  const char* const variable = getenv("PATH");
  const absl::string_view path =
      variable != nullptr ? variable : "/bin:/usr/bin";
  std::vector<std::string> candidates;
  for (const absl::string_view folder : absl::StrSplit(path, ':')) {
    candidates.push_back(
        absl::StrCat(folder, folder.empty() ? "" : "/", program));
  }
  return candidates;
}

// As exec wants it: pointers, the last one null.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

const char* StageName(SpawnStage stage) {
  switch (stage) {
    case SpawnStage::kProgram:
      return "";
    case SpawnStage::kInterpreter:
      return "interpreter";
    case SpawnStage::kStdio:
      return "stdio";
    case SpawnStage::kSession:
      return "session";
    case SpawnStage::kTerminal:
      return "terminal";
    case SpawnStage::kGroup:
      return "pgroup";
    case SpawnStage::kLimits:
      return "rlimits";
    case SpawnStage::kUser:
      return "user";
    case SpawnStage::kCwd:
      return "cwd";
    case SpawnStage::kDeathSignal:
      return "pdeathsig";
  }
  return "";
}

ChildPlan MakePlan(const SpawnOptions& options) {
  ChildPlan plan;
  plan.cwd = options.cwd.empty() ? nullptr : options.cwd.c_str();
  for (int i = 0; i < 3; ++i) plan.stdio[i] = options.stdio[i];
  plan.new_group = options.new_group;
  plan.new_session = options.new_session;
  plan.terminal = options.terminal;
  if (options.uid.has_value()) plan.uid = &*options.uid;
  if (options.gid.has_value()) plan.gid = &*options.gid;
  plan.drop_groups = options.uid.has_value() && *options.uid != geteuid();
  plan.limits = options.limits.data();
  plan.limit_count = options.limits.size();
  plan.death_signal = options.death_signal;
  plan.parent = getpid();
  return plan;
}

// The child that failed ends at once; nobody else is told of it.
void Reap(int pidfd) {
  siginfo_t info;
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0 &&
         errno == EINTR) {
    continue;
  }
}

absl::StatusOr<Spawned> Start(ChildPlan& plan) {
  const ChildStack stack;
  if (stack.top() == nullptr) return ErrnoError(errno);
  const SignalsBlocked blocked;
  int fd = -1;
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  const pid_t pid = clone(RunChild, stack.top(), flags, &plan, &fd);
  if (pid < 0) return ErrnoError(errno);
  OwnedFd pidfd(fd);
  if (plan.error == 0) {
    return Spawned{pid, std::move(pidfd), plan.new_group || plan.new_session};
  }
  Reap(pidfd.get());
  return WithDetail(ErrnoError(plan.error), StageName(plan.stage));
}

}  // namespace

absl::StatusOr<Spawned> Spawn(const SpawnOptions& options,
                              ProcessCalls& calls) {
  const absl::Status text = CheckText(options);
  if (!text.ok()) return text;
  return calls.Spawn(options);
}

absl::StatusOr<Spawned> SpawnInKernel(const SpawnOptions& options) {
  const std::vector<std::string> paths = Candidates(options.program);
  const std::vector<char*> candidates = Pointers(paths);
  const std::vector<char*> argv = Pointers(options.argv);
  std::vector<char*> env;
  if (options.env.has_value()) env = Pointers(*options.env);
  ChildPlan plan = MakePlan(options);
  plan.candidates = candidates.data();
  plan.argv = argv.data();
  plan.env = options.env.has_value() ? env.data() : environ;
  return Start(plan);
}

}  // namespace lev
