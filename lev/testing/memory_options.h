// The options of sockets of a network in memory. Most are only kept: those that
// mean something there are read where they do.

#ifndef LEV_TESTING_MEMORY_OPTIONS_H_
#define LEV_TESTING_MEMORY_OPTIONS_H_

#include <sys/socket.h>

#include "lev/testing/memory_socket.h"

namespace lev {

// getsockopt and setsockopt: 0, or a negative errno.
int GetMemoryOption(MemorySocket& socket, int level, int option, void* value,
                    socklen_t* size);
int SetMemoryOption(MemorySocket& socket, int level, int option,
                    const void* value, socklen_t size);

// SO_LINGER with no time: closing resets.
bool HasLinger0(const MemorySocket& socket);

}  // namespace lev

#endif  // LEV_TESTING_MEMORY_OPTIONS_H_
