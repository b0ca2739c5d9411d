#include "lev/lua/lua_socket.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_args.h"
#include "lev/lua/lua_runtime.h"
#include "lev/net/socket_options.h"
#include "lev/net/tcp_socket.h"
#include "lev/testing/leftovers.h"
#include "lev/testing/memory_host.h"

namespace lev::lua {
namespace {

// Apart from its caller, which raises.
size_t CopyHost(const Address& address, char* to) {
  return address.host().copy(to, Address::kMaxHostSize);
}

using Kind = SocketOption::Kind;

const SocketOption& CheckOption(lua_State* L) {
  const absl::string_view name = CheckString(L, 2);
  const SocketOption* const option = FindSocketOption(name);
  if (option == nullptr) {
    luaL_argerror(L, 2, lua_pushfstring(L, "unknown option '%s'", name.data()));
  }
  return *option;
}

int RaiseOptionType(lua_State* L, const SocketOption& option,
                    const char* expected) {
  const char* const type = luaL_typename(L, 3);
  return luaL_argerror(L, 3,
                       lua_pushfstring(L, "%s: %s expected, got %s",
                                       option.name.data(), expected, type));
}

// The argument at 3 as OptionValue::number.
int64_t CheckOptionNumber(lua_State* L, const SocketOption& option) {
  const int type = lua_type(L, 3);
  if (type == LUA_TBOOLEAN && option.kind == Kind::kSwitch) {
    return lua_toboolean(L, 3);
  }
  if (option.kind == Kind::kLinger && type == LUA_TBOOLEAN &&
      !lua_toboolean(L, 3)) {
    return -1;
  }
  if (option.kind == Kind::kLinger && type != LUA_TNUMBER) {
    return RaiseOptionType(L, option, "number of seconds or false");
  }
  if (option.kind == Kind::kSeconds || option.kind == Kind::kLinger) {
    return CheckSeconds(L, 3, 3, option.name.data());
  }
  if (type != LUA_TNUMBER) {
    return RaiseOptionType(
        L, option, option.kind == Kind::kSwitch ? "boolean" : "integer");
  }
  return CheckInteger(L, 3, 0, std::numeric_limits<int>::max());
}

// Apart from its caller, which raises: this one owns C++ objects.
absl::Status Apply(FdRef fd, const OptionArgument& argument) {
  return SetSocketOption(fd, *argument.option,
                         {argument.number, std::string(argument.text)});
}

// Apart from its caller, which raises.
int PushOption(lua_State* L, FdRef fd, const SocketOption& option) {
  const absl::StatusOr<OptionValue> value = GetSocketOption(fd, option);
  if (!value.ok()) return PushError(L, value.status());
  const bool off = option.kind == Kind::kLinger && value->number < 0;
  if (option.kind == Kind::kInterface) {
    PushMessage(L, value->text);
  } else if (option.kind == Kind::kSwitch || off) {
    lua_pushboolean(L, value->number != 0 && !off);
  } else if (option.kind == Kind::kInteger) {
    lua_pushinteger(L, value->number);
  } else {
    lua_pushnumber(L, static_cast<double>(value->number) / kSecond);
  }
  return 1;
}

}  // namespace

int PushError(lua_State* L, const absl::Status& status) {
  lua_pushnil(L);
  PushMessage(L, status.message());
  const std::string detail = DetailOf(status);
  if (detail.empty()) return 2;
  PushMessage(L, detail);
  return 3;
}

int PushStatus(lua_State* L, const absl::Status& status) {
  if (!status.ok()) return PushError(L, status);
  lua_pushboolean(L, true);
  return 1;
}

void PushHost(lua_State* L, const Address& address) {
  char host[Address::kMaxHostSize];
  lua_pushlstring(L, host, CopyHost(address, host));
}

int PushAddress(lua_State* L, const absl::StatusOr<Address>& address) {
  if (!address.ok()) return PushError(L, address.status());
  PushHost(L, *address);
  lua_pushinteger(L, address->port());
  return 2;
}

std::string DescribeSocket(FdRef fd) {
  if (fd.get() < 0) return "closed";
  std::string text = absl::StrCat("fd ", fd.get());
  const absl::StatusOr<Address> here = LocalAddress(fd);
  if (here.ok()) absl::StrAppend(&text, ", ", here->ToString());
  const absl::StatusOr<Address> there = PeerAddress(fd);
  if (there.ok()) absl::StrAppend(&text, " -> ", there->ToString());
  return text;
}

std::string LeftoverSocket(FdRef fd) {
  if (fd.get() < 0) return "";
  auto* const host = dynamic_cast<MemoryHost*>(&fd.calls());
  return host == nullptr ? DescribeSocket(fd)
                         : DescribeDescriptor(*host, fd.get());
}

absl::string_view CheckInterface(lua_State* L, int argument) {
  if (lua_isinteger(L, argument)) {
    CheckInteger(L, argument, 1, std::numeric_limits<int>::max());
    lua_tolstring(L, argument, nullptr);
  }
  return CheckString(L, argument);
}

void ForgetFd(lua_State* L, int fd) {
  Runtime& runtime = Runtime::Of(L);
  if (runtime.running()) runtime.foreign_fds().Forget(fd);
}

bool CheckAddress(lua_State* L, Address& address, int index) {
  const absl::string_view host = CheckString(L, index);
  const auto port = static_cast<uint16_t>(CheckInteger(L, index + 1, 0, 65535));
  return ParseAddress(L, host, port, address);
}

bool ParseAddress(lua_State* L, absl::string_view host, uint16_t port,
                  Address& address) {
  if (host == "localhost") host = "127.0.0.1";
  const absl::StatusOr<Address> parsed = Address::Parse(host, port);
  if (parsed.ok()) {
    address = *parsed;
  } else {
    PushError(L, parsed.status());
  }
  return parsed.ok();
}

OptionArgument CheckOptionArgument(lua_State* L) {
  OptionArgument argument = {&CheckOption(L), 0, {}};
  if (argument.option->kind == Kind::kInterface) {
    argument.text = CheckInterface(L, 3);
  } else {
    argument.number = CheckOptionNumber(L, *argument.option);
  }
  return argument;
}

int SetOption(lua_State* L, FdRef fd) {
  return PushStatus(L, Apply(fd, CheckOptionArgument(L)));
}

int GetOption(lua_State* L, FdRef fd) {
  return PushOption(L, fd, CheckOption(L));
}

}  // namespace lev::lua
