// Memory that runs out in the middle of TLS.

#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"
#include "tests/support/certificates.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, Tls) {
  TestFiles files;
  const TestAuthority authority;
  const PemPair pair = authority.Issue();
  setenv("CA", files.Write("ca.pem", authority.Pem()).c_str(), 1);
  setenv("CERT", files.Write("x.pem", pair.certificate).c_str(), 1);
  setenv("KEY", files.Write("x.key", pair.key).c_str(), 1);
  Try("tls", kRequire, R"(
    local cert, key = os.getenv("CERT"), os.getenv("KEY")
    assert(lev.run(function()
      local identity = assert(lev.tls_identity(cert, key, "localhost"))
      local listener <close> = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      lev.spawn(function()
        local socket <close> = assert(listener:accept(0.3))
        assert(socket:starttls({mode = "server", identity = identity,
          timeout = 0.3, alpn = {"a", "b"},
          hosts = {["x.org"] = {cert = cert, key = key}}}))
        socket:send("hello", 0.3)
        socket:recv(1, 0.3)
      end)
      local socket <close> = assert(lev.connect("127.0.0.1", port,
        {timeout = 0.3, tls = {cafile = os.getenv("CA"), alpn = {"b"}}}))
      assert(socket:tls_info().alpn == "b")
      assert(identity:info().names[1] == "localhost")
      return socket:recv(5, 0.3) == "hello"
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
