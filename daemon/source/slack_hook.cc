// Interactivity of Slack: the buttons of messages (daemon/deliver/slack.h).

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/source/form_fields.h"
#include "daemon/source/message_json.h"
#include "daemon/source/pager_action.h"
#include "daemon/source/pager_hooks.h"
#include "daemon/source/slack_buttons.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using nlohmann::json;

absl::StatusOr<json> ReadPayload(const std::string& text) {
  const absl::StatusOr<FormFields> fields = ParseFormFields(text);
  if (!fields.ok()) return fields.status();
  for (const auto& [name, value] : *fields) {
    if (name == "payload") return ReadPagerObject(value, "payload");
  }
  return FieldError("payload", "is missing: expected the form of Slack's interactivity");
}

std::string WhoPressed(const json& payload) {
  for (const char* const place : {"/user/username", "/user/name", "/user/id"}) {
    if (std::string name = PagerText(payload, place); !name.empty()) return name;
  }
  return "";
}

// "1548426417.840180"
std::optional<Instant> ReadActionTime(const std::string& text) {
  int64_t seconds = 0;
  int64_t ms = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, seconds);
  // More would not fit in milliseconds.
  if (error != std::errc() || seconds < 0 || seconds > kInstantMax.ms / 1000) return std::nullopt;
  if (last - end >= 4 && *end == '.') std::from_chars(end + 1, end + 4, ms);
  return PagerInstant(seconds * 1000 + std::max<int64_t>(ms, 0));
}

}  // namespace

absl::StatusOr<std::vector<v1::Event>> EventsFromSlack(const SourceMessage& message,
                                                       std::string_view tenant) {
  const absl::StatusOr<json> payload = ReadPayload(message.value);
  if (!payload.ok()) return payload.status();
  const std::string type = PagerText(*payload, "/type");
  if (type.empty()) return FieldError("payload.type", "is missing");
  std::vector<v1::Event> events;
  if (type != "block_actions") return events;
  const auto actions = payload->find("actions");
  if (actions == payload->end() || !actions->is_array()) {
    return FieldError("payload.actions", "expected an array");
  }
  const std::string by = WhoPressed(*payload);
  for (size_t i = 0; i < actions->size(); ++i) {
    const json& pressed = (*actions)[i];
    const std::string button = PagerText(pressed, "/action_id");
    if (button != kSlackAcknowledge && button != kSlackResolve) continue;
    PagerAction action;
    action.kind = button == kSlackAcknowledge ? PagerAction::Kind::kAcknowledged
                                              : PagerAction::Kind::kResolved;
    action.key = PagerText(pressed, "/value");
    action.by = by;
    if (action.key.empty()) return FieldError(Cat("payload.actions[", i, "].value"), "is missing");
    if (by.empty()) return FieldError("payload.user.id", "is missing: who pressed the button?");
    const std::string time = PagerText(pressed, "/action_ts");
    action.at = ReadActionTime(time);
    action.id = Cat(PagerText(*payload, "/user/id"), ".", time, ".", button, ".", action.key);
    for (v1::Event& event : EventsOfPager(action, tenant)) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace escalation
