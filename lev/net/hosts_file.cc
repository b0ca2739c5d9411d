#include "lev/net/hosts_file.h"

#include <sys/socket.h>

#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lev/net/address.h"

namespace lev {

bool HostsFile::Ask(absl::string_view name, uint16_t port, Lookup& lookup) {
  const FileStamp stamp = FileStamp::Of(path_);
  if (!(stamp == stamp_)) Read();
  stamp_ = stamp;
  const auto found =
      names_.find(absl::AsciiStrToLower(absl::StripSuffix(name, ".")));
  if (found == names_.end()) return false;
  std::vector<Address> v6;
  std::vector<Address> v4;
  for (const std::string& host : found->second) {
    const Address address = *Address::Parse(host, port);
    (address.family() == AF_INET6 ? v6 : v4).push_back(address);
  }
  const bool known = (lookup.asks(AF_INET6) && !v6.empty()) ||
                     (lookup.asks(AF_INET) && !v4.empty());
  if (!known) return false;
  lookup.Answer(AF_INET6, SomeAddresses(std::move(v6), name));
  lookup.Answer(AF_INET, SomeAddresses(std::move(v4), name));
  return true;
}

void HostsFile::Read() {
  names_.clear();
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) ReadLine(line);
}

// An address and its names, and perhaps a comment.
void HostsFile::ReadLine(absl::string_view line) {
  const std::vector<std::string> words =
      absl::StrSplit(line.substr(0, line.find('#')), absl::ByAnyChar(" \t\r"),
                     absl::SkipEmpty());
  if (words.empty()) return;
  if (!Address::Parse(words[0], 0).ok()) return;
  for (size_t i = 1; i < words.size(); ++i) {
    names_[absl::AsciiStrToLower(words[i])].push_back(words[0]);
  }
}

}  // namespace lev
