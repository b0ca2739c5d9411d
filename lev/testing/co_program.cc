#include "lev/testing/co_program.h"

#include <signal.h>

#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lev/net/fd_stream.h"
#include "lev/net/owned_fd.h"
#include "lev/task/co_spawn.h"
#include "lev/task/task.h"
#include "lev/testing/memory_processes.h"

namespace lev {
namespace {

class CoProgram final : public MemoryProgram {
 public:
  CoProgram(Scope& scope, ProgramBody body)
      : scope_(scope), body_(std::move(body)) {}

  absl::Status Start(MemoryProcess& process) override {
    const std::string name =
        absl::StrCat("pid ", process.pid(), ": ", process.argv()[0]);
    auto task = Spawn(scope_, name, Run, Running(*this, process));
    tasks_[&process] = &task.task();
    return absl::OkStatus();
  }

  void Stop(MemoryProcess& process) override {
    const auto task = tasks_.extract(&process);
    if (!task.empty()) task.mapped()->Abort();
  }

 private:
  static constexpr size_t kScratchSize = size_t{64} << 10;

  // A process and its task: when the task is gone, so is the process.
  class Running {
   public:
    Running(CoProgram& program, MemoryProcess& process)
        : program_(&program), process_(&process) {}
    Running(Running&& other) noexcept
        : program_(other.program_),
          process_(std::exchange(other.process_, nullptr)) {}
    Running& operator=(Running&&) = delete;
    ~Running() {
      if (process_ == nullptr) return;
      program_->tasks_.erase(process_);
      process_->Deliver(SIGKILL);
    }

    CoProgram& program() { return *program_; }
    MemoryProcess& process() { return *process_; }
    void Exit(int code) {
      program_->tasks_.erase(process_);
      process_->Exit(code);
    }

   private:
    CoProgram* program_;
    MemoryProcess* process_;
  };

  static Co<> Run(Running running) {
    CoProgram& program = running.program();
    if (program.scratch_ == nullptr) {
      program.scratch_.reset(new char[kScratchSize]);
    }
    ScriptedProcess process(program.scope_.loop(), running.process(),
                            {program.scratch_.get(), kScratchSize});
    const int code = co_await program.body_(process);
    running.Exit(code);
  }

  Scope& scope_;
  ProgramBody body_;
  std::unique_ptr<char[]> scratch_;
  std::map<MemoryProcess*, Task*> tasks_;  // Those that run.
};

OwnedFd Stdio(const MemoryProcess& process, int i) {
  return OwnedFd(process.stdio()[i], process.host());
}

}  // namespace

ScriptedProcess::ScriptedProcess(EventLoop& loop, MemoryProcess& process,
                                 absl::Span<char> scratch)
    : process_(process),
      input_(loop, Stdio(process, 0), scratch, FdStream::Kind::kPipe),
      output_(loop, Stdio(process, 1), scratch, FdStream::Kind::kPipe),
      errors_(loop, Stdio(process, 2), scratch, FdStream::Kind::kPipe) {}

absl::Span<const std::string> ScriptedProcess::args() const {
  return absl::MakeConstSpan(process_.argv()).subspan(1);
}

void SetProgram(MemoryHost& host, absl::string_view name, Scope& scope,
                ProgramBody body) {
  host.processes().SetProgram(
      name, std::make_unique<CoProgram>(scope, std::move(body)));
}

}  // namespace lev
