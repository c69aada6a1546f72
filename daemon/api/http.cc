#include "daemon/api/http.h"

#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

std::optional<std::string_view> Find(const HttpPairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string_view> HttpRequest::Query(std::string_view name) const {
  return Find(query, name);
}

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  return Find(headers, name);
}

std::string HttpRequest::MediaType() const {
  std::string_view value = Header("content-type").value_or("");
  value = value.substr(0, value.find(';'));
  std::string out;
  for (const char c : value) {
    if (c == ' ' || c == '\t') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

HttpResponse ErrorResponse(int status, std::string_view message, std::string_view field) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"error\":{\"message\":";
  AppendJsonString(message, &response.body);
  if (!field.empty()) {
    response.body += ",\"field\":";
    AppendJsonString(field, &response.body);
  }
  response.body += "}}\n";
  return response;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  int code = 500;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      code = 400;
      break;
    case absl::StatusCode::kNotFound:
      code = 404;
      break;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      code = 409;
      break;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      code = 503;
      break;
    default:
      break;
  }
  HttpResponse response = ErrorResponse(code, std::string(status.message()), FieldOf(status));
  if (code == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse NotFoundResponse(std::string_view path) {
  return ErrorResponse(404, Cat("there is nothing at ", path.substr(0, 200)));
}

HttpResponse MethodNotAllowedResponse(std::string_view allow) {
  HttpResponse response = ErrorResponse(405, Cat("expected ", allow));
  response.headers.emplace_back("Allow", std::string(allow));
  return response;
}

HttpResponse UnsupportedMediaTypeResponse(std::string_view got, std::string_view accept) {
  HttpResponse response = ErrorResponse(
      415,
      Cat("Content-Type is ", got.empty() ? "missing" : got.substr(0, 100), ", expected ", accept));
  response.headers.emplace_back("Accept", std::string(accept));
  return response;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const int byte = high << 4 | low;
    if (byte < 0x20 || byte == 0x7F) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

}  // namespace escalation
