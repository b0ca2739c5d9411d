#include "lev/lua/lua_sites.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lev::lua {
namespace {

// One of lev's own functions in Lua, as its chunks' names say.
bool IsOfLev(const lua_Debug& frame) {
  return frame.source[0] == '=' && absl::StartsWith(frame.source, "=lev.");
}

}  // namespace

uint32_t SpawnSites::Caller(lua_State* L) {
  lua_Debug frame;
  int level = 1;
  do {
    if (lua_getstack(L, level++, &frame) == 0) return 0;
    lua_getinfo(L, "Sl", &frame);
  } while (frame.currentline < 0 || IsOfLev(frame));
  if (frame.currentline == last_.second && last_.first == frame.short_src) {
    return last_site_;
  }
  last_ = {frame.short_src, frame.currentline};
  const auto found = numbers_.find(last_);
  if (found != numbers_.end()) return last_site_ = found->second;
  if (texts_.size() == kMost) return last_site_ = 0;
  texts_.push_back(absl::StrCat(frame.short_src, ":", frame.currentline));
  last_site_ = static_cast<uint32_t>(texts_.size());
  numbers_.emplace(last_, last_site_);
  return last_site_;
}

absl::string_view SpawnSites::Describe(uint32_t site) const {
  return site == 0 ? "" : absl::string_view(texts_[site - 1]);
}

}  // namespace lev::lua
