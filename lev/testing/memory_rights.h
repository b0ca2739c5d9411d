// Descriptors in messages of a network in memory (SCM_RIGHTS): from the control
// data of a sendmsg to copies of them, and from these to that of a recvmsg.
//
// Sockets of the host itself and descriptors of the kernel can be passed.

#ifndef LEV_TESTING_MEMORY_RIGHTS_H_
#define LEV_TESTING_MEMORY_RIGHTS_H_

#include <sys/socket.h>

#include "lev/testing/memory_host.h"
#include "lev/testing/memory_socket.h"

namespace lev {

// Copies of what `message` passes on: 0, or a negative errno.
int CopyRights(MemoryHost& host, const msghdr& message,
               MemorySocket::Rights& rights);

// Hands over those for which there is room in the control data of `message`,
// and on the host; the others are closed, and MSG_CTRUNC says so.
void GiveRights(MemoryHost& host, MemorySocket::Rights rights, msghdr& message);

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_RIGHTS_H_
