#include "tests/scenarios/event_text.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "state/base/text.h"

namespace escalation::scenarios {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Wrong(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> items;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

template <typename Number>
absl::StatusOr<Number> ReadNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Wrong(Cat("expected a number, got \"", text, "\""));
  }
  return number;
}

absl::Status SetNumber(Message* message, const FieldDescriptor* field, const std::string& value) {
  const absl::StatusOr<int64_t> number = ReadNumber<int64_t>(value);
  if (!number.ok()) return number.status();
  const Reflection* const set = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      set->SetInt32(message, field, static_cast<int32_t>(*number));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT64:
      set->SetInt64(message, field, *number);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT64:
      set->SetUInt64(message, field, static_cast<uint64_t>(*number));
      return absl::OkStatus();
    default:
      return Wrong(Cat("a scenario cannot set ", field->name()));
  }
}

absl::Status SetMessage(Message* message, const FieldDescriptor* field, const std::string& value,
                        const TimeReader& times) {
  Message* const part = message->GetReflection()->MutableMessage(message, field);
  if (auto* const timestamp = dynamic_cast<google::protobuf::Timestamp*>(part)) {
    const absl::StatusOr<Instant> t = times.Peek(value);
    if (!t.ok()) return t.status();
    ToProto(*t, timestamp);
    return absl::OkStatus();
  }
  if (auto* const duration = dynamic_cast<google::protobuf::Duration*>(part)) {
    const absl::StatusOr<Duration> d = ParseDuration(value);
    if (!d.ok()) return d.status();
    ToProto(*d, duration);
    return absl::OkStatus();
  }
  return Wrong(Cat(field->name(), " has fields of its own: write ", field->name(), ".NAME="));
}

absl::Status SetValue(Message* message, const FieldDescriptor* field, const std::string& value,
                      const TimeReader& times) {
  const Reflection* const set = message->GetReflection();
  if (field->is_repeated()) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      return Wrong(Cat("a scenario cannot set ", field->name()));
    }
    for (const std::string& item : SplitList(value)) set->AddString(message, field, item);
    return absl::OkStatus();
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      set->SetString(message, field, value);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value != "true" && value != "false")
        return Wrong(Cat(field->name(), " is true or false"));
      set->SetBool(message, field, value == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* const named = field->enum_type()->FindValueByName(Upper(value));
      if (named == nullptr) return Wrong(Cat(field->name(), " has no value ", value));
      set->SetEnum(message, field, named);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(message, field, value, times);
    default:
      return SetNumber(message, field, value);
  }
}

// "field.NAME=VALUE" and "override.TARGET=WITHIN": items of a list with a name.
bool AddNamedItem(Message* message, const std::string& list, const std::string& name,
                  const std::string& value) {
  const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(list + "s");
  if (field == nullptr || !field->is_repeated() ||
      field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
      field->message_type()->field_count() != 2) {
    return false;
  }
  Message* const item = message->GetReflection()->AddMessage(message, field);
  item->GetReflection()->SetString(item, item->GetDescriptor()->field(0), name);
  item->GetReflection()->SetString(item, item->GetDescriptor()->field(1), value);
  return true;
}

// The names that belong to the event and not to its body. False: not one of them.
absl::StatusOr<bool> SetOfEvent(v1::Event* event, const std::string& name, const std::string& value,
                                const TimeReader& times) {
  static constexpr const char* kKinds[] = {"customer", "agent", "bot", "system"};
  if (std::find(std::begin(kKinds), std::end(kKinds), name) != std::end(kKinds)) {
    event->mutable_actor()->set_id(value);
    absl::Status status = SetByName(event->mutable_actor(), "kind", name, times);
    if (status.ok() && event->has_assigned() && !event->assigned().has_assignee()) {
      event->mutable_assigned()->set_assignee(value);
    }
    return status.ok() ? absl::StatusOr<bool>(true) : status;
  }
  absl::Status status;
  if (name == "roles") {
    status = SetByName(event->mutable_actor(), name, value, times);
  } else if (name == "id" || name == "tenant") {
    status = SetByName(event, name, value, times);
  } else if (name == "written") {
    status = SetByName(event, "written_at", value, times);
  } else if (name == "source" || name == "generation") {
    // A mark has both of its own.
    if (event->has_source_mark()) return false;
    status = SetByName(event->mutable_origin(), name, value, times);
  } else if (name == "offset" || name == "index" || name == "partition") {
    event->mutable_origin()->set_positioned(true);
    status = SetByName(event->mutable_origin(), name, value, times);
  } else {
    return false;
  }
  if (!status.ok()) return status;
  return true;
}

// Chooses the body, and gives it what its short name says.
absl::Status SetBody(v1::Event* event, const std::string& word) {
  using Status = v1::StatusChanged;
  Status::Status status = Status::UNSPECIFIED;
  if (word == "reply" || word == "message" || word == "note") {
    event->mutable_message_added()->set_visibility(word == "note" ? v1::MessageAdded::INTERNAL
                                                                  : v1::MessageAdded::PUBLIC);
    return absl::OkStatus();
  }
  if (Status::Status_Parse(Upper(word), &status) && status != Status::UNSPECIFIED) {
    event->mutable_status_changed()->set_status(status);
    return absl::OkStatus();
  }
  const FieldDescriptor* const field = v1::Event::descriptor()->FindFieldByName(word);
  if (field == nullptr || field->containing_oneof() == nullptr) {
    return Wrong(Cat("there is no event \"", word, "\""));
  }
  event->GetReflection()->MutableMessage(event, field);
  if (word == "opened") event->mutable_actor()->set_kind(v1::Actor::CUSTOMER);
  return absl::OkStatus();
}

Message* BodyOf(v1::Event* event) {
  const auto* const oneof = v1::Event::descriptor()->FindOneofByName("body");
  const Reflection* const reflection = event->GetReflection();
  return reflection->MutableMessage(event, reflection->GetOneofFieldDescriptor(*event, oneof));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitWords(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word.push_back(c);
      any = true;
    }
  }
  if (quoted) return Wrong("a quote is not closed");
  if (any) words.push_back(std::move(word));
  return words;
}

absl::StatusOr<Instant> TimeReader::Peek(const std::string& text) const {
  TimeReader copy = *this;
  return copy.Read(text);
}

absl::StatusOr<Instant> TimeReader::Read(const std::string& text) {
  const bool relative = text.size() < 10;
  if (relative && latest_ == Instant::Past()) {
    return Wrong(Cat("the first time must be a full one, got \"", text, "\""));
  }
  if (relative && !text.empty() && text[0] == '+') {
    const absl::StatusOr<Duration> d = ParseDuration(std::string_view(text).substr(1));
    if (!d.ok()) return d.status();
    return latest_ = latest_ + *d;
  }
  std::string full = text;
  if (relative) {
    const std::string local = ToText(latest_ + Duration::Seconds(offset_s_));
    full = Cat(std::string_view(local).substr(0, 11), text, text.size() == 5 ? ":00Z" : "Z");
  }
  const absl::StatusOr<Instant> t = ParseInstant(full);
  if (!t.ok()) return t.status();
  if (relative) return latest_ = *t - Duration::Seconds(offset_s_);
  // What the clock shows, less the instant, is the offset.
  const absl::StatusOr<Instant> shown =
      ParseInstant(Cat(std::string_view(full).substr(0, 19), "Z"));
  if (!shown.ok()) return shown.status();
  offset_s_ = static_cast<int>(((*shown).ms - (*t).ms + (*t).ms % 1000) / 1000);
  return latest_ = *t;
}

absl::Status SetByName(Message* message, const std::string& name, const std::string& value,
                       const TimeReader& times) {
  const size_t dot = name.find('.');
  const std::string first = name.substr(0, dot);
  if (dot != std::string::npos && AddNamedItem(message, first, name.substr(dot + 1), value)) {
    return absl::OkStatus();
  }
  const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(first);
  if (field == nullptr) {
    return Wrong(Cat(message->GetDescriptor()->name(), " has no field \"", first, "\""));
  }
  if (dot == std::string::npos) return SetValue(message, field, value, times);
  if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return Wrong(Cat(first, " has no fields of its own"));
  }
  return SetByName(message->GetReflection()->MutableMessage(message, field), name.substr(dot + 1),
                   value, times);
}

absl::StatusOr<v1::Event> ReadEvent(const std::vector<std::string>& words,
                                    const TimeReader& times) {
  v1::Event event;
  if (words.empty()) return Wrong("expected an event");
  if (absl::Status status = SetBody(&event, words[0]); !status.ok()) return status;
  size_t next = 1;
  if (next < words.size() && words[next].find('=') == std::string::npos && words[next] != "-") {
    event.set_ticket_id(words[next++]);
  } else if (next < words.size() && words[next] == "-") {
    ++next;  // About no ticket.
  }
  for (; next < words.size(); ++next) {
    const size_t equals = words[next].find('=');
    const std::string name = words[next].substr(0, equals);
    const std::string value = equals == std::string::npos ? "true" : words[next].substr(equals + 1);
    const absl::StatusOr<bool> of_event = SetOfEvent(&event, name, value, times);
    if (!of_event.ok()) return of_event.status();
    if (*of_event) continue;
    if (absl::Status status = SetByName(BodyOf(&event), name, value, times); !status.ok()) {
      return status;
    }
  }
  return event;
}

}  // namespace escalation::scenarios
