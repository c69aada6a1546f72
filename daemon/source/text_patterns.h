// daemon/source/text_patterns.h
//
// Replaces by placeholders what patterns find in a text.
//
//   Input       any bytes
//   Output      the text with placeholders
//   Invariants  1. what stands in a placeholder already is never touched
//               2. nothing but what was found changes
//   Time        linear in the text's length for each pattern
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/source/phone_numbers.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace escalation {

struct TextPattern {
  std::shared_ptr<const re2::RE2> pattern;
  std::string placeholder;
  // The group that is replaced; 0: all of the match.
  int replaced = 0;
  // Whether the group before it names a secret is asked if set, and whether the value looks like
  // one.
  bool (*names)(std::string_view name) = nullptr;
  bool (*looks)(std::string_view value) = nullptr;
  // Without one of these bytes nothing can match; empty: something can.
  std::string_view needs;
};

inline constexpr std::string_view kEmailPlaceholder = "[email]";
inline constexpr std::string_view kPhonePlaceholder = "[phone]";
inline constexpr std::string_view kSecretPlaceholder = "[secret]";
inline constexpr std::string_view kUrlPlaceholder = "[url]";
inline constexpr std::string_view kOwnPlaceholder = "[redacted]";

// Both built once.
const std::vector<TextPattern>& SecretPatterns();
const TextPattern& EmailPattern();

// True: `text` changed.
bool ReplacePattern(const TextPattern& pattern, std::string* text);
bool ReplacePhones(PhoneContext context, std::string* text);

}  // namespace escalation
