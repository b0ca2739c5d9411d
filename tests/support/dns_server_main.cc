// dns_server_main RECORD...: a name server for Lua specs. It prints its port,
// and serves until its standard input ends. A record is one of
//   NAME A ADDRESS, NAME AAAA ADDRESS, NAME ALIAS NAME, NAME RCODE NUMBER,
//   NAME SILENT FAMILY, NAME TRUNCATED FAMILY, NAME SLOW FAMILY
// where FAMILY is A, AAAA or ANY, and slow answers come after 100 ms. Other
// names do not exist.

#include <unistd.h>

#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/dns_server.h"

namespace {

using Zone =
    std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

lev::DnsReply Reply(const Zone& zone, const lev::DnsQuestion& question) {
  const auto found = zone.find(question.name);
  lev::DnsReply reply;
  if (found == zone.end()) reply.rcode = 3;
  if (found == zone.end()) return reply;
  for (const auto& [type, value] : found->second) {
    const bool meant = value == "ANY" || value == (question.v6 ? "AAAA" : "A");
    if (type == "A" || type == "AAAA") reply.addresses.push_back(value);
    if (type == "ALIAS") reply.aliases.push_back(value);
    if (type == "RCODE") reply.rcode = std::stoi(value);
    if (type == "SILENT") reply.silent = meant;
    if (type == "TRUNCATED") reply.truncated = meant;
    if (type == "SLOW" && meant) reply.delay = 100 * lev::kMillisecond;
  }
  return reply;
}

}  // namespace

int main(int count, char** records) {
  Zone zone;
  for (int i = 1; i < count; ++i) {
    std::istringstream words(records[i]);
    std::string name;
    std::string type;
    std::string value;
    words >> name >> type >> value;
    zone[name].emplace_back(type, value);
  }
  lev::DnsServer server([&zone](const lev::DnsQuestion& question) {
    return Reply(zone, question);
  });
  std::printf("%d\n", server.port());
  std::fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
