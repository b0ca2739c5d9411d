#include "lev/net/hosts_file.h"

#include <fstream>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "lev/net/address.h"

namespace lev {

bool HostsFile::Ask(absl::string_view name, uint16_t port, Lookup& lookup) {
  const FileStamp stamp = FileStamp::Of(path_);
  if (!(stamp == stamp_)) Read();
  stamp_ = stamp;
  return table_.Ask(name, port, lookup);
}

void HostsFile::Read() {
  table_.Clear();
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) ReadLine(line);
}

// An address and its names, and perhaps a comment.
void HostsFile::ReadLine(absl::string_view line) {
  const std::vector<std::string> words =
      absl::StrSplit(line.substr(0, line.find('#')), absl::ByAnyChar(" \t\r"),
                     absl::SkipEmpty());
  if (words.empty()) return;
  const absl::StatusOr<Address> address = Address::Parse(words[0], 0);
  if (!address.ok()) return;
  for (size_t i = 1; i < words.size(); ++i) table_.Add(words[i], *address);
}

}  // namespace lev
