#include "lev/file/thread_files.h"

#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace lev {

absl::StatusOr<std::unique_ptr<ThreadFiles>> ThreadFiles::Create(
    EventLoop& loop) {
  std::unique_ptr<ThreadFiles> files(new ThreadFiles(loop));
  const absl::Status opened = files->doorbell_.Open();
  if (!opened.ok()) return opened;
  return files;
}

ThreadFiles::~ThreadFiles() {
  while (!idle()) {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return !answers_.empty(); });
    lock.unlock();
    TakeAnswers();
  }
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  asked_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void ThreadFiles::Start(FileCall& call) {
  Began(call);
  std::unique_lock lock(mutex_);
  const bool busy = idle_threads_ <= queue_.size();
  lock.unlock();
  if (busy && threads_.size() < kMostThreads) AddThread();
  if (threads_.empty()) return Complete(call, Perform(RequestOf(call)));
  lock.lock();
  queue_.push_back(&call);
  lock.unlock();
  asked_.notify_one();
}

// Signals are the business of the thread that runs the loop, and a new thread
// has its creator's mask.
bool ThreadFiles::AddThread() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, nullptr, Work, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (started) threads_.push_back(thread);
  return started;
}

// Only what no thread has taken yet: no system call on a file can be stopped.
void ThreadFiles::Cancel(FileCall& call) {
  std::unique_lock lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), &call);
  if (found == queue_.end()) return;
  queue_.erase(found);
  lock.unlock();
  Complete(call, -ECANCELED);
}

void ThreadFiles::TakeAnswers() {
  std::unique_lock lock(mutex_);
  const std::vector<Answer> answers = std::exchange(answers_, {});
  lock.unlock();
  for (const Answer& answer : answers) Complete(*answer.call, answer.result);
}

void* ThreadFiles::Work(void* self) {
  static_cast<ThreadFiles*>(self)->WorkUntilEnd();
  return nullptr;
}

void ThreadFiles::WorkUntilEnd() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_threads_;
    asked_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    --idle_threads_;
    if (queue_.empty()) return;
    FileCall* const call = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const int64_t result = Perform(RequestOf(*call));
    lock.lock();
    answers_.push_back({call, result});
    answered_.notify_one();
    doorbell_.Ring();
  }
}

}  // namespace lev
