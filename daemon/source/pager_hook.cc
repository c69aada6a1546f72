// Our own form, for pagers and scripts that have none of the others.

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "daemon/source/message_json.h"
#include "daemon/source/pager_action.h"
#include "daemon/source/pager_hooks.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Kind = PagerAction::Kind;
using nlohmann::json;

constexpr std::pair<std::string_view, Kind> kActions[] = {
    {"acknowledged", Kind::kAcknowledged},
    {"resolved", Kind::kResolved},
    {"reassigned", Kind::kReassigned},
};

absl::Status CheckFields(const json& object) {
  static const std::set<std::string, std::less<>> kKnown = {"action", "key", "by",
                                                            "to",     "at",  "id"};
  for (const auto& [name, value] : object.items()) {
    if (!kKnown.contains(name)) {
      return FieldError(name, "unknown, expected action, key, by, to, at or id");
    }
    if (!value.is_string()) return FieldError(name, "expected a string");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::Event>> EventsFromPager(const SourceMessage& message,
                                                       std::string_view tenant) {
  const absl::StatusOr<json> object = ReadPagerObject(message.value, "");
  if (!object.ok()) return object.status();
  if (absl::Status status = CheckFields(*object); !status.ok()) return status;
  const std::string word = PagerText(*object, "/action");
  PagerAction action;
  bool known = false;
  for (const auto& [name, kind] : kActions) {
    if (name != word) continue;
    action.kind = kind;
    known = true;
  }
  if (!known) return FieldError("action", "expected acknowledged, resolved or reassigned");
  action.key = PagerText(*object, "/key");
  action.by = PagerText(*object, "/by");
  action.to = PagerText(*object, "/to");
  action.id = PagerText(*object, "/id");
  if (action.id.empty()) action.id = std::string(message.FindHeader("webhook-id").value_or(""));
  if (action.key.empty()) return FieldError("key", "is missing: which page is it about?");
  if (action.by.empty()) return FieldError("by", "is missing: who did it?");
  if (action.id.empty()) return FieldError("id", "is missing, and the header webhook-id, too");
  if ((action.kind == Kind::kReassigned) == action.to.empty()) {
    return FieldError("to", "expected with reassigned, and only with it");
  }
  if (const std::string at = PagerText(*object, "/at"); !at.empty()) {
    const absl::StatusOr<Instant> parsed = ParseInstant(at);
    if (!parsed.ok()) return FieldError("at", "expected a time as of RFC 3339");
    action.at = *parsed;
  }
  return EventsOfPager(action, tenant);
}

}  // namespace escalation
