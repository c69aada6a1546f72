#include "daemon/source/jq_request.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "daemon/source/json_document.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/message_json.h"
#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int64_t kExactMax = int64_t{1} << 53;

// Why nlohmann's parser, which only says no, does so.
absl::Status WhyNot(std::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("expected JSON, got no byte");
  const absl::StatusOr<JsonNode> root = ParseJson(text);
  if (!root.ok()) return root.status();
  if (!IsUtf8(text)) return absl::InvalidArgumentError("expected JSON in UTF-8");
  return absl::InvalidArgumentError(
      "JSON with a number out of range, or with half of a surrogate pair");
}

// The end of the string that begins at `at`.
size_t EndOfString(std::string_view text, size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

bool IsLarge(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) return false;
  int64_t value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  return read.ec != std::errc() || value > kExactMax || value < -kExactMax;
}

void AppendHeaders(const SourceMessage& message, std::string* out) {
  std::set<std::string> seen;
  for (const SourceMessage::Header& header : message.headers) {
    std::string name = absl::AsciiStrToLower(header.name);
    if (!seen.insert(name).second) continue;
    if (seen.size() > 1) out->push_back(',');
    AppendJsonString(name, out);
    out->push_back(':');
    AppendJsonString(header.value, out);
  }
}

}  // namespace

absl::Status AppendQuotingLarge(std::string_view text, std::string* out) {
  int depth = 0;
  size_t copied = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = EndOfString(text, at);
    } else if (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      const size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
      const std::string_view number = text.substr(at, end - at);
      if (IsLarge(number)) {
        CatTo(out, text.substr(copied, at - copied), "\"", number, "\"");
        copied = end;
      }
      at = end;
    } else {
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (depth > kForeignJsonDepthMax) {
        return absl::InvalidArgumentError(
            Cat("byte ", at, ": JSON nested deeper than ", kForeignJsonDepthMax));
      }
      ++at;
    }
  }
  out->append(text.substr(copied));
  return absl::OkStatus();
}

absl::StatusOr<std::string> JqRequest(const SourceMessage& message) {
  const std::string_view body = message.value;
  // A byte 0 is the end of its input to nlohmann's parser, and nowhere in JSON.
  if (body.find('\0') != std::string_view::npos || !nlohmann::json::accept(body)) {
    return WhyNot(body);
  }
  std::string out;
  out.reserve(body.size() + 256);
  out += "{\"body\":";
  if (absl::Status status = AppendQuotingLarge(body, &out); !status.ok()) return status;
  out += ",\"headers\":{";
  AppendHeaders(message, &out);
  out += "},\"topic\":";
  if (message.topic.empty()) {
    out += "null";
  } else {
    AppendJsonString(message.topic, &out);
  }
  out += ",\"key\":";
  if (message.key) {
    AppendJsonString(*message.key, &out);
  } else {
    out += "null";
  }
  CatTo(&out, ",\"stamped\":\"", message.stamped, "\"}");
  return out;
}

}  // namespace escalation
