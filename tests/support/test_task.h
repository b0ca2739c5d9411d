// A task without a language: a function that is called whenever it runs.

#ifndef TESTS_SUPPORT_TEST_TASK_H_
#define TESTS_SUPPORT_TEST_TASK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "lev/loop/event_loop.h"
#include "lev/task/scope.h"
#include "lev/task/task.h"

namespace lev {

class TestTask final : public Task {
 public:
  using Body = std::function<void(TestTask&)>;

  // Ready at once. Each run calls `body`, which parks or finishes the task; a
  // task without a body finishes when it runs first.
  TestTask(Scope& scope, std::string name, Body body = nullptr)
      : Task(scope, ++last_id(), 0),
        name_(std::move(name)),
        body_(std::move(body)) {
    loop().Schedule(*this);
  }
  ~TestTask() override {
    if (!ended()) Abort();
  }

  std::string name() const override { return name_; }
  int runs() const { return runs_; }
  bool destroyed() const { return destroyed_; }

  void Finish(Status status = Status::kDone) { End(status); }

  // What happens when the computation is destroyed, and after the end.
  std::function<void()> on_destroy;
  std::function<void()> on_ended;

  using Task::abort_requested;

 private:
  static uint32_t& last_id() {
    static uint32_t id = 0;
    return id;
  }

  void Proceed() override {
    ++runs_;
    if (!body_) return Finish();
    body_(*this);
    // The next suspension point of a task whose abort was asked for.
    if (!ended() && abort_requested()) Abort();
  }
  void DestroyComputation() override {
    destroyed_ = true;
    if (on_destroy) on_destroy();
  }
  void Ended(bool) override {
    // A copy: the hook may destroy this task.
    if (const auto hook = on_ended) hook();
  }

  const std::string name_;
  const Body body_;
  int runs_ = 0;
  bool destroyed_ = false;
};

}  // namespace lev

#endif  // TESTS_SUPPORT_TEST_TASK_H_
