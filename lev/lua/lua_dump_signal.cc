// What this file fights: a signal that must be answered by a loop that does
// not turn.
//
// The dump is wanted most when a task keeps the loop for itself. A signalfd
// would be read only when that is over, so the signal has a real handler. It
// may come between any two machine instructions, and a handler may do next to
// nothing: no memory, no locks, no Lua. It does one of these:
//
//   the loop's thread runs Lua code of a task   plants a hook in its coroutine
//   the loop's thread does anything else        writes to an eventfd
//   it was another thread that was interrupted  sends the signal on
//
// lua_sethook is what Lua's own interpreter calls from its handler for Ctrl-C:
// it stores three fields and sets a flag in each frame, which is good at any
// time as long as the coroutine is alive. The task says that it is: LuaTask
// tells Resuming and Returned, at the moments before and after lua_resume. The
// hook fires before the next instruction of the virtual machine; it takes
// itself out, puts a hook of the user's back, and prints. So it can be told
// where a loop that never ends is at that moment.
//
// The eventfd wakes a waiter of ours, which prints. It only looks on: it keeps
// no run alive and is no hope in a deadlock.
//
// What it cannot do. A long call of C (string.rep, a slow os.execute) is told
// of when it returns. Neither can the hook fire while the task has resumed a
// coroutine of its own, for that one has hooks of its own and nobody knows
// which it is; then the dump comes when that yields or ends. Who sends the
// signal a second time meanwhile is told so by the handler itself, in a line
// that needs no Lua. With lev.run(fn, {slow = ...}) coroutines inherit its
// hook, and the dump comes from inside them.
//
// A program that takes the same signal with lev.on_signal blocks it, and the
// handler is not called any more. Then the dump comes when the loop reads the
// signal, which it does not while a task keeps it.
//
// Requests are a flag, and not counted: many signals may make one dump.
//
// A handler gets no argument but the signal's number, so where it finds the
// run must be global: one atomic pointer of this file, set only between the
// installation of the handler and the return of the old one.

#include "lev/lua/lua_dump_signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "lev/loop/event_loop.h"
#include "lev/loop/fd_watch.h"
#include "lev/lua/lua_onlooker.h"
#include "lev/lua/lua_runtime.h"
#include "lev/lua/lua_task.h"
#include "lev/net/error.h"
#include "lev/net/owned_fd.h"

namespace lev::lua {
namespace {

class DumpSignal;

std::atomic<DumpSignal*> g_enabled{nullptr};
static_assert(std::atomic<DumpSignal*>::is_always_lock_free);

class DumpSignal final : public Onlooker {
 public:
  // Of this process's run that has one; null if none has.
  static DumpSignal* Enabled() {
    return g_enabled.load(std::memory_order_acquire);
  }

  explicit DumpSignal(Runtime& runtime) : runtime_(runtime) {}
  ~DumpSignal() override;

  // Once, before Take.
  absl::Status Open();
  // Installs the handler for `signo`, and brings the one before back.
  absl::Status Take(int signo, DumpFormat format);

  bool Is(const Runtime& runtime) const { return &runtime == &runtime_; }
  // A signal has come by another way.
  void Hear(int signo);

  void Resuming(LuaTask& task) override;
  void Returned(LuaTask& task) override;
  void Report(LuaTask&) override { Answer(nullptr); }
  void Tick(lua_State* L) override { Answer(L); }

 private:
  // Prints the dump, if one was requested.
  void Answer(lua_State* here);

  // Waits for the handler's word while no Lua code runs.
  class Bell final : public Waiter {
   public:
    Bell(DumpSignal& owner, EventLoop& loop) : Waiter(loop), owner_(owner) {}
    absl::Status Open();
    void Ring() const;

   private:
    void Run() override;

    DumpSignal& owner_;
    OwnedFd fd_;
    FdWatch watch_;
  };

  static void OnSignal(int signo);
  static void OnHook(lua_State* L, lua_Debug* frame);
  void Handle();
  void Plant(lua_State* thread);
  void Uproot(lua_State* thread);
  void SayStuck() const;
  void GiveBack();

  Runtime& runtime_;
  std::unique_ptr<Bell> bell_;
  DumpFormat format_ = DumpFormat::kText;
  int signo_ = 0;  // 0: none taken
  struct sigaction before_;
  pthread_t loop_thread_;

  // Shared with the handler.
  std::atomic<bool> requested_{false};
  std::atomic<lua_State*> thread_{nullptr};  // Whose Lua code runs.
  std::atomic<uint32_t> task_id_{0};         // And of which task.

  // The user's hook, while ours is in its place.
  lua_Hook users_hook_ = nullptr;
  int users_mask_ = 0;
  int users_count_ = 0;
};

absl::Status DumpSignal::Bell::Open() {
  fd_ = OwnedFd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd_.valid()) return ErrnoError(errno);
  watch_.Open(loop(), fd_.get());
  // A world in memory knows no such descriptor. There the loop never waits,
  // and the next resumption of a task will do.
  if (!watch_.Register().ok()) return absl::OkStatus();
  LookOn();
  loop().Park(*this, watch_.readers());
  return absl::OkStatus();
}

// In the handler.
void DumpSignal::Bell::Ring() const {
  const uint64_t one = 1;
  // It fails only when it was rung 2^64 times in vain.
  static_cast<void>(!write(fd_.get(), &one, sizeof(one)));
}

void DumpSignal::Bell::Run() {
  uint64_t count;
  static_cast<void>(!read(fd_.get(), &count, sizeof(count)));
  loop().Park(*this, watch_.readers());
  owner_.Answer(nullptr);
}

DumpSignal::~DumpSignal() {
  GiveBack();
  g_enabled.store(nullptr, std::memory_order_release);
}

absl::Status DumpSignal::Open() {
  bell_ = std::make_unique<Bell>(*this, runtime_.loop());
  loop_thread_ = pthread_self();
  if (LuaTask* const task = runtime_.current()) Resuming(*task);
  return bell_->Open();
}

absl::Status DumpSignal::Take(int signo, DumpFormat format) {
  if (signo != signo_) {
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    struct sigaction before;
    if (sigaction(signo, &action, &before) != 0) return ErrnoError(errno);
    GiveBack();
    signo_ = signo;
    before_ = before;
  }
  format_ = format;
  return absl::OkStatus();
}

void DumpSignal::GiveBack() {
  if (signo_ != 0) sigaction(signo_, &before_, nullptr);
  signo_ = 0;
}

void DumpSignal::OnSignal(int signo) {
  const int saved_errno = errno;
  if (DumpSignal* const self = Enabled()) {
    if (pthread_equal(pthread_self(), self->loop_thread_) != 0) {
      self->Handle();
    } else {
      pthread_kill(self->loop_thread_, signo);
    }
  }
  errno = saved_errno;
}

// In the handler, on the loop's thread.
void DumpSignal::Handle() {
  const bool again = requested_.exchange(true, std::memory_order_relaxed);
  lua_State* const thread = thread_.load(std::memory_order_relaxed);
  if (thread == nullptr) return bell_->Ring();
  // A hook without a mask: the last one was being taken out just now.
  if (lua_gethook(thread) != OnHook || lua_gethookmask(thread) == 0) {
    Plant(thread);
  } else if (again) {
    SayStuck();
  }
}

void DumpSignal::Plant(lua_State* thread) {
  if (lua_gethook(thread) != OnHook) {
    users_hook_ = lua_gethook(thread);
    users_mask_ = lua_gethookmask(thread);
    users_count_ = lua_gethookcount(thread);
  }
  lua_sethook(thread, OnHook,
              LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

// In the handler: printf may not be called here.
void DumpSignal::SayStuck() const {
  constexpr char kBefore[] = "lev: task #";
  constexpr char kAfter[] =
      " is in a call of C, or in a coroutine of its own; the dump follows "
      "when it comes back\n";
  char text[sizeof(kBefore) + sizeof(kAfter) + 10];
  char digits[10];
  size_t count = 0;
  for (uint32_t id = task_id_.load(std::memory_order_relaxed); id != 0;
       id /= 10) {
    digits[count++] = static_cast<char>('0' + id % 10);
  }
  char* end = text + sizeof(kBefore) - 1;
  std::memcpy(text, kBefore, sizeof(kBefore) - 1);
  while (count > 0) *end++ = digits[--count];
  std::memcpy(end, kAfter, sizeof(kAfter) - 1);
  end += sizeof(kAfter) - 1;
  static_cast<void>(!write(STDERR_FILENO, text, end - text));
}

// Also in a coroutine that was made while the hook was planted, and has
// inherited it.
void DumpSignal::OnHook(lua_State* L, lua_Debug*) {
  DumpSignal* const self = Enabled();
  if (self == nullptr) {
    lua_sethook(L, nullptr, 0, 0);
    return;
  }
  self->Uproot(L);
  self->Answer(L);
}

void DumpSignal::Uproot(lua_State* thread) {
  lua_sethook(thread, users_hook_, users_mask_, users_count_);
}

void DumpSignal::Hear(int signo) {
  if (signo != signo_) return;
  requested_.store(true, std::memory_order_relaxed);
  Answer(nullptr);
}

void DumpSignal::Answer(lua_State* here) {
  if (!requested_.load(std::memory_order_relaxed)) return;
  requested_.store(false, std::memory_order_relaxed);
  PrintDump(runtime_, here, format_);
}

void DumpSignal::Resuming(LuaTask& task) {
  task_id_.store(task.id(), std::memory_order_relaxed);
  thread_.store(task.thread(), std::memory_order_relaxed);
}

void DumpSignal::Returned(LuaTask& task) {
  thread_.store(nullptr, std::memory_order_relaxed);
  if (lua_gethook(task.thread()) == OnHook) Uproot(task.thread());
}

}  // namespace

absl::Status EnableDumpSignal(Runtime& runtime, int signo, DumpFormat format) {
  DumpSignal* const other = DumpSignal::Enabled();
  if (other != nullptr && other->Is(runtime)) return other->Take(signo, format);
  if (other != nullptr) {
    return absl::FailedPreconditionError(
        "another Lua state of this process has enabled its dump signal");
  }
  auto made = std::make_unique<DumpSignal>(runtime);
  if (const absl::Status opened = made->Open(); !opened.ok()) return opened;
  g_enabled.store(made.get(), std::memory_order_release);
  const absl::Status taken = made->Take(signo, format);
  if (!taken.ok()) return taken;
  runtime.onlookers().Add(std::move(made));
  return absl::OkStatus();
}

void DumpOnSignal(Runtime& runtime, int signo) {
  DumpSignal* const self = DumpSignal::Enabled();
  if (self != nullptr && self->Is(runtime)) self->Hear(signo);
}

}  // namespace lev::lua
