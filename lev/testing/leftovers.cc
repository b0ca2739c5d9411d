#include "lev/testing/leftovers.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "lev/loop/waiter.h"
#include "lev/net/address.h"
#include "lev/observe/task_walk.h"
#include "lev/task/task.h"
#include "lev/testing/memory_handles.h"
#include "lev/testing/memory_process.h"
#include "lev/testing/memory_processes.h"

namespace lev {
namespace {

int NumberOf(MemoryHost& host, int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  host.GetOption(fd, SOL_SOCKET, option, &value, &size);
  return value;
}

const char* KindOf(MemoryHost& host, int fd) {
  if (NumberOf(host, fd, SO_DOMAIN) == AF_UNIX) return "unix ";
  return NumberOf(host, fd, SO_TYPE) == SOCK_STREAM ? "tcp " : "udp ";
}

void ForEachDescriptor(const MemoryNetwork& network, absl::string_view but,
                       absl::FunctionRef<void(std::string)> visit) {
  for (const auto& host : network.hosts()) {
    for (const int fd : host->descriptors()) {
      const MemoryHandle* const handle = host->handles().Find(fd);
      if (handle != nullptr && handle->kind() == but) continue;
      visit(DescribeDescriptor(*host, fd));
    }
  }
}

}  // namespace

std::string DescribeDescriptor(MemoryHost& host, int fd) {
  const std::string where = absl::StrCat("fd ", fd, " on ", host.name(), ": ");
  const MemoryHandle* const handle = host.handles().Find(fd);
  if (handle != nullptr) return absl::StrCat(where, handle->kind());
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  auto* const pointer = reinterpret_cast<sockaddr*>(&name);
  if (host.LocalName(fd, pointer, &size) != 0) return "";
  std::string text = absl::StrCat(where, KindOf(host, fd),
                                  Address::FromKernel(name, size).ToString());
  size = sizeof(name);
  if (host.PeerName(fd, pointer, &size) == 0) {
    absl::StrAppend(&text, " -> ", Address::FromKernel(name, size).ToString());
  }
  if (NumberOf(host, fd, SO_ACCEPTCONN) != 0) text += ", listening";
  return text;
}

std::string DescribeDescriptors(const MemoryNetwork& network) {
  std::string text;
  ForEachDescriptor(network, "", [&](const std::string& descriptor) {
    absl::StrAppend(&text, "\n  ", descriptor);
  });
  return text;
}

void Leftovers::AddTasks(const Scope& root) {
  ForEachTask(root, [this](const Task& task) {
    Add(absl::StrCat(task.Describe(), ", which waits for ",
                     task.DescribeWait()));
  });
}

void Leftovers::AddTimers(const EventLoop& loop) {
  loop.ForEachTimer([this](const Waiter& waiter) {
    if (dynamic_cast<const Task*>(&waiter) != nullptr) return;
    Add(absl::StrCat("what waits for ", waiter.DescribeWait()));
  });
}

void Leftovers::AddDescriptors(const MemoryNetwork& network,
                               absl::string_view but) {
  ForEachDescriptor(network, but, [this](std::string descriptor) {
    const bool known =
        std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
          return absl::StartsWith(line, descriptor);
        });
    if (!known) Add(std::move(descriptor));
  });
}

void Leftovers::AddProcesses(const MemoryNetwork& network) {
  for (const auto& host : network.hosts()) {
    host->processes().ForEach([&](const MemoryProcess& child) {
      if (child.reaped()) return;
      Add(absl::StrCat("child ", child.pid(), " on ", host->name(), " (",
                       absl::StrJoin(child.argv(), " "),
                       "), which nobody has waited for"));
    });
    const int signals = host->processes().own().taken_signals();
    if (signals == 0) continue;
    Add(absl::StrCat("signals still taken on ", host->name(), ": ", signals));
  }
}

std::string Leftovers::ToString() const {
  std::string text = "left at the end:";
  for (size_t i = 0; i < std::min(lines_.size(), kShown); ++i) {
    absl::StrAppend(&text, "\n  ", lines_[i]);
  }
  if (lines_.size() > kShown) {
    absl::StrAppend(&text, "\n  and ", lines_.size() - kShown, " more");
  }
  return text;
}

}  // namespace lev
