// Runs the examples in C++.

#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lev/net/co_connection.h"
#include "lev/net/co_net.h"
#include "lev/net/connection.h"
#include "lev/proc/child.h"
#include "lev/proc/co_proc.h"
#include "lev/proc/spawn.h"
#include "lev/proc/stdio.h"
#include "lev/task/co.h"
#include "lev/task/co_when.h"
#include "lev/tls/co_tls.h"
#include "tests/support/co_real_world.h"
#include "tests/support/tls_world.h"

namespace lev {
namespace {

SpawnOptions Example(const std::string& name,
                     std::vector<std::string> arguments = {}) {
  SpawnOptions program;
  program.program = absl::StrCat("examples/", name);
  program.argv = {name};
  for (std::string& argument : arguments) {
    program.argv.push_back(std::move(argument));
  }
  return program;
}

class CppExamplesTest : public CoRealWorld {
 protected:
  NetContext net_{loop_};
};

TEST_F(CppExamplesTest, EmbedLuaGreets) {
  auto main = [this]() -> Co<std::string> {
    absl::StatusOr<Captured> captured =
        co_await RunAndCapture(net_, Example("embed_lua"));
    co_return captured->output;
  };
  EXPECT_EQ(Result(main).value(), "hello, WORLD\n");
}

TEST_F(CppExamplesTest, EchoServerEchoesAndEndsWhenItIsTold) {
  auto main = [this]() -> Co<> {
    Pipe output = *OpenPipeFromChild();
    SpawnOptions program = Example("echo_server");
    program.stdio = {0, output.childs.get(), 2};
    Child server(loop_, *Spawn(program));
    Connection says(loop_, std::move(output.ours), net_.scratch(),
                    FdStream::Kind::kPipe);
    const std::string place = (co_await RecvUntil(says, "\n")).value();
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(place.substr(place.rfind(':') + 1), &port));
    ConnectionOr client = co_await Connect(net_, "127.0.0.1", port);
    EXPECT_TRUE((co_await Send(**client, "hello")).ok());
    EXPECT_EQ((co_await RecvExactly(**client, 5)).value(), "hello");
    EXPECT_TRUE(server.Kill(SIGINT).ok());
    EXPECT_EQ((co_await Wait(server)).value().code, 0);
  };
  EXPECT_TRUE(Result(main).ok());
}

TEST_F(CppExamplesTest, TlsClientFetchesAPage) {
  TlsWorld tls;
  const auto context = TlsWorld::Make(tls.ServerConfig());
  auto listener = *Listen(net_, *Address::Parse("127.0.0.1", 0));
  const int port = LocalAddress(listener->fd())->port();
  auto server = [&]() -> Co<absl::Status> {
    absl::StatusOr<Accepted> accepted = co_await Accept(net_, *listener);
    Connection& client = *accepted->connection;
    absl::Status secured = co_await StartTls(client, *context);
    if (!secured.ok()) co_return secured;
    absl::StatusOr<std::string> request =
        co_await RecvUntil(client, "\r\n\r\n");
    EXPECT_THAT(request.value(), testing::HasSubstr("Host: localhost"));
    absl::Status sent = co_await Send(client, "HTTP/1.1 200 OK\r\n\r\nhello");
    client.Close();
    co_return sent;
  };
  auto client = [&]() -> Co<std::string> {
    const SpawnOptions program =
        Example("tls_client", {"localhost", absl::StrCat(port), tls.ca_file});
    absl::StatusOr<Captured> captured = co_await RunAndCapture(net_, program);
    co_return captured->output;
  };
  const auto both = Result([&] { return WhenAll(client(), server()); });
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT(std::get<0>(*both), testing::HasSubstr("hello"));
}

}  // namespace
}  // namespace lev
