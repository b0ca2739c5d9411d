// The names that a machine's own file knows: /etc/hosts.
//
// Read at the first question, and again when it has changed.

#ifndef LEV_NET_HOSTS_FILE_H_
#define LEV_NET_HOSTS_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "lev/net/file_stamp.h"
#include "lev/net/host_table.h"
#include "lev/net/lookup.h"

namespace lev {

class HostsFile {
 public:
  // Nothing is read yet; a file that does not exist is as good as empty.
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  // Answers `lookup` if the file has an address for `name` of a family that is
  // asked for; then it decides for the other family as well.
  bool Ask(absl::string_view name, uint16_t port, Lookup& lookup);

 private:
  void Read();
  void ReadLine(absl::string_view line);

  const std::string path_;
  FileStamp stamp_;
  HostTable table_;
};

}  // namespace lev

#endif  // LEV_NET_HOSTS_FILE_H_
