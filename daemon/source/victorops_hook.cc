// Outgoing webhooks of VictorOps.

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/source/form_fields.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/message_json.h"
#include "daemon/source/pager_action.h"
#include "daemon/source/pager_hooks.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// VictorOps' name for itself, and for a monitoring tool that resolves what it had opened.
constexpr std::string_view kNobody = "SYSTEM";

// Numbers as they are written; other values than texts and numbers are left out.
FormFields FieldsOf(const nlohmann::json& object) {
  FormFields fields;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      fields.emplace_back(name, value.get<std::string>());
    } else if (value.is_number() || value.is_null()) {
      fields.emplace_back(name, value.is_null() ? "" : value.dump());
    }
  }
  return fields;
}

absl::StatusOr<FormFields> ReadFields(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != '{') return ParseFormFields(text);
  const absl::StatusOr<nlohmann::json> object = ReadPagerObject(text, "");
  if (!object.ok()) return object.status();
  return FieldsOf(*object);
}

// The first that is given.
std::optional<std::string> Find(const FormFields& fields,
                                std::initializer_list<std::string_view> names) {
  std::optional<std::string> found;
  for (const std::string_view name : names) {
    for (const auto& [field, value] : fields) {
      if (field != name) continue;
      if (!value.empty()) return value;
      found = value;
    }
  }
  return found;
}

std::optional<Instant> FindInstant(const FormFields& fields,
                                   std::initializer_list<std::string_view> names) {
  const std::string text = Find(fields, names).value_or("");
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return PagerInstant(ms);
}

}  // namespace

absl::StatusOr<std::vector<v1::Event>> EventsFromVictorOps(const SourceMessage& message,
                                                           std::string_view tenant) {
  const absl::StatusOr<FormFields> fields = ReadFields(message.value);
  if (!fields.ok()) return fields.status();
  const auto phase = Find(*fields, {"INCIDENT.CURRENT_PHASE", "STATE.CURRENT_ALERT_PHASE"});
  if (!phase) {
    const bool dotted = std::any_of(fields->begin(), fields->end(), [](const auto& field) {
      return field.first.find('.') != std::string::npos;
    });
    if (!dotted) {
      return FieldError("", "expected the fields of VictorOps, such as INCIDENT.CURRENT_PHASE");
    }
    // A chat, a change of who is on call, somebody being paged: nothing happened to an incident.
    if (!Find(*fields, {"INCIDENT.INCIDENT_ID", "STATE.ENTITY_ID", "ALERT.entity_id"}))
      return std::vector<v1::Event>();
    return FieldError("INCIDENT.CURRENT_PHASE", "is missing: what happened to the incident?");
  }
  PagerAction action;
  std::optional<std::string> by;
  if (*phase == "ACKED") {
    action.kind = PagerAction::Kind::kAcknowledged;
    by = Find(*fields, {"STATE.ACKED_BY", "STATE.ACK_USER", "INCIDENT.POLICIES_PAGED.0.ACKED_BY"});
    action.at = FindInstant(*fields, {"STATE.ACKED_AT", "STATE.ACK_TIMESTAMP"});
  } else if (*phase == "RESOLVED") {
    action.kind = PagerAction::Kind::kResolved;
    by = Find(*fields, {"STATE.RESOLVED_BY"});
    action.at = FindInstant(*fields, {"STATE.RESOLVED_AT", "STATE.LAST_TIMESTAMP"});
  } else {
    return std::vector<v1::Event>();  // UNACKED, and what else there may be.
  }
  if (!by) {
    const bool acked = action.kind == PagerAction::Kind::kAcknowledged;
    return FieldError(acked ? "STATE.ACK_USER" : "STATE.RESOLVED_BY", "is missing: who did it?");
  }
  const auto key = Find(*fields, {"ALERT.entity_id", "STATE.ENTITY_ID"});
  if (!key) return FieldError("ALERT.entity_id", "is missing: which page is it about?");
  if (!IsUtf8(*by)) return FieldError("STATE.ACK_USER", "expected UTF-8");
  if (by->empty() || *by == kNobody) return std::vector<v1::Event>();
  action.key = *key;
  action.by = *by;
  action.id = Cat("vo.", ToHex(Sha256({message.value})));
  return EventsOfPager(action, tenant);
}

}  // namespace escalation
