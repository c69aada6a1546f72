#include "daemon/source/event_check.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/source/json_scanner.h"
#include "daemon/source/manual_check.h"
#include "daemon/source/message_json.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Texts that are shown to people and never become part of a key: line breaks are harmless there.
bool IsProse(std::string_view field) { return IsOneOf(field, {"subject", "reason", "value"}); }

size_t PointsMax(std::string_view field) {
  if (IsOneOf(field, {"subject", "reason"})) return kSubjectPointsMax;
  if (field == "value") return kFieldValuePointsMax;
  // A page key is made of ids: tenant/ticket/escalation/cycle/generation@route.
  if (field == "key") return 512;
  return kNamePointsMax;
}

size_t CountMax(std::string_view field) {
  if (IsOneOf(field, {"fields"})) return kFieldsMax;
  if (IsOneOf(field, {"participants", "add_participants", "remove_participants"})) {
    return kParticipantsMax;
  }
  if (IsOneOf(field, {"contacts", "logins"})) return kContactsMax;
  return kTagsMax;
}

// Nearly all text is: no check then says more.
bool IsShortPrintableAscii(std::string_view text) {
  if (text.size() > kNamePointsMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// Each of these gives what is wrong; empty: nothing.
std::string CheckText(std::string_view field, std::string_view text) {
  if (IsShortPrintableAscii(text)) return "";
  if (!IsUtf8(text)) return "expected UTF-8";
  const size_t points = CodePoints(text);
  if (points > PointsMax(field)) {
    return Cat(points, " characters, expected at most ", PointsMax(field));
  }
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte == 0 || (!IsProse(field) && (byte < 0x20 || byte == 0x7F))) {
      return Cat("expected no control characters, got one of code ", int{byte});
    }
  }
  return "";
}

std::string CheckTimestamp(const google::protobuf::Timestamp& t) {
  const bool in_range = t.seconds() >= kInstantMin.ms / 1000 && t.seconds() < kInstantMax.ms / 1000;
  if (in_range && t.nanos() >= 0 && t.nanos() < 1'000'000'000) return "";
  return Cat("instant out of range: ", t.seconds(),
             " seconds since 1970, expected a year from 2000 to 2099");
}

std::string CheckDuration(const google::protobuf::Duration& d) {
  // A hundred years: nothing that escalationd measures is longer.
  static constexpr int64_t kSecondsMax = 100LL * 366 * 86'400;
  const bool fits = d.seconds() >= 0 && d.seconds() <= kSecondsMax;
  if (fits && d.nanos() >= 0 && d.nanos() < 1'000'000'000) return "";
  return Cat("expected a duration from 0 to 100 years, got ", d.seconds(), "s");
}

std::string CheckNumber(int64_t number) {
  return number >= 0 ? "" : Cat("expected 0 or more, got ", number);
}

std::string CheckEnum(const EnumDescriptor& type, int number) {
  if (type.FindValueByNumber(number) != nullptr) return "";
  return Cat("unknown value ", number, " of ", type.name());
}

// The types that are checked by what they are, not by their fields.
struct KnownTypes {
  const Descriptor* timestamp = google::protobuf::Timestamp::descriptor();
  const Descriptor* duration = google::protobuf::Duration::descriptor();
  const Descriptor* policy = v1::Policy::descriptor();
  const Descriptor* calendars = v1::CalendarSet::descriptor();
};

// The fields that are set. Of an event's thirty bodies one can be: they are not asked one by one.
void ListFields(const Message& message, std::vector<const FieldDescriptor*>* fields) {
  const Descriptor* const type = message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  if (type->real_oneof_decl_count() != 1) return reflection.ListFields(message, fields);
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (field->real_containing_oneof() != nullptr) continue;
    const bool set = field->is_repeated() ? reflection.FieldSize(message, field) > 0
                                          : reflection.HasField(message, field);
    if (set) fields->push_back(field);
  }
  const auto* const body = reflection.GetOneofFieldDescriptor(message, type->oneof_decl(0));
  if (body != nullptr) fields->push_back(body);
}

// Checks what holds for a field wherever it stands.
class Walker {
 public:
  absl::Status Check(const Message& message) {
    const std::string what = CheckMessage(message);
    if (what.empty()) return absl::OkStatus();
    std::string path;
    for (const Part& part : path_) {
      CatTo(&path, path.empty() ? "" : ".", part.field->name());
      if (part.index >= 0) CatTo(&path, "[", part.index, "]");
    }
    return FieldError(path, what);
  }

 private:
  struct Part {
    const FieldDescriptor* field;
    int index;  // -1: the field is not repeated.
  };

  std::string CheckMessage(const Message& message) {
    static const KnownTypes kKnown;
    const Descriptor* const type = message.GetDescriptor();
    if (type == kKnown.timestamp) {
      return CheckTimestamp(static_cast<const google::protobuf::Timestamp&>(message));
    }
    if (type == kKnown.duration) {
      return CheckDuration(static_cast<const google::protobuf::Duration&>(message));
    }
    // Policies and calendars have checks of their own (state/policy), and other limits.
    if (type == kKnown.policy || type == kKnown.calendars) return "";
    const Reflection& reflection = *message.GetReflection();
    if (!reflection.GetUnknownFields(message).empty()) {
      return "holds a field that this version does not know";
    }
    std::vector<const FieldDescriptor*> fields;
    ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      path_.push_back({field, -1});
      std::string what =
          field->is_repeated() ? CheckRepeated(message, *field) : CheckValue(message, *field, -1);
      if (!what.empty()) return what;
      path_.pop_back();
    }
    return "";
  }

  std::string CheckRepeated(const Message& message, const FieldDescriptor& field) {
    const int count = message.GetReflection()->FieldSize(message, &field);
    const size_t max = CountMax(field.name());
    if (static_cast<size_t>(count) > max) return Cat(count, " entries, expected at most ", max);
    for (int i = 0; i < count; ++i) {
      path_.back().index = i;
      std::string what = CheckValue(message, field, i);
      if (!what.empty()) return what;
    }
    return "";
  }

  std::string CheckValue(const Message& message, const FieldDescriptor& field, int index) {
    const Reflection& r = *message.GetReflection();
    const FieldDescriptor* f = &field;
    const bool many = index >= 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return CheckMessage(many ? r.GetRepeatedMessage(message, f, index)
                                 : r.GetMessage(message, f));
      case FieldDescriptor::CPPTYPE_STRING: {
        if (field.type() == FieldDescriptor::TYPE_BYTES) return "";
        std::string scratch;
        return CheckText(field.name(),
                         many ? r.GetRepeatedStringReference(message, f, index, &scratch)
                              : r.GetStringReference(message, f, &scratch));
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        return CheckEnum(*field.enum_type(), many ? r.GetRepeatedEnumValue(message, f, index)
                                                  : r.GetEnumValue(message, f));
      case FieldDescriptor::CPPTYPE_INT32:
        return many ? "" : CheckNumber(r.GetInt32(message, f));
      case FieldDescriptor::CPPTYPE_INT64:
        return many ? "" : CheckNumber(r.GetInt64(message, f));
      default:
        return "";
    }
  }

  std::vector<Part> path_;
};

bool IsAboutTicket(v1::Event::BodyCase body) {
  switch (body) {
    case v1::Event::kOpened:
    case v1::Event::kMessageAdded:
    case v1::Event::kStatusChanged:
    case v1::Event::kSeverityChanged:
    case v1::Event::kWorkaroundRecorded:
    case v1::Event::kAssigned:
    case v1::Event::kHandoverRequested:
    case v1::Event::kFieldsChanged:
    case v1::Event::kUpdateAgreed:
    case v1::Event::kEscalationRequested:
    case v1::Event::kMerged:
    case v1::Event::kLinkedTo:
    case v1::Event::kErased:
    case v1::Event::kObserved:
      return true;
    default:
      return false;
  }
}

bool IsOurs(v1::Event::BodyCase body) {
  switch (body) {
    case v1::Event::kTick:
    case v1::Event::kOwnerTook:
    case v1::Event::kPublished:
    case v1::Event::kPageOutcome:
    case v1::Event::kSemanticsRaised:
      return true;
    default:
      return false;
  }
}

struct Required {
  std::string_view field;
  std::string_view value;
  size_t bytes_max;  // 0: any text that is not empty.
};

// The texts without which a body means nothing.
std::vector<Required> RequiredOf(const v1::Event& event) {
  switch (event.body_case()) {
    case v1::Event::kMerged:
      return {{"merged.into", event.merged().into(), kIdBytesMax}};
    case v1::Event::kSeverityChanged:
      return {{"severity_changed.severity", event.severity_changed().severity(), 0}};
    case v1::Event::kHandoverRequested:
      return {{"handover_requested.level", event.handover_requested().level(), kNameBytesMax}};
    case v1::Event::kEscalationRequested:
      return {{"escalation_requested.escalation", event.escalation_requested().escalation(),
               kNameBytesMax}};
    case v1::Event::kPageAcknowledged:
      return {{"page_acknowledged.key", event.page_acknowledged().key(), 0}};
    case v1::Event::kPageResolved:
      return {{"page_resolved.key", event.page_resolved().key(), 0}};
    case v1::Event::kAccountChanged:
      return {{"account_changed.account", event.account_changed().account(), 0}};
    case v1::Event::kPlanChangeRequested:
      // What else is missing is flagged, so that somebody sees the request.
      return {{"plan_change_requested.account", event.plan_change_requested().account(), 0}};
    case v1::Event::kPlanActivated:
      return {{"plan_activated.account", event.plan_activated().account(), 0},
              {"plan_activated.plan", event.plan_activated().plan(), 0}};
    case v1::Event::kEntitlementUsed:
      return {{"entitlement_used.account", event.entitlement_used().account(), 0},
              {"entitlement_used.entitlement", event.entitlement_used().entitlement(), 0}};
    case v1::Event::kFollowChanged:
      return {{"follow_changed.account", event.follow_changed().account(), 0},
              {"follow_changed.follower", event.follow_changed().follower(), 0}};
    case v1::Event::kOnCallChanged:
      return {{"on_call_changed.route", event.on_call_changed().route(), kNameBytesMax},
              {"on_call_changed.person", event.on_call_changed().person(), 0}};
    case v1::Event::kMuteSet:
      return {{"mute_set.mute_id", event.mute_set().mute_id(), kNameBytesMax}};
    case v1::Event::kMuteCleared:
      return {{"mute_cleared.mute_id", event.mute_cleared().mute_id(), kNameBytesMax}};
    case v1::Event::kSourceMark:
      return {{"source_mark.source", event.source_mark().source(), kNameBytesMax}};
    default:
      return {};
  }
}

absl::Status CheckBody(const v1::Event& event) {
  for (const Required& required : RequiredOf(event)) {
    if (required.bytes_max > 0) {
      absl::Status status = CheckId(required.field, required.value, required.bytes_max);
      if (!status.ok()) return status;
    } else if (required.value.empty()) {
      return FieldError(required.field, "is missing");
    }
  }
  const auto set = [](const auto& t) { return t.seconds() != 0; };
  switch (event.body_case()) {
    case v1::Event::kStatusChanged:
      if (event.status_changed().status() == v1::StatusChanged::UNSPECIFIED) {
        return FieldError("status_changed.status", "is missing");
      }
      return absl::OkStatus();
    case v1::Event::kLinkedTo:
      return event.linked_to().problem().empty()
                 ? absl::OkStatus()
                 : CheckId("linked_to.problem", event.linked_to().problem(), kIdBytesMax);
    case v1::Event::kUpdateAgreed:
      return set(event.update_agreed().until()) ? absl::OkStatus()
                                                : FieldError("update_agreed.until", "is missing");
    case v1::Event::kSourceMark:
      return set(event.source_mark().through_time())
                 ? absl::OkStatus()
                 : FieldError("source_mark.through_time", "is missing");
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::Status CheckId(std::string_view field, std::string_view id, size_t bytes_max) {
  if (IsId(id, bytes_max)) return absl::OkStatus();
  if (id.empty()) return FieldError(field, "is missing");
  std::string shown;
  AppendJsonString(id.substr(0, bytes_max + 1), &shown);
  return FieldError(
      field, Cat("expected 1 to ", bytes_max, " characters of A-Z a-z 0-9 . _ : -, got ", shown));
}

absl::Status ValidateEvent(const v1::Event& event, Trust trust) {
  const v1::Event::BodyCase body = event.body_case();
  if (body == v1::Event::BODY_NOT_SET) {
    return FieldError("", "an event without a body, expected one such as \"opened\"");
  }
  const std::string& name = v1::Event::descriptor()->FindFieldByNumber(body)->name();
  if (trust == Trust::kSource && IsOurs(body)) {
    return FieldError(name, "is written by escalationd only");
  }
  absl::Status status;
  if (!event.tenant().empty()) status = CheckId("tenant", event.tenant(), kTenantBytesMax);
  if (!status.ok()) return status;
  const bool may_lack_id = trust == Trust::kHistory || event.origin().positioned();
  if (!event.id().empty() || !may_lack_id) status = CheckId("id", event.id(), kIdBytesMax);
  if (!status.ok()) return status;
  if (!event.ticket_id().empty() || IsAboutTicket(body)) {
    status = CheckId("ticket_id", event.ticket_id(), kIdBytesMax);
  }
  if (!status.ok()) return status;
  if (status = CheckBody(event); !status.ok()) return status;
  if (status = CheckManual(event, trust); !status.ok()) return status;
  return Walker().Check(event);
}

}  // namespace escalation
