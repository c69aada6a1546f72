#include "daemon/source/proto_values.h"

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace escalation {

template <typename Int>
std::optional<Int> WholeNumber(std::string_view text) {
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  if (text.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [last, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || last != text.data() + text.size()) return std::nullopt;
  // Beyond 2^53 a fraction or exponent no longer names one whole number.
  static constexpr double kExactMax = 9007199254740992.0;
  if (!(std::fabs(number) <= kExactMax) || number != std::floor(number)) return std::nullopt;
  const bool fits = number >= static_cast<double>(std::numeric_limits<Int>::min()) &&
                    number <= static_cast<double>(std::numeric_limits<Int>::max());
  if (!fits) return std::nullopt;
  return static_cast<Int>(number);
}

template std::optional<int32_t> WholeNumber(std::string_view);
template std::optional<int64_t> WholeNumber(std::string_view);
template std::optional<uint32_t> WholeNumber(std::string_view);
template std::optional<uint64_t> WholeNumber(std::string_view);

bool ParseProtoDuration(std::string_view text, google::protobuf::Duration* out) {
  static constexpr int64_t kSecondsMax = 315'576'000'000;
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.size() < 2 || text.back() != 's') return false;
  text.remove_suffix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point < text.size() ? text.substr(point + 1) : "0";
  const auto all_digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!all_digits(whole) || !all_digits(fraction) || whole.size() > 12 || fraction.size() > 9) {
    return false;
  }
  int64_t seconds = 0;
  for (const char c : whole) seconds = seconds * 10 + (c - '0');
  int32_t nanos = 0;
  for (size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  if (seconds > kSecondsMax || (seconds == kSecondsMax && nanos > 0)) return false;
  out->set_seconds(negative ? -seconds : seconds);
  out->set_nanos(negative ? -nanos : nanos);
  return true;
}

}  // namespace escalation
