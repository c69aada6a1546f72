// V3 webhooks of PagerDuty.

#include <nlohmann/json.hpp>

#include "daemon/source/message_json.h"
#include "daemon/source/pager_action.h"
#include "daemon/source/pager_hooks.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Kind = PagerAction::Kind;
using nlohmann::json;

std::optional<Kind> KindOf(std::string_view event_type) {
  if (event_type == "incident.acknowledged") return Kind::kAcknowledged;
  if (event_type == "incident.resolved") return Kind::kResolved;
  for (const std::string_view type : {"reassigned", "delegated", "escalated"}) {
    if (event_type == Cat("incident.", type)) return Kind::kReassigned;
  }
  return std::nullopt;
}

// "Maria, Jo", or their ids where they have no names.
std::string AssigneesOf(const json& object) {
  static const json::json_pointer kPlace("/event/data/assignees");
  std::string out;
  if (!object.contains(kPlace) || !object.at(kPlace).is_array()) return out;
  for (const json& assignee : object.at(kPlace)) {
    std::string name = PagerText(assignee, "/summary");
    if (name.empty()) name = PagerText(assignee, "/id");
    if (!name.empty()) CatTo(&out, out.empty() ? "" : ", ", name);
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<v1::Event>> EventsFromPagerDuty(const SourceMessage& message,
                                                           std::string_view tenant) {
  const absl::StatusOr<json> object = ReadPagerObject(message.value, "");
  if (!object.ok()) return object.status();
  const std::string type = PagerText(*object, "/event/event_type");
  if (type.empty()) return FieldError("event.event_type", "is missing: expected a V3 webhook");
  const std::optional<Kind> kind = KindOf(type);
  if (!kind) return std::vector<v1::Event>();
  PagerAction action;
  action.kind = *kind;
  action.key = PagerText(*object, "/event/data/incident_key");
  if (action.key.empty()) {
    return FieldError("event.data.incident_key", "is missing: which page is it about?");
  }
  // Also an integration acknowledges and resolves: ours does for what somebody did elsewhere.
  const bool person = PagerText(*object, "/event/agent/type") == "user_reference";
  action.by = PagerText(*object, "/event/agent/summary");
  if (action.by.empty()) action.by = PagerText(*object, "/event/agent/id");
  if (*kind == Kind::kReassigned) {
    action.to = AssigneesOf(*object);
    if (action.to.empty()) return std::vector<v1::Event>();
  } else if (!person || action.by.empty()) {
    return std::vector<v1::Event>();
  }
  action.id = std::string(message.FindHeader("x-webhook-id").value_or(""));
  if (action.id.empty()) action.id = PagerText(*object, "/event/id");
  if (action.id.empty()) return FieldError("event.id", "is missing, and X-Webhook-Id, too");
  if (const auto at = ParseInstant(PagerText(*object, "/event/occurred_at")); at.ok()) {
    action.at = *at;
  }
  return EventsOfPager(action, tenant);
}

}  // namespace escalation
