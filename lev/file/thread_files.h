// The file backend of a few threads, which block so that the loop need not.
//
// A thread is started when a call finds none idle, at most four; all of them
// end with the backend. They keep every signal blocked, and call nothing of
// Lua's. Where no thread can be started, calls are made at once, as SyncFiles
// does.

#ifndef LEV_FILE_THREAD_FILES_H_
#define LEV_FILE_THREAD_FILES_H_

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "lev/file/doorbell.h"
#include "lev/file/file_backend.h"
#include "lev/loop/event_loop.h"

namespace lev {

class ThreadFiles final : public FileBackend {
 public:
  static constexpr size_t kMostThreads = 4;

  static absl::StatusOr<std::unique_ptr<ThreadFiles>> Create(EventLoop& loop);
  ~ThreadFiles() override;

  const char* name() const override { return "threads"; }
  void Start(FileCall& call) override;

  size_t threads() const { return threads_.size(); }

 private:
  struct Answer {
    FileCall* call;
    int64_t result;
  };

  explicit ThreadFiles(EventLoop& loop)
      : doorbell_(loop, [this] { TakeAnswers(); }) {}

  void Cancel(FileCall& call) override;
  bool AddThread();
  void TakeAnswers();
  static void* Work(void* self);
  void WorkUntilEnd();

  Doorbell doorbell_;
  std::vector<pthread_t> threads_;

  // What follows belongs to whoever holds the mutex.
  std::mutex mutex_;
  std::condition_variable asked_;     // Or ending_.
  std::condition_variable answered_;  // For the destructor.
  std::deque<FileCall*> queue_;
  std::vector<Answer> answers_;
  size_t idle_threads_ = 0;
  bool ending_ = false;
};

}  // namespace lev

#endif  // LEV_FILE_THREAD_FILES_H_
