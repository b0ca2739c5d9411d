#include "lev/lua/lua_object.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lev/lua/lua_runtime.h"

namespace lev::lua {
namespace {

// Its address is the key of the kind in its metatable.
const char kKindKey = 0;

// In a finalizer: whether the state is being closed. Otherwise the collector
// was started by some function, and that is below the finalizer.
bool IsStateClosing(lua_State* L) {
  lua_Debug frame;
  return lua_getstack(L, 1, &frame) == 0;
}

}  // namespace

// Stack: ..., upvalue 1. Functions share it; `__index` also gets the methods.
void ObjectKind::Register(lua_State* L, const char* name,
                          const luaL_Reg* methods, const luaL_Reg* meta) {
  name_ = name;
  const int upvalue = lua_gettop(L);
  runtime_ = static_cast<Runtime*>(lua_touserdata(L, upvalue));
  lua_newtable(L);
  const int metatable = upvalue + 1;
  lua_newtable(L);
  const int index = upvalue + 2;
  lua_pushvalue(L, upvalue);
  luaL_setfuncs(L, methods, 1);
  lua_pushstring(L, name);
  lua_setfield(L, metatable, "__name");
  lua_pushliteral(L, "lev");  // What getmetatable shows: hands off.
  lua_setfield(L, metatable, "__metatable");
  lua_pushvalue(L, index);
  lua_setfield(L, metatable, "__index");
  lua_pushlightuserdata(L, this);
  lua_rawsetp(L, metatable, &kKindKey);
  for (const luaL_Reg* entry = meta; entry->name != nullptr; ++entry) {
    lua_pushvalue(L, upvalue);
    lua_pushvalue(L, index);
    lua_pushcclosure(L, entry->func, 2);
    lua_setfield(L, metatable, entry->name);
  }
  lua_pop(L, 1);
  address_ = lua_topointer(L, metatable);
  ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
}

void ObjectKind::PushMethods(lua_State* L) const {
  Push(L);
  lua_getfield(L, -1, "__index");
  if (lua_isfunction(L, -1)) {
    lua_getupvalue(L, -1, 2);
    lua_remove(L, -2);
  }
  lua_remove(L, -2);
}

void ObjectKind::Fill(lua_State* L, Boxed* object) {
  boxes_ = true;
  if (object->IsOpen()) object->made_at_ = runtime_->sites().Caller(L);
  *static_cast<Boxed**>(lua_touserdata(L, -1)) = object;
  Adopt(L);
}

std::string ObjectKind::DescribeBoxed(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
    return "";
  }
  lua_rawgetp(L, -1, &kKindKey);
  const auto* const kind = static_cast<ObjectKind*>(lua_touserdata(L, -1));
  lua_pop(L, 2);
  if (kind == nullptr || !kind->boxes_) return "";
  const Boxed& object = At<Boxed>(L, index);
  const std::string text = object.Describe();
  return text.empty() ? text : absl::StrCat(kind->NameOf(object), ": ", text);
}

void ObjectKind::WarnIfForgotten(lua_State* L, const Boxed& object) const {
  // The end of a run closes what is open, and so does that of the state.
  if (!runtime_->running() || runtime_->ending() || runtime_->closing()) return;
  if (!object.IsOpen() || IsStateClosing(L)) return;
  const absl::string_view site = runtime_->sites().Describe(object.made_at_);
  std::string text = absl::StrCat(
      "lev: a ", NameOf(object), " (", object.Describe(), ")",
      site.empty() ? "" : " made at ", site, " was collected without close");
  lua_warning(L, text.c_str(), 0);
  TestBed* const bed = runtime_->test_bed();
  if (bed != nullptr && !object.Leftover().empty()) bed->Forget(text.substr(5));
}

}  // namespace lev::lua
