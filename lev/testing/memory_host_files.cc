// The descriptors of a host that are no sockets, and its processes.

#include <errno.h>

#include <algorithm>
#include <utility>

#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_host.h"
#include "lev/testing/memory_network.h"
#include "lev/testing/memory_pipe.h"
#include "lev/testing/memory_process.h"
#include "lev/testing/memory_processes.h"

namespace lev {

MemoryHost::MemoryHost(MemoryNetwork& network, std::string name,
                       std::vector<Address> addresses)
    : network_(network),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      handles_(std::make_unique<MemoryHandles>(network.poller())),
      processes_(std::make_unique<MemoryProcesses>(*this)) {}

MemoryHost::~MemoryHost() = default;

size_t MemoryHost::open_descriptors() const {
  return sockets_.size() + handles_->size();
}

std::vector<int> MemoryHost::descriptors() const {
  std::vector<int> fds = handles_->numbers();
  for (const auto& [fd, socket] : sockets_) fds.push_back(fd);
  std::sort(fds.begin(), fds.end());
  return fds;
}

void MemoryHost::Signal(int signal) { processes_->own().Deliver(signal); }

int MemoryHost::Open(std::unique_ptr<MemoryHandle> handle) {
  if (!IsFull()) return handles_->Open(std::move(handle));
  return static_cast<int>(Finish(-EMFILE));
}

int MemoryHost::Pipe(int ends[2]) {
  if (open_descriptors() - passing_.size() + 2 > limit_) {
    return static_cast<int>(Finish(-EMFILE));
  }
  MemoryPipeEnd::Ends pipe = MemoryPipeEnd::MakePipe();
  ends[0] = handles_->Open(std::move(pipe.reading));
  ends[1] = handles_->Open(std::move(pipe.writing));
  return 0;
}

ssize_t MemoryHost::Read(int fd, void* data, size_t size) {
  MemoryHandle* const handle = handles_->Find(fd);
  if (handle == nullptr) return Recv(fd, data, size, 0, nullptr, nullptr);
  return Finish(handle->Read({static_cast<char*>(data), size}));
}

ssize_t MemoryHost::Write(int fd, const void* data, size_t size) {
  MemoryHandle* const handle = handles_->Find(fd);
  if (handle == nullptr) return Send(fd, data, size, nullptr, 0);
  return Finish(handle->Write({static_cast<const char*>(data), size}));
}

}  // namespace lev
