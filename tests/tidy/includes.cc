// Who may include whom: docs/ARCHITECTURE.md's table of rooms, as data.

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "tests/tidy/rules.h"

namespace lev::tidy {
namespace {

using Names = std::set<std::string_view>;

// The rooms beside itself that a room may include.
const std::map<std::string_view, Names>& Rooms() {
  static const auto* const rooms = new std::map<std::string_view, Names>{
      {"loop", {}},
      {"task", {"loop"}},
      {"net", {"loop"}},
      {"file", {"loop"}},  // And some of net: see kBelowFile.
      {"tls", {}},         // And net's streams: see kStreams.
      {"proc", {"loop", "net"}},
      {"observe", {"loop", "task"}},
      {"testing", {"loop", "task", "net", "proc", "observe"}},
      {"lua",
       {"loop", "task", "net", "file", "tls", "proc", "observe", "testing"}},
  };
  return *rooms;
}

// The same for co_*, what a room has for coroutines, in a target of its own.
const std::map<std::string_view, Names>& CoRooms() {
  static const auto* const rooms = new std::map<std::string_view, Names>{
      {"net", {"task"}},
      {"tls", {"loop", "task", "net"}},
      {"proc", {"task"}},
  };
  return *rooms;
}

// What lev/tls may include of lev/net: bytes, no descriptors.
constexpr std::string_view kStreams[] = {
    "lev/net/error.h",  "lev/net/io_result.h",     "lev/net/memory_stream.h",
    "lev/net/stream.h", "lev/net/stream_reader.h",
};

// What lev/file may include of lev/net: descriptors and bytes, no addresses.
constexpr std::string_view kBelowFile[] = {
    "lev/net/error.h",    "lev/net/fd_stream.h", "lev/net/io_result.h",
    "lev/net/owned_fd.h", "lev/net/stream.h",    "lev/net/stream_reader.h",
};

// What comes from outside and belongs to certain rooms.
struct Foreign {
  std::string_view prefix;  // Of the included name.
  Names rooms;
};

const std::vector<Foreign>& Foreigners() {
  static const auto* const foreigners = new std::vector<Foreign>{
      {"lua.h", {"lua"}},
      {"lualib.h", {"lua"}},
      {"lauxlib.h", {"lua"}},
      {"openssl/", {"tls"}},
      {"ares", {"net"}},
      {"liburing", {"loop", "file"}},
      {"nlohmann/", {"observe"}},
      {"sys/epoll.h", {"loop"}},
      {"sys/socket.h", {"net", "lua", "testing"}},
      {"sys/un.h", {"net"}},
      {"netinet/", {"net", "testing"}},
      {"arpa/", {"net"}},
      {"net/", {"net"}},
      {"netdb.h", {"net"}},
      {"sys/wait.h", {"proc", "testing"}},
      {"sys/pidfd.h", {"proc"}},
      {"spawn.h", {"proc"}},
      {"gtest/", {}},
      {"gmock/", {}},
      {"benchmark/", {}},
  };
  return *foreigners;
}

template <size_t kSize>
bool IsAmong(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// What is wrong with including `name` in `room`; empty if nothing.
std::string WrongInsideLev(const Source& source, std::string_view name) {
  const std::string room = source.Room();
  const std::string_view rest = name.substr(4);
  const std::string_view other = rest.substr(0, rest.find('/'));
  if (other == room || Rooms().at(room).contains(other)) return "";
  const auto more = CoRooms().find(room);
  const bool co = source.In("lev/" + room + "/co_");
  if (co && more != CoRooms().end() && more->second.contains(other)) return "";
  if (room == "tls" && IsAmong(kStreams, name)) return "";
  if (room == "file" && IsAmong(kBelowFile, name)) return "";
  return "lev/" + room + " may not include lev/" + std::string(other);
}

std::string WrongFromOutside(const std::string& room, std::string_view name) {
  for (const Foreign& foreign : Foreigners()) {
    if (!name.starts_with(foreign.prefix)) continue;
    if (foreign.rooms.contains(room)) return "";
    return "lev/" + room + " may not include " + std::string(name);
  }
  return "";
}

std::string Wrong(const Source& source, std::string_view name, char quote) {
  const std::string room = source.Room();
  if (!Rooms().contains(room)) return "lev/" + room + " is not a known room";
  if (name.starts_with("lev/")) return WrongInsideLev(source, name);
  if (quote == '"' && !name.starts_with("absl/")) {
    return "\"" + std::string(name) + "\" is neither lev's nor Abseil's";
  }
  return WrongFromOutside(room, name);
}

}  // namespace

Findings CheckIncludes(const SourceTree& tree) {
  constexpr std::string_view kInclude = "#include ";
  Findings findings;
  for (const auto& [path, source] : tree.sources()) {
    if (!source.IsCpp() || source.Room().empty()) continue;
    for (size_t i = 0; i < source.lines.size(); ++i) {
      std::string_view line = source.lines[i];
      if (!line.starts_with(kInclude)) continue;
      line.remove_prefix(kInclude.size());
      const char quote = line[0];
      const size_t end = line.find_first_of("\">", 1);
      const std::string wrong = Wrong(source, line.substr(1, end - 1), quote);
      if (wrong.empty()) continue;
      findings.push_back(path + ":" + std::to_string(i + 1) + ": " + wrong);
    }
  }
  return findings;
}

}  // namespace lev::tidy
