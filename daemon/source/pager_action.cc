#include "daemon/source/pager_action.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/source/message_json.h"
#include "state/base/ids.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr std::string_view kDigest = "sha256-";

// The part before the next slash, which is taken off.
std::string_view TakePart(std::string_view* rest) {
  const size_t end = std::min(rest->find('/'), rest->size());
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return part;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsHexDigest(std::string_view text) {
  return text.size() == 2 * kSha256Bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Of a key that was found to be one.
std::string TicketOf(std::string_view key) {
  TakePart(&key);
  return std::string(TakePart(&key));
}

}  // namespace

bool IsPageKeyOf(std::string_view tenant, std::string_view key) {
  if (TakePart(&key) != tenant) return false;
  if (!IsId(TakePart(&key), kIdBytesMax)) return false;
  if (key.starts_with(kDigest)) return IsHexDigest(key.substr(kDigest.size()));
  if (!IsId(TakePart(&key), kNameBytesMax)) return false;
  if (!IsNumber(TakePart(&key))) return false;
  const size_t route = std::min(key.find('@'), key.size());
  if (route < key.size() && !IsId(key.substr(route + 1), kNameBytesMax)) return false;
  return IsNumber(key.substr(0, route));
}

std::string PagerEventId(std::string_view id) {
  // Room for ".1" of the actions of one message.
  if (IsId(id, kIdBytesMax - 4) && !id.starts_with(kDigest)) return std::string(id);
  return Cat(kDigest, ToHex(Sha256({id})));
}

std::vector<v1::Event> EventsOfPager(const PagerAction& action, std::string_view tenant) {
  std::vector<v1::Event> events;
  if (!IsPageKeyOf(tenant, action.key)) return events;
  v1::Event& event = events.emplace_back();
  event.set_id(PagerEventId(action.id));
  event.set_ticket_id(TicketOf(action.key));
  event.mutable_actor()->set_id(action.by);
  event.mutable_actor()->set_kind(v1::Actor::AGENT);
  if (action.at) ToProto(*action.at, event.mutable_occurred_at());
  switch (action.kind) {
    case PagerAction::Kind::kAcknowledged:
      event.mutable_page_acknowledged()->set_key(action.key);
      event.mutable_page_acknowledged()->set_by(action.by);
      break;
    case PagerAction::Kind::kResolved:
      event.mutable_page_resolved()->set_key(action.key);
      event.mutable_page_resolved()->set_by(action.by);
      break;
    case PagerAction::Kind::kReassigned: {
      event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
      v1::Field* const field = event.mutable_fields_changed()->add_fields();
      field->set_name(kPagerAssigneeField);
      field->set_value(action.to);
      break;
    }
  }
  return events;
}

absl::StatusOr<nlohmann::json> ReadPagerObject(std::string_view text, std::string_view where) {
  nlohmann::json object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) return object;
  return FieldError(where, object.is_discarded() ? "expected JSON" : "expected a JSON object");
}

std::string PagerText(const nlohmann::json& object, const char* pointer) {
  const nlohmann::json::json_pointer place(pointer);
  if (!object.contains(place)) return "";
  const nlohmann::json& value = object.at(place);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<Instant> PagerInstant(int64_t ms) {
  const Instant at{ms};
  if (at < kInstantMin || at >= kInstantMax) return std::nullopt;
  return at;
}

}  // namespace escalation
