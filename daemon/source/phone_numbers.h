// daemon/source/phone_numbers.h
//
// Finds telephone numbers in text that people wrote.
//
//   Input       any bytes
//   Output      the next number from a place on
//   Invariants  1. a number has 7 to 15 digits and begins with "+" or "00", an area code in
//                  brackets, or 0; or is of the forms 303-555-0100 and 01 23 45 67 89. Digits
//                  without any of this are one only after a word such as "phone" or "call"
//               2. dates, times, network addresses, versions, amounts and parts of longer words are
//                  none
//   Time        linear in the text's length
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace escalation {

struct TextSpan {
  size_t begin = 0;
  size_t end = 0;
};

enum class PhoneContext {
  kText,   // Somewhere in a text.
  kPhone,  // The text is said to be a telephone number.
};

std::optional<TextSpan> FindPhoneNumber(std::string_view text, size_t from, PhoneContext context);

// Whether a field or word of this name holds telephone numbers.
bool IsPhoneName(std::string_view name);

}  // namespace escalation
