#include "lev/testing/memory_rights.h"

#include <errno.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "lev/net/owned_fd.h"
#include "lev/net/unix_socket.h"

namespace lev {
namespace {

int CopyOne(MemoryHost& host, int fd, MemorySocket::Rights& rights) {
  if (rights.size() >= kMostFdsPerMessage) return -EINVAL;
  OwnedFd copy = host.CopyForMessage(fd);
  if (!copy.valid()) return -errno;
  rights.push_back(std::move(copy));
  return 0;
}

}  // namespace

int CopyRights(MemoryHost& host, const msghdr& message,
               MemorySocket::Rights& rights) {
  for (const int fd : FdsIn(message)) {
    const int copied = CopyOne(host, fd, rights);
    if (copied != 0) return copied;
  }
  return 0;
}

void GiveRights(MemoryHost& host, MemorySocket::Rights rights,
                msghdr& message) {
  const size_t room =
      message.msg_control == nullptr ||
              message.msg_controllen < CMSG_LEN(sizeof(int))
          ? 0
          : (message.msg_controllen - CMSG_LEN(0)) / sizeof(int);
  std::vector<int> given;
  for (OwnedFd& fd : rights) {
    if (given.size() == room || !host.Receive(fd)) break;
    given.push_back(fd.Release());
  }
  if (given.size() < rights.size()) message.msg_flags |= MSG_CTRUNC;
  const size_t size = given.size() * sizeof(int);
  if (!given.empty()) {
    cmsghdr& part = *static_cast<cmsghdr*>(message.msg_control);
    part.cmsg_level = SOL_SOCKET;
    part.cmsg_type = SCM_RIGHTS;
    part.cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(&part), given.data(), size);
  }
  message.msg_controllen =
      given.empty() ? 0 : std::min(message.msg_controllen, CMSG_SPACE(size));
}

}  // namespace lev
