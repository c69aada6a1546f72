#include "daemon/source/event_json.h"

#include <algorithm>
#include <utility>

#include "daemon/source/json_scanner.h"
#include "daemon/source/message_json.h"
#include "daemon/source/message_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Events = std::vector<v1::Event>;

void FindInMessage(std::string_view text, const SourceText::Given& given,
                   google::protobuf::Message* out) {
  auto* const message = static_cast<v1::MessageAdded*>(out);
  MessageText found = ReadMessageText(text);
  auto& tokens = *message->mutable_tokens();
  for (std::string& token : found.tokens) {
    if (static_cast<size_t>(tokens.size()) >= kTokensMax) break;
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) {
      *tokens.Add() = std::move(token);
    }
  }
  if (!given("length")) message->set_length(found.length);
  if (!given("is_question")) message->set_is_question(found.is_question);
}

void FindInDescription(std::string_view text, const SourceText::Given& given,
                       google::protobuf::Message* out) {
  if (given("description_length")) return;
  static_cast<v1::Opened*>(out)->set_description_length(TextLength(text));
}

constexpr SourceText kSourceTexts[] = {
    {"escalation.v1.MessageAdded", "text", FindInMessage},
    {"escalation.v1.Opened", "description", FindInDescription},
};

absl::Status TooMany() {
  return FieldError("events",
                    Cat("expected at most ", kEventsPerBodyMax, " events in one request"));
}

absl::Status ReadArray(JsonScanner* scanner, Events* out) {
  if (scanner->Peek() != JsonScanner::Kind::kArray) {
    return FieldError("events", Cat("expected an array, got ", scanner->Excerpt()));
  }
  scanner->BeginArray();
  while (scanner->NextElement()) {
    if (out->size() == kEventsPerBodyMax) return TooMany();
    const std::string root = Cat("events[", out->size(), "]");
    if (absl::Status status = ReadMessage(scanner, root, &out->emplace_back(), kSourceTexts);
        !status.ok()) {
      return status;
    }
  }
  return scanner->failed() ? FieldError("events", scanner->error()) : absl::OkStatus();
}

// True: the object's only member is to be "events".
bool IsEnvelope(JsonScanner scanner) {
  std::string key;
  return scanner.BeginObject() && scanner.NextKey(&key) && key == "events";
}

absl::Status ReadEnvelope(JsonScanner* scanner, Events* out) {
  std::string key;
  scanner->BeginObject();
  scanner->NextKey(&key);
  if (absl::Status status = ReadArray(scanner, out); !status.ok()) return status;
  if (scanner->NextKey(&key)) return FieldError("", "expected nothing beside \"events\"");
  return scanner->failed() ? FieldError("", scanner->error()) : absl::OkStatus();
}

absl::Status ReadJson(std::string_view text, Events* out) {
  JsonScanner scanner(text);
  absl::Status status;
  if (scanner.Peek() == JsonScanner::Kind::kArray) {
    status = ReadArray(&scanner, out);
  } else if (scanner.Peek() == JsonScanner::Kind::kObject && IsEnvelope(scanner)) {
    status = ReadEnvelope(&scanner, out);
  } else {
    status = ReadMessage(&scanner, "", &out->emplace_back(), kSourceTexts);
  }
  if (status.ok() && !scanner.ReadEnd()) return FieldError("", scanner.error());
  return status;
}

absl::Status ReadLines(std::string_view text, Events* out) {
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (out->size() == kEventsPerBodyMax) return TooMany();
    absl::StatusOr<v1::Event> event = EventFromJson(one);
    if (!event.ok()) {
      absl::Status status = absl::InvalidArgumentError(
          Cat("line ", line, ": ", std::string(event.status().message())));
      event.status().ForEachPayload([&status](absl::string_view url, const absl::Cord& payload) {
        status.SetPayload(url, payload);
      });
      return status;
    }
    out->push_back(*std::move(event));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Event> EventFromJson(std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return FieldError("", Cat("an event of ", text.size(), " bytes, expected at most ", bytes_max));
  }
  v1::Event event;
  if (absl::Status status = MessageFromJson(text, &event, kSourceTexts); !status.ok())
    return status;
  return event;
}

absl::StatusOr<v1::Decision> DecisionFromJson(std::string_view text) {
  v1::Decision decision;
  if (absl::Status status = MessageFromJson(text, &decision); !status.ok()) return status;
  return decision;
}

std::string ToJson(const google::protobuf::Message& message) { return MessageToJson(message); }

absl::StatusOr<Events> EventsFromBody(std::string_view text, BodyForm form) {
  Events events;
  absl::Status status =
      form == BodyForm::kJson ? ReadJson(text, &events) : ReadLines(text, &events);
  if (!status.ok()) return status;
  if (events.empty()) return FieldError("", "expected at least one event, got none");
  return events;
}

}  // namespace escalation
