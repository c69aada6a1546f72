#include "daemon/api/query_params.h"

#include <algorithm>
#include <charconv>

#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<QueryParams> QueryParams::Read(const HttpRequest& request,
                                              std::initializer_list<std::string_view> known) {
  QueryParams params;
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string expected;
      for (const std::string_view one : known) CatTo(&expected, expected.empty() ? "" : ", ", one);
      return FieldError(name.substr(0, 100),
                        Cat("there is no such parameter, expected one of: ", expected));
    }
    for (const auto& before : params.pairs_) {
      if (before.first == name) return FieldError(name, "given twice");
    }
    params.pairs_.emplace_back(name, value);
  }
  return params;
}

std::string QueryParams::Text(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return "";
}

absl::StatusOr<size_t> QueryParams::Limit(size_t otherwise, size_t max) const {
  const std::string text = Text("limit");
  if (text.empty()) return otherwise;
  size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc() || stop != end || limit < 1 || limit > max) {
    return FieldError("limit",
                      Cat("expected a number from 1 to ", max, ", got ", text.substr(0, 100)));
  }
  return limit;
}

}  // namespace escalation
