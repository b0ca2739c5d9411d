// What UDP sockets and datagram sockets of the UNIX domain share in Lua.
//
// Their address arguments differ (host and port, or a path), and so does what
// they return as one; the verbs are the same. Where a verb's stack has a host
// and a port, a path stands in the host's place with nil beside it, and two
// nils say: to whom the socket is connected.

#ifndef LEV_LUA_LUA_DATAGRAM_H_
#define LEV_LUA_LUA_DATAGRAM_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "lev/lua/lua_compat.h"
#include "lev/lua/lua_object.h"
#include "lev/lua/lua_socket.h"
#include "lev/net/datagram_socket.h"

namespace lev::lua {

class Runtime;

// The userdata of either kind. It belongs to one run, and is closed with it.
class LuaDatagram final : public Boxed {
 public:
  LuaDatagram(Runtime& runtime, OwnedFd fd, DatagramSocket::Family family);

  // Makes a socket of `fd`, which `kind` is for, for the box on top of the
  // stack. Raises nothing.
  static void Fill(
      lua_State* L, ObjectKind& kind, Runtime& runtime, OwnedFd fd,
      DatagramSocket::Family family = DatagramSocket::Family::kFixed) {
    kind.Fill(L, new LuaDatagram(runtime, std::move(fd), family));
  }

  DatagramSocket& socket() { return socket_; }
  void EndOfRun() override { socket_.Close(); }
  void LoseTask(const LuaTask&) override { socket_.PassOn(); }
  bool IsOpen() const override { return socket_.is_open(); }
  std::string Leftover() const override {
    return LeftoverSocket(socket_.ref());
  }
  std::string Describe() const override {
    return DescribeSocket(socket_.ref());
  }

 private:
  DatagramSocket socket_;
};

// The address at `index` and behind it; see above. False, with nil and an
// error pushed, if it is none. The types are right. Raises nothing.
bool ReadAddress(lua_State* L, int index, Address& address);

// Pushes host and port, or the name in the UNIX domain, or nil and the error;
// returns their count.
int PushPeer(lua_State* L, const absl::StatusOr<Address>& peer);

// The methods below are called after the object at 1 was checked.

// recv(maxlen, wait) -> data [, "truncated"]
int RecvDatagram(lua_State* L);

// recvfrom(maxlen, wait) -> data, address... [, "truncated"]
int RecvDatagramFrom(lua_State* L);

// recvfrom_many(count, maxlen, wait) -> {{data=, addr=, port=}, ...}
int RecvDatagrams(lua_State* L);

// send(data, wait) -> nbytes
int SendDatagram(lua_State* L);

// The end of sendto: at 2 the data, at 3 and 4 the address, at 5 and 6 the
// driver's.
int SendDatagramTo(lua_State* L);

// Those of all that may wait.
void AddDatagramTwins(lua_State* L, const ObjectKind& kind);

// setsockopt(name, value), which the socket wants to know of.
int SetDatagramOption(lua_State* L);

// sendto_many(messages, wait) -> count | nil, err, count. (Its source is
// lua_sendto_many.cc.)
int SendDatagrams(lua_State* L);

}  // namespace lev::lua

#endif  // LEV_LUA_LUA_DATAGRAM_H_
