// Memory that runs out while names are looked up.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, Names) {
  Try("names", kRequire, R"(
    assert(lev.run(function()
      assert(lev.set_resolver {
        servers = { "127.0.0.1:1" }, search = { "a.test" }, timeout = 0.01,
        tries = 1, ndots = 2, hosts_file = false })
      assert(#lev.resolve("localhost") == 2)
      assert(not lev.resolve("x.test", {timeout = 5, family = "inet"}))
      local listener = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local socket = assert(lev.connect("localhost", port,
        {timeout = 5, local_addr = "127.0.0.1"}))
      assert(listener:accept(5))
      assert(not lev.connect("x.test", port, 5))
      assert(lev.set_resolver())
      return socket:close()
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
