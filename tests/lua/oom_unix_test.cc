// Memory that runs out among UNIX sockets, pipes, descriptors and files.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

TEST_F(OutOfMemory, UnixSocketsAndDescriptors) {
  Try("unix sockets", kRequire, R"(
    assert(lev.run(function()
      local name = "@lev " .. tostring(lev)  -- Nobody else's.
      local listener <close> = assert(lev.unix_listen(name, {pass_fds = true}))
      lev.spawn(function()
        local socket <close> = assert(lev.unix_connect(name, 0.3))
        assert(socket:send({"one\n", "two\n", 3}))
        local reader, writer = lev.pipe()
        assert(socket:send_fds("!", {reader, writer, 0}))
        assert(writer:send("through"))
      end)
      local socket <close> = assert(listener:accept(0.3))
      assert(socket:peer_credentials().pid)
      local lines = {}
      for line in socket:lines({timeout = 0.3}) do
        lines[#lines + 1] = line
        if #lines == 2 then break end
      end
      assert(table.concat(lines) == "onetwo")
      assert(socket:peek(1, 0.3) == "3" and socket:recv_exactly(1) == "3")
      local data, objects = socket:recv_fds(10, 0.3)
      assert(data == "!" and #objects == 3)
      assert(lev.wait_readable(objects[1], 0.3))
      assert(objects[1]:unread("x"))
      return objects[1]:recv_exactly(8, 0.3) == "xthrough"
    end))
  )");
}

TEST_F(OutOfMemory, FilesAndBareSockets) {
  Try("files", kRequire, R"(
    assert(lev.run(function()
      local socket = assert(lev.tcp())
      assert(socket:bind("127.0.0.1", 0))
      local host, port = socket:getsockname()
      local listener <close> = assert(socket:listen(5))
      local client <close> = assert(lev.tcp())
      assert(client:connect(host, port, 0.3))
      local server <close> = assert(listener:accept(0.3))
      local file <close> = io.open("/proc/self/exe")
      assert(client:sendfile(file, {count = 10, offset = 1}) == 10)
      assert(not client:sendfile("/no such file"))
      return #server:recv_exactly(10, 0.3) == 10
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
