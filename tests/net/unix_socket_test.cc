#include "lev/net/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/descriptors.h"

namespace lev {
namespace {

// A path at which there is nothing.
class UnixSocketTest : public testing::Test {
 protected:
  UnixSocketTest() {
    char name[] = "/tmp/lev_unix_XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    path_ = absl::StrCat(directory_, "/socket");
    address_ = *Address::Unix(path_);
  }
  ~UnixSocketTest() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  bool Exists() const { return access(path_.c_str(), F_OK) == 0; }
  mode_t Mode() const {
    struct stat info = {};
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  // Binds a new socket of that type; the file outlives it.
  void LeaveFile(int type) {
    const OwnedFd fd = std::move(OpenUnixSocket(type)).value();
    ASSERT_EQ(bind(fd.get(), address_.data(), address_.size()), 0);
  }
  absl::StatusOr<OwnedFd> Listen(BoundPath& bound, int mode = -1) {
    return OpenUnixListener(address_, {.backlog = 5, .mode = mode}, bound);
  }

  std::string directory_;
  std::string path_;
  Address address_;
};

TEST_F(UnixSocketTest, TheFileGoesWithItsOwner) {
  {
    BoundPath bound;
    const auto listener = Listen(bound);
    ASSERT_TRUE(listener.ok());
    EXPECT_TRUE(Exists());
    const BoundPath moved = std::move(bound);
    bound.Remove();
    EXPECT_TRUE(Exists()) << "it has another owner";
  }
  EXPECT_FALSE(Exists());
}

TEST_F(UnixSocketTest, RemovingTwiceRemovesNothingThatCameBetween) {
  BoundPath bound;
  ASSERT_TRUE(Listen(bound).ok());
  bound.Remove();
  LeaveFile(SOCK_STREAM);
  bound.Remove();
  EXPECT_TRUE(Exists());
}

TEST_F(UnixSocketTest, AFileThatSomebodyElsePutThereStays) {
  BoundPath bound;
  const auto listener = Listen(bound);
  const std::string aside = path_ + ".aside";
  ASSERT_EQ(rename(path_.c_str(), aside.c_str()), 0);
  LeaveFile(SOCK_STREAM);
  bound.Remove();
  EXPECT_TRUE(Exists());
  unlink(aside.c_str());
}

TEST_F(UnixSocketTest, AStaleFileIsReplaced) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    LeaveFile(type);
    BoundPath bound;
    EXPECT_TRUE(Listen(bound).ok()) << type;
  }
}

TEST_F(UnixSocketTest, ALiveSocketOfAnyTypeIsNot) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    const OwnedFd live = std::move(OpenUnixSocket(type)).value();
    ASSERT_EQ(bind(live.get(), address_.data(), address_.size()), 0);
    if (type != SOCK_DGRAM) {
      ASSERT_EQ(listen(live.get(), 1), 0);
    }
    BoundPath bound;
    EXPECT_EQ(Listen(bound).status().message(), "Address already in use");
    EXPECT_TRUE(Exists());
    unlink(path_.c_str());
  }
}

TEST_F(UnixSocketTest, NorIsALiveOneWhoseQueueIsFull) {
  BoundPath bound;
  const auto live = OpenUnixListener(address_, {.backlog = 0}, bound);
  std::vector<OwnedFd> queued;
  for (int failed = 0; failed == 0;) {
    queued.push_back(std::move(OpenUnixSocket(SOCK_STREAM)).value());
    failed = connect(queued.back().get(), address_.data(), address_.size());
  }
  ASSERT_EQ(errno, EAGAIN);
  BoundPath second;
  EXPECT_EQ(Listen(second).status().message(), "Address already in use");
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsNot) {
  fclose(fopen(path_.c_str(), "w"));
  BoundPath bound;
  EXPECT_EQ(Listen(bound).status().message(), "Address already in use");
  EXPECT_TRUE(Exists());
}

TEST_F(UnixSocketTest, TheModeIsAsAskedForOrAsUmaskSays) {
  for (const int mode : {0, 0600, 0666, 0777}) {
    BoundPath bound;
    ASSERT_TRUE(Listen(bound, mode).ok());
    EXPECT_EQ(Mode(), static_cast<mode_t>(mode));
  }
  const mode_t before = umask(027);
  BoundPath bound;
  ASSERT_TRUE(Listen(bound).ok());
  EXPECT_EQ(Mode(), 0750u);
  umask(before);
}

TEST_F(UnixSocketTest, AnAbstractNameHasNoFile) {
  const std::string name = absl::StrCat("@lev unix_socket_test ", getpid());
  const Address address = *Address::Unix(name);
  BoundPath bound;
  auto listener = OpenUnixListener(address, {.mode = 0600}, bound);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_NE(access(name.c_str(), F_OK), 0);
  BoundPath second;
  EXPECT_EQ(OpenUnixListener(address, {}, second).status().message(),
            "Address already in use");
  listener->Close();
  EXPECT_TRUE(OpenUnixListener(address, {}, second).ok());
}

TEST_F(UnixSocketTest, WithoutADirectoryItIsAnErrorInWords) {
  const Address nowhere = *Address::Unix("/no such directory/socket");
  BoundPath bound;
  EXPECT_EQ(OpenUnixListener(nowhere, {}, bound).status().message(),
            "No such file or directory");
}

TEST_F(UnixSocketTest, AFailureLeavesNeitherFileNorDescriptor) {
  const size_t before = CountOpenFds();
  {
    const NoFreeFds none;
    BoundPath bound;
    EXPECT_EQ(Listen(bound).status().message(), "Too many open files");
  }
  EXPECT_EQ(CountOpenFds(), before);
  EXPECT_FALSE(Exists());
}

TEST_F(UnixSocketTest, ThePeersCredentialsAreOurs) {
  const FdPair pair = UnixPair();
  const auto peer = GetPeerCredentials(pair.a.get());
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_EQ(peer->uid, getuid());
  EXPECT_EQ(peer->gid, getgid());
  EXPECT_FALSE(GetPeerCredentials(-1).ok());
}

TEST_F(UnixSocketTest, DescriptorsTravelWithTheBytes) {
  const size_t before = CountOpenFds();
  {
    const FdPair pair = UnixPair();
    const FdPair passed = UnixPair();
    const int fds[] = {passed.a.get(), passed.b.get()};
    ASSERT_EQ(SendWithFds(pair.a.get(), {"hello", 5}, fds), 5);
    char buffer[10];
    std::vector<OwnedFd> received;
    bool lost = false;
    ASSERT_EQ(RecvWithFds(pair.b.get(), buffer, received, lost), 5);
    ASSERT_EQ(received.size(), 2u);
    EXPECT_FALSE(lost);
    EXPECT_EQ(write(received[0].get(), "x", 1), 1);
    EXPECT_EQ(read(passed.b.get(), buffer, 10), 1);
  }
  EXPECT_EQ(CountOpenFds(), before);
}

TEST_F(UnixSocketTest, BytesTravelWithoutDescriptors) {
  const FdPair pair = UnixPair();
  ASSERT_EQ(SendWithFds(pair.a.get(), {"hello", 5}, {}), 5);
  char buffer[10];
  std::vector<OwnedFd> received;
  bool lost = false;
  EXPECT_EQ(RecvWithFds(pair.b.get(), buffer, received, lost), 5);
  EXPECT_TRUE(received.empty());
  errno = 0;
  EXPECT_EQ(RecvWithFds(pair.b.get(), buffer, received, lost), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(UnixSocketTest, SendingToOneWhoHasGoneIsNoSignal) {
  FdPair pair = UnixPair();
  pair.b.Close();
  const int fd = pair.a.get();
  EXPECT_EQ(SendWithFds(fd, {"x", 1}, {&fd, 1}), -1);
  EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace lev
