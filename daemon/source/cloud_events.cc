#include "daemon/source/cloud_events.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "daemon/source/event_json.h"
#include "daemon/source/json_document.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/message_json.h"
#include "daemon/source/native_event.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Events = std::vector<v1::Event>;

// What is read of one CloudEvent.
struct Attributes {
  std::optional<std::string> specversion;
  std::optional<std::string> id;
  std::optional<std::string> source;
  std::optional<std::string> type;
  std::optional<std::string> time;
  std::optional<std::string> datacontenttype;

  std::optional<std::string>* Find(std::string_view name) {
    if (name == "specversion") return &specversion;
    if (name == "id") return &id;
    if (name == "source") return &source;
    if (name == "type") return &type;
    if (name == "time") return &time;
    if (name == "datacontenttype") return &datacontenttype;
    return nullptr;
  }
};

absl::Status Bad(std::string_view place, std::string_view what) {
  return absl::InvalidArgumentError(Cat(place, ": ", what));
}

// For messages, which are text whatever came.
std::string Shown(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

absl::Status At(std::string_view place, const absl::Status& status) {
  return Bad(place, std::string(status.message()));
}

// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaTypeOf(std::string_view text) {
  text = text.substr(0, text.find(';'));
  std::string type(text);
  absl::StripAsciiWhitespace(&type);
  absl::AsciiStrToLower(&type);
  return type;
}

bool IsProtobuf(const std::string& media_type) {
  return media_type == "application/protobuf" || media_type == "application/x-protobuf" ||
         media_type == "application/vnd.google.protobuf";
}

bool IsJson(const std::string& media_type) {
  return media_type == "application/json" || media_type == "text/json" ||
         absl::EndsWith(media_type, "+json");
}

// The text of an attribute in an HTTP header, with %XX resolved.
std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (!escaped) {
      out += text[i];
      continue;
    }
    const std::string hex(text.substr(i + 1, 2));
    out += absl::HexStringToBytes(hex);
    i += 2;
  }
  return out;
}

absl::Status CheckAttributes(const Attributes& attributes) {
  if (!attributes.specversion) return Bad("specversion", "this attribute is missing");
  if (*attributes.specversion != "1.0") {
    return Bad("specversion", Cat("expected \"1.0\", got ", Shown(*attributes.specversion)));
  }
  const std::pair<const char*, const std::optional<std::string>*> required[] = {
      {"id", &attributes.id}, {"source", &attributes.source}, {"type", &attributes.type}};
  for (const auto& [name, value] : required) {
    if (!*value || (*value)->empty()) return Bad(name, "this attribute is missing");
  }
  return absl::OkStatus();
}

absl::StatusOr<Events> EventsFromData(std::string_view data, const std::string& media_type) {
  if (data.empty()) return Bad("data", "expected an event, got no byte");
  if (IsProtobuf(media_type)) {
    absl::StatusOr<v1::Event> event = EventFromNative(data);
    if (!event.ok()) return At("data", event.status());
    Events events;
    events.push_back(*std::move(event));
    return events;
  }
  if (!media_type.empty() && !IsJson(media_type)) {
    return Bad("datacontenttype",
               Cat("expected application/json or application/protobuf, got ", Shown(media_type)));
  }
  absl::StatusOr<Events> events = EventsFromBody(data, BodyForm::kJson);
  if (!events.ok()) return At("data", events.status());
  return events;
}

// Fills what the events leave open.
absl::Status Complete(const Attributes& attributes, Events* events) {
  std::optional<Instant> time;
  if (attributes.time) {
    const absl::StatusOr<Instant> parsed = ParseInstant(*attributes.time);
    if (!parsed.ok()) return At("time", parsed.status());
    time = *parsed;
  }
  const std::string id = CloudEventId(*attributes.source, *attributes.id);
  for (size_t i = 0; i < events->size(); ++i) {
    v1::Event& event = (*events)[i];
    if (event.id().empty()) event.set_id(events->size() == 1 ? id : Cat(id, ".", i));
    if (!event.has_occurred_at() && time) ToProto(*time, event.mutable_occurred_at());
  }
  return absl::OkStatus();
}

absl::StatusOr<Events> ReadBinary(const SourceMessage& message, std::string_view content_type) {
  const bool http = message.topic.empty();
  const std::string_view prefix = http ? "ce-" : "ce_";
  Attributes attributes;
  for (const SourceMessage::Header& header : message.headers) {
    std::string name = absl::AsciiStrToLower(header.name);
    if (name.rfind(prefix, 0) != 0) continue;
    std::optional<std::string>* const attribute = attributes.Find(name.substr(prefix.size()));
    if (attribute == nullptr) continue;
    if (attribute->has_value()) return Bad(name, "this header was given twice");
    *attribute = http ? PercentDecoded(header.value) : header.value;
    if (!IsUtf8(**attribute)) return Bad(name, "expected UTF-8");
  }
  if (!attributes.specversion) {
    return Bad("headers", Cat("expected a CloudEvent: the header ", prefix,
                              "specversion, or content-type application/cloudevents+json"));
  }
  if (absl::Status status = CheckAttributes(attributes); !status.ok()) return status;
  absl::StatusOr<Events> events = EventsFromData(message.value, MediaTypeOf(content_type));
  if (!events.ok()) return events;
  if (absl::Status status = Complete(attributes, &*events); !status.ok()) return status;
  return events;
}

absl::Status ReadAttributes(const JsonNode& node, std::string_view text, Attributes* out) {
  for (const JsonNode& member : node.children) {
    std::optional<std::string>* const attribute = out->Find(member.key);
    if (attribute == nullptr) continue;
    if (attribute->has_value()) return Bad(member.key, "this attribute was given twice");
    const std::string_view value = text.substr(member.begin, member.end - member.begin);
    if (member.kind == JsonNode::Kind::kLiteral && value == "null") continue;
    if (member.kind != JsonNode::Kind::kString) {
      return Bad(member.key, Cat("expected a string, got ", JsonScanner(value).Excerpt()));
    }
    *attribute = JsonUnescaped(value);
    if (!IsUtf8(**attribute)) return Bad(member.key, "expected UTF-8");
  }
  return CheckAttributes(*out);
}

absl::StatusOr<Events> ReadObject(const JsonNode& node, std::string_view text) {
  if (node.kind != JsonNode::Kind::kObject) return Bad("event", "expected an object");
  Attributes attributes;
  if (absl::Status status = ReadAttributes(node, text, &attributes); !status.ok()) return status;
  const JsonNode* const data = node.Find("data");
  const JsonNode* const base64 = node.Find("data_base64");
  if ((data == nullptr) == (base64 == nullptr)) {
    return Bad("data", "expected either data or data_base64");
  }
  const std::string media_type = MediaTypeOf(attributes.datacontenttype.value_or(""));
  std::string bytes;
  if (data != nullptr) {
    if (IsProtobuf(media_type)) return Bad("data_base64", "expected here what is not JSON");
    bytes = text.substr(data->begin, data->end - data->begin);
  } else if (base64->kind != JsonNode::Kind::kString ||
             !absl::Base64Unescape(
                 JsonUnescaped(text.substr(base64->begin, base64->end - base64->begin)), &bytes)) {
    return Bad("data_base64", "expected a string in base64");
  }
  absl::StatusOr<Events> events = EventsFromData(bytes, media_type);
  if (!events.ok()) return events;
  if (absl::Status status = Complete(attributes, &*events); !status.ok()) return status;
  return events;
}

absl::StatusOr<Events> ReadStructured(std::string_view text) {
  const absl::StatusOr<JsonNode> root = ParseJson(text);
  if (!root.ok()) return root.status();
  return ReadObject(*root, text);
}

absl::StatusOr<Events> ReadBatch(std::string_view text) {
  const absl::StatusOr<JsonNode> root = ParseJson(text);
  if (!root.ok()) return root.status();
  if (root->kind != JsonNode::Kind::kArray) return Bad("batch", "expected an array");
  Events all;
  for (size_t i = 0; i < root->children.size(); ++i) {
    absl::StatusOr<Events> events = ReadObject(root->children[i], text);
    if (!events.ok()) return At(Cat("batch[", i, "]"), events.status());
    if (all.size() + events->size() > kEventsPerBodyMax) {
      return Bad("batch", Cat("expected at most ", kEventsPerBodyMax, " events in one message"));
    }
    std::move(events->begin(), events->end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

absl::StatusOr<Events> EventsFromCloudEvents(const SourceMessage& message) {
  const std::string_view content_type = message.FindHeader("content-type").value_or("");
  const std::string media_type = MediaTypeOf(content_type);
  if (media_type == "application/cloudevents+json") return ReadStructured(message.value);
  if (media_type == "application/cloudevents-batch+json") return ReadBatch(message.value);
  if (absl::StartsWith(media_type, "application/cloudevents")) {
    return Bad("content-type",
               Cat("expected application/cloudevents+json or application/cloudevents-batch+json, "
                   "got ",
                   Shown(media_type)));
  }
  return ReadBinary(message, content_type);
}

std::string CloudEventId(std::string_view source, std::string_view id) {
  constexpr size_t kHashDigits = 12;
  std::string readable = Cat(id, ".", ToHex(Sha256({source})).substr(0, kHashDigits));
  // Room for ".9999" of the events of one message.
  if (IsId(readable, kIdBytesMax - 5)) return readable;
  // The sources' lengths differ from the ids' place: no two pairs give the same bytes.
  return Cat("ce.", ToHex(Sha256({Cat(source.size(), ":"), source, id})).substr(0, 40));
}

}  // namespace escalation
