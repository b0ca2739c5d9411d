// The file backend of virtual time: makes each call at once, on the thread of
// the loop. A run in virtual time ends before the disk could have answered;
// so it waits for the disk, and its clock stands still meanwhile.

#ifndef LEV_FILE_SYNC_FILES_H_
#define LEV_FILE_SYNC_FILES_H_

#include "lev/file/file_backend.h"

namespace lev {

class SyncFiles final : public FileBackend {
 public:
  const char* name() const override { return "sync"; }

  void Start(FileCall& call) override {
    Began(call);
    Complete(call, Perform(RequestOf(call)));
  }

 private:
  void Cancel(FileCall&) override {}
};

}  // namespace lev

#endif  // LEV_FILE_SYNC_FILES_H_
