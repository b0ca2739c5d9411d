#include <nlohmann/json.hpp>

#include "lev/observe/task_dump.h"

namespace lev {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json ToJson(const TaskWait& wait) {
  return {
      {"on", wait.on},
      {"verb", OrNull(wait.verb)},
      {"object", OrNull(wait.object)},
      {"since", wait.since.has_value() ? Json(*wait.since) : Json()},
      {"deadline", wait.deadline.has_value() ? Json(*wait.deadline) : Json()}};
}

Json ToJson(const TaskInfo& task) {
  return {{"id", task.id},
          {"name", OrNull(task.name)},
          {"status", task.status},
          {"detached", task.detached},
          {"parent_id", task.parent_id == 0 ? Json() : Json(task.parent_id)},
          {"co_status", task.co_status},
          {"wait", task.wait.has_value() ? ToJson(*task.wait) : Json()},
          {"spawned_at", OrNull(task.spawned_at)},
          {"traceback", OrNull(task.traceback)}};
}

}  // namespace

std::string FormatJson(absl::Span<const TaskInfo> tasks) {
  Json array = Json::array();
  for (const TaskInfo& task : tasks) array.push_back(ToJson(task));
  // Names and paths may be any bytes; the default is to throw.
  return array.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lev
