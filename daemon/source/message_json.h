// daemon/source/message_json.h
//
// Strict proto3 JSON to protobuf messages and back, in one pass over reflection.
//
//   Input       a JsonScanner at a value; any message of proto/escalation/v1
//   Output      the message; or the first thing that is wrong, with the path of the field:
//               `events[3].opened.severity: expected a string, got 5`
//   Invariants  1. a field that the message does not have, a field given twice and a second member
//               of a oneof are errors
//               2. field names are read as in the .proto file or in lowerCamelCase; enum values in
//               any case or as known numbers; int64 as numbers or strings; null means absent
//               3. instants are RFC 3339 in 2000..2099, cut to milliseconds
//   Errors      kInvalidArgument, with the field's path as a payload (FieldOf)
//   Threads     stateless; safe everywhere
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "daemon/source/json_scanner.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace escalation {

// A key that only sources give: a text that is not kept, but in which fields are found.
struct SourceText {
  // Whether the object itself has the field, by its name.
  using Given = std::function<bool(const char* field)>;

  // Full name of the message whose object may have the key.
  std::string_view message;
  std::string_view key;
  // Sets fields of `out`, after the object was read.
  void (*find)(std::string_view text, const Given& given, google::protobuf::Message* out);
};

// Reads one value into `out`, which must be empty. `root` begins every path; may be empty.
absl::Status ReadMessage(JsonScanner* scanner, std::string_view root,
                         google::protobuf::Message* out, std::span<const SourceText> texts = {});

// The whole of `text` is one message.
absl::Status MessageFromJson(std::string_view text, google::protobuf::Message* out,
                             std::span<const SourceText> texts = {});

// One line, field names of the .proto file, fields in order of their numbers, no defaults.
std::string MessageToJson(const google::protobuf::Message& message);

// `text` in quotes with JSON's escapes. What is not UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

// kInvalidArgument "field: what" that FieldOf can take apart; an empty field: "what" alone.
absl::Status FieldError(std::string_view field, std::string_view what);
// The path of the field that an error is about; empty: none.
std::string FieldOf(const absl::Status& status);

}  // namespace escalation
