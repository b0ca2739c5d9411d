#include "lev/lua/lua_runtime.h"

#include <memory>
#include <new>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lev/loop/epoll_poller.h"
#include "lev/loop/fake_poller.h"
#include "lev/loop/uring_poller.h"
#include "lev/lua/lua_slow.h"
#include "lev/lua/lua_task.h"
#include "lev/testing/leftovers.h"

namespace lev::lua {
namespace {

// Its address is the runtime's key in the registry.
const char kRegistryKey = 0;

// The most that one recv takes: four of the largest segments loopback has, so
// that a bulk transfer spends its time on copying rather than on calls.
constexpr size_t kScratchSize = 256 * 1024;

using PollerKind = RunOptions::PollerKind;

absl::StatusOr<std::unique_ptr<Poller>> MakePoller(PollerKind kind,
                                                   Clock& clock) {
  switch (kind) {
    case PollerKind::kEpoll:
      return EpollPoller::Create();
    case PollerKind::kUring:
      return UringPoller::Create();
    case PollerKind::kFake:
      break;
  }
  return std::make_unique<FakePoller>(static_cast<FakeClock&>(clock));
}

absl::StatusOr<std::unique_ptr<World>> MakeWorld(const RunOptions& options,
                                                 Chance* chance) {
  std::unique_ptr<Clock> clock;
  if (options.poller == PollerKind::kFake) {
    clock = std::make_unique<FakeClock>();
  } else {
    clock = std::make_unique<MonotonicClock>();
  }
  auto poller = MakePoller(options.poller, *clock);
  if (!poller.ok()) return poller.status();
  return std::make_unique<World>(std::move(clock), *std::move(poller),
                                 EventLoop::Options{options.seed, chance});
}

absl::StatusOr<std::unique_ptr<World>> MakeTestWorld(const RunOptions& options,
                                                     Chance* chance) {
  auto bed =
      std::make_unique<TestBed>(options.seed, options.trace, options.limit);
  const EventLoop::Options loop = {options.seed, chance, &bed->witness()};
  return std::make_unique<World>(std::move(bed), loop);
}

absl::Span<char> Buffer(std::unique_ptr<char[]>& memory) {
  if (memory == nullptr) memory.reset(new char[kScratchSize]);
  return absl::MakeSpan(memory.get(), kScratchSize);
}

// A table in the registry that keeps none of its keys alive.
int MakeWeakTable(lua_State* L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

// Frees what `member` owns. Assigning an empty one might keep its memory.
template <typename T>
void Renew(T& member) {
  std::destroy_at(&member);
  std::construct_at(&member);
}

}  // namespace

Runtime& Runtime::Open(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kRegistryKey) == LUA_TUSERDATA) {
    return *static_cast<Runtime*>(lua_touserdata(L, -1));
  }
  lua_pop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State* const main = lua_tothread(L, -1);
  lua_pop(L, 1);
  void* const memory = lua_newuserdatauv(L, sizeof(Runtime), 0);
  lua_newtable(L);
  lua_pushcfunction(L, Collect);
  lua_setfield(L, -2, "__gc");
  Runtime& runtime = *new (memory) Runtime(main);
  lua_setmetatable(L, -2);
  runtime.tasks_.Open(L);
  runtime.threads_.Open(L);
  runtime.names_ref_ = MakeWeakTable(L);
  runtime.locals_ref_ = MakeWeakTable(L);
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, false);
  lua_getfield(L, -1, "find");
  runtime.string_find_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kRegistryKey);
  return runtime;
}

// The state closes (nothing else unroots the runtime), possibly from within a
// task by os.exit: lev runs no Lua code any more. Finalizers of objects that
// are older than the runtime come after this one and may still call the module:
// it stays a runtime, one that refuses to run and owns no memory.
int Runtime::Collect(lua_State* L) {
  Runtime& runtime = *static_cast<Runtime*>(lua_touserdata(L, 1));
  runtime.closing_ = true;
  if (runtime.running()) {
    runtime.DropRunning();
    runtime.EndRun();
  }
  runtime.FreeMemory();
  return 0;
}

void Runtime::FreeMemory() {
  // Those whose finalizers were skipped.
  while (objects_.linked()) delete static_cast<Boxed*>(objects_.next);
  scratch_.reset();
  datagram_scratch_.reset();
  Renew(resolver_options_);
  Renew(test_trace_);
  Renew(tasks_);
  Renew(threads_);
  Renew(failures_);
  Renew(sites_);
  Renew(onlookers_);
  Renew(tls_contexts_);
}

absl::Status Runtime::BeginRun(lua_State* host, const RunOptions& options) {
  auto world = options.test ? MakeTestWorld(options, chance)
                            : MakeWorld(options, chance);
  if (!world.ok()) return world.status();
  world_ = *std::move(world);
  bed_ = world_->bed.get();
  if (bed_ != nullptr) tls_contexts_.ForgetIdle();
  in_virtual_time_ = options.poller == PollerKind::kFake;
  host_ = host;
  ending_ = false;
  if (options.slow != kNever) {
    onlookers_.Add(std::make_unique<SlowWatch>(*this, options.slow));
  }
  return absl::OkStatus();
}

void Runtime::BeginHostedRun(lua_State* host, Scope& root) {
  world_ = std::make_unique<World>(root);
  in_virtual_time_ = false;
  host_ = host;
  ending_ = false;
}

void Runtime::EndRun() {
  ending_ = true;
  world_->root.AbortAll();
  failures_.ReportAll(*this);
  for (Link* link = objects_.next; link != &objects_; link = link->next) {
    static_cast<Boxed*>(link)->EndOfRun();
  }
  onlookers_.Clear();
  if (bed_ != nullptr) test_trace_ = bed_->network().trace();
  bed_ = nullptr;
  world_.reset();
  host_ = nullptr;
}

Resolver& Runtime::resolver() {
  std::unique_ptr<Resolver>& resolver = world_->resolver;
  if (resolver == nullptr) {
    ResolverOptions options = resolver_options_;
    options.offline = in_virtual_time_;
    if (bed_ != nullptr) options.table = &bed_->network().names();
    resolver = std::make_unique<Resolver>(world_->loop, std::move(options));
  }
  return *resolver;
}

void Runtime::SetResolverOptions(ResolverOptions options) {
  resolver_options_ = options;
  options.offline = in_virtual_time_;
  if (bed_ != nullptr) options.table = &bed_->network().names();
  if (running() && world_->resolver != nullptr) {
    world_->resolver->SetOptions(std::move(options));
  }
}

uint32_t Runtime::SpawnerId(const Scope& scope) const {
  const Task* const spawner = current_ != nullptr ? current_ : scope.owner();
  return spawner != nullptr ? spawner->id() : 0;
}

SocketCalls& Runtime::sockets() {
  return bed_ != nullptr ? bed_->HostOf(acting()) : KernelSockets();
}

void Runtime::InheritHost(uint32_t id) { bed_->Inherit(id, acting()); }

const std::string& Runtime::test_trace() const {
  return bed_ != nullptr ? bed_->network().trace() : test_trace_;
}

std::string Runtime::DescribeLeftovers() const {
  Leftovers left;
  bed_->witness().Report(left);
  left.AddTasks(world_->root);
  for (const Link* link = objects_.next; link != &objects_; link = link->next) {
    const auto& object = *static_cast<const Boxed*>(link);
    std::string text = object.Leftover();
    if (text.empty()) continue;
    const absl::string_view site = sites_.Describe(object.made_at());
    if (!site.empty()) absl::StrAppend(&text, ", made at ", site);
    left.Add(std::move(text));
  }
  for (const std::string& forgotten : bed_->forgotten()) left.Add(forgotten);
  left.AddTimers(world_->loop);
  // Handlers of signals are taken back with the run.
  left.AddDescriptors(bed_->network(), "signals");
  return left.empty() ? "" : left.ToString();
}

Runtime::Unwinding::~Unwinding() {
  --runtime_.unwinding_depth_;
  runtime_.current_ = interrupted_;
  runtime_.unwinding_ = outer_;
}

void Runtime::LoseTask(const LuaTask& task) {
  LoseCall(task);
  LuaChoice* const choice = task.choice();
  if (choice == nullptr) return;
  for (LuaChoice::Member& member : choice->members()) {
    choice->set_current(&member);
    LoseCall(task);
  }
  choice->set_current(nullptr);
  choice->End();
}

void Runtime::LoseCall(const LuaTask& task) {
  for (Link* link = objects_.next; link != &objects_; link = link->next) {
    static_cast<Boxed*>(link)->LoseTask(task);
  }
}

// Ends the tasks whose code called os.exit, which never returns to them: the
// one that runs, and those that are being unwound.
void Runtime::DropRunning() {
  if (current_ != nullptr) current_->Drop();
  for (Unwinding* place = unwinding_; place != nullptr; place = place->outer_) {
    place->task_.Drop();
    if (place->interrupted_ != nullptr) place->interrupted_->Drop();
  }
  current_ = nullptr;
  unwinding_ = nullptr;
}

LuaTask* Runtime::TaskOn(lua_State* L) const {
  return current_ != nullptr && current_->thread() == L ? current_ : nullptr;
}

bool Runtime::Protect(lua_CFunction function, void* argument, int results) {
  lua_State* const L = host();
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, argument);
  return lua_pcall(L, 1, results, 0) == LUA_OK;
}

absl::Span<char> Runtime::scratch() { return Buffer(scratch_); }

absl::Span<char> Runtime::datagram_scratch() {
  return Buffer(datagram_scratch_);
}

}  // namespace lev::lua
