#include "daemon/source/form_fields.h"

#include <algorithm>

#include "state/base/text.h"

namespace escalation {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// False: a broken escape, at *at.
bool Unescape(std::string_view text, std::string* out, size_t* at) {
  for (*at = 0; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (c != '%') {
      out->push_back(c == '+' ? ' ' : c);
      continue;
    }
    const bool whole = *at + 2 < text.size();
    const int high = whole ? HexDigit(text[*at + 1]) : -1;
    const int low = whole ? HexDigit(text[*at + 2]) : -1;
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high << 4 | low));
    *at += 2;
  }
  return true;
}

}  // namespace

absl::StatusOr<FormFields> ParseFormFields(std::string_view text) {
  FormFields fields;
  size_t begin = 0;
  const auto broken = [&](size_t at) {
    return absl::InvalidArgumentError(Cat("byte ", at, ": a broken %-escape of a form"));
  };
  while (begin < text.size()) {
    const size_t end = std::min(text.find('&', begin), text.size());
    const std::string_view field = text.substr(begin, end - begin);
    const size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    if (!field.empty()) {
      if (fields.size() == kFormFieldsMax) {
        return absl::InvalidArgumentError(
            Cat("byte ", begin, ": expected at most ", kFormFieldsMax, " fields of a form"));
      }
      auto& [name, content] = fields.emplace_back();
      size_t at = 0;
      if (!Unescape(field.substr(0, equals), &name, &at)) return broken(begin + at);
      if (!Unescape(value, &content, &at)) return broken(begin + equals + 1 + at);
    }
    begin = end + 1;
  }
  return fields;
}

}  // namespace escalation
