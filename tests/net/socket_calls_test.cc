#include "lev/net/socket_calls.h"

#include <netinet/in.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/loop/fd_readiness.h"
#include "lev/net/datagram.h"
#include "lev/net/fd_stream.h"
#include "lev/net/owned_fd.h"
#include "lev/net/tcp_socket.h"
#include "lev/net/unix_socket.h"

namespace lev {
namespace {

using ::testing::ElementsAre;

// Notes which calls are made, and answers none of them.
class NotedCalls final : public SocketCalls {
 public:
  int Socket(int, int) override { return Note("socket", 7); }
  int Accept(int, sockaddr*, socklen_t*) override { return Note("accept", 8); }
  void Close(int) override { Note("close", 0); }
  int Pipe(int*) override { return Note("pipe2", 0); }
  int Replace(int, int) override { return Note("dup3", 0); }
  int Duplicate(int) override { return Note("dup", 9); }
  int Poll(int, short) override { return Note("poll", 0); }
  FdRef Locate(int fd) override { return FdRef(fd, *this); }
  int Bind(int, const sockaddr*, socklen_t) override { return Note("bind", 0); }
  int Listen(int, int) override { return Note("listen", 0); }
  int Connect(int, const sockaddr*, socklen_t) override {
    return Note("connect", 0);
  }
  int Shutdown(int, int) override { return Note("shutdown", 0); }
  int LocalName(int, sockaddr*, socklen_t*) override {
    return Note("getsockname", 0);
  }
  int PeerName(int, sockaddr*, socklen_t*) override {
    return Note("getpeername", 0);
  }
  int GetOption(int, int, int, void*, socklen_t*) override {
    return Note("getsockopt", 0);
  }
  int SetOption(int, int, int, const void*, socklen_t) override {
    return Note("setsockopt", 0);
  }
  ssize_t Recv(int, void*, size_t, int, sockaddr*, socklen_t*) override {
    return Note("recv", 1);
  }
  ssize_t Send(int, const void*, size_t, const sockaddr*, socklen_t) override {
    return Note("send", 1);
  }
  ssize_t RecvMessage(int, msghdr*, int) override { return Note("recvmsg", 1); }
  ssize_t SendMessage(int, const msghdr*) override {
    return Note("sendmsg", 1);
  }
  int RecvMany(int, mmsghdr*, unsigned) override { return Note("recvmmsg", 1); }
  int SendMany(int, mmsghdr*, unsigned) override { return Note("sendmmsg", 1); }
  ssize_t Read(int, void*, size_t) override { return Note("read", 1); }
  ssize_t Write(int, const void*, size_t) override { return Note("write", 1); }
  ssize_t SendFile(int, int, off_t*, size_t) override {
    return Note("sendfile", 1);
  }
  int Interfaces(std::vector<NetInterface>&) override {
    return Note("getifaddrs", 0);
  }

  std::vector<std::string> names;

 private:
  int Note(const char* name, int result) {
    names.emplace_back(name);
    return result;
  }
};

TEST(SocketCallsTest, ASocketIsClosedWhereItWasMade) {
  NotedCalls calls;
  { const auto fd = OpenUdpSocket(AF_INET, calls); }
  EXPECT_THAT(calls.names, ElementsAre("socket", "close"));
}

TEST(SocketCallsTest, AMovedDescriptorKeepsItsOrigin) {
  NotedCalls calls;
  OwnedFd kept;
  kept = *OpenUdpSocket(AF_INET, calls);
  EXPECT_EQ(&kept.calls(), &calls);
  const OwnedFd moved(std::move(kept));
  EXPECT_EQ(&moved.calls(), &calls);
}

TEST(SocketCallsTest, APlainNumberIsTheKernels) {
  EXPECT_EQ(&OwnedFd().calls(), &KernelSockets());
  EXPECT_EQ(&FdRef(3).calls(), &KernelSockets());
}

TEST(SocketCallsTest, AnAcceptedConnectionIsOfTheListenersOrigin) {
  NotedCalls calls;
  const auto listener = OpenTcpListener(*Address::Parse("::1", 1), {}, calls);
  ASSERT_TRUE(listener.ok());
  calls.names.clear();
  OwnedFd fd;
  Address peer;
  absl::Status error;
  EXPECT_TRUE(TryAccept(listener->ref(), fd, peer, error).done());
  EXPECT_EQ(&fd.calls(), &calls);
  EXPECT_THAT(calls.names, ElementsAre("accept"));
}

TEST(SocketCallsTest, AStreamMakesOneCallForEachTry) {
  NotedCalls calls;
  FdReadiness readiness;
  FdStream stream(FdRef(7, calls), readiness);
  char byte = 'x';
  EXPECT_TRUE(stream.TryWrite({&byte, 1}).done());
  EXPECT_TRUE(stream.TryRead({&byte, 1}).done());
  EXPECT_TRUE(stream.TryShutdownWrite().done());
  EXPECT_THAT(calls.names, ElementsAre("send", "recv", "shutdown"));
}

TEST(SocketCallsTest, APipeIsReadAndWritten) {
  NotedCalls calls;
  FdReadiness readiness;
  FdStream stream(FdRef(7, calls), readiness, FdStream::Kind::kPipe);
  char byte = 'x';
  EXPECT_TRUE(stream.TryWrite({&byte, 1}).done());
  EXPECT_TRUE(stream.TryRead({&byte, 1}).done());
  EXPECT_THAT(calls.names, ElementsAre("write", "read"));
}

TEST(SocketCallsTest, ASocketOfTheUnixDomainIsMadeThereToo) {
  NotedCalls calls;
  BoundPath path;
  const auto fd =
      OpenUnixListener(*Address::Unix("@lev"), {.mode = 0600}, path, calls);
  ASSERT_TRUE(fd.ok());
  EXPECT_THAT(calls.names, ElementsAre("socket", "bind", "listen"));
}

}  // namespace
}  // namespace lev
