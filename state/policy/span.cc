#include "state/policy/span.h"

#include <charconv>

#include "absl/status/status.h"
#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<v1::Span> ParseSpan(std::string_view text) {
  v1::Span span;
  span.set_text(std::string(text));
  if (text.size() > 2 && text.ends_with("bd")) {
    int days = 0;
    const char* const end = text.data() + text.size() - 2;
    const auto [rest, error] = std::from_chars(text.data(), end, days);
    if (error != std::errc() || rest != end || days < 1 || days > kBusinessDaysMax) {
      return absl::InvalidArgumentError(Cat("not a number of business days: \"", text,
                                            "\", expected 1bd to ", kBusinessDaysMax, "bd"));
    }
    span.set_business_days(days);
    return span;
  }
  const absl::StatusOr<Duration> length = ParseDuration(text);
  if (!length.ok()) return length.status();
  if (length->ms <= 0) {
    return absl::InvalidArgumentError(Cat("length of time must be above 0, got \"", text, "\""));
  }
  span.set_ms(length->ms);
  return span;
}

}  // namespace escalation
