#include "ops/calendar_question.h"

#include <algorithm>

#include "absl/status/status.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int kBusinessDaysMax = 366;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "HH:MM" or "HH:MM:SS" in seconds; -1: neither.
int32_t ReadWall(const std::string& text) {
  if (text.size() != 5 && text.size() != 8) return -1;
  int32_t parts[3] = {0, 0, 0};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !IsDigit(text[i])) return -1;
    if (i % 3 != 2) parts[i / 3] = parts[i / 3] * 10 + (text[i] - '0');
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return -1;
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

// "2bd": the number; 0: another form; -1: out of range.
int ReadBusinessDays(const std::string& text) {
  if (text.size() < 3 || text.compare(text.size() - 2, 2, "bd") != 0) return 0;
  int days = 0;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (!IsDigit(text[i])) return 0;
    days = days * 10 + (text[i] - '0');
    if (days > kBusinessDaysMax) return -1;
  }
  return days == 0 ? -1 : days;
}

// Says so if the wall clock shows the time twice or never; `t` is the moment that was chosen.
std::string Doubt(const Zone& zone, int32_t day, int64_t wall_ms, Instant t) {
  if (zone.LocalDay(t) != day || zone.WallClock_ms(t) != wall_ms) {
    return Cat("the clock skips that time; read as ", zone.Format(t));
  }
  for (size_t i = zone.SpanAt(t.ms / 1000) + 1; i < zone.spans(); ++i) {
    const Zone::Span span = zone.span(i);
    if (span.from_s > t.ms / 1000 + Zone::kOffsetMax_s) break;
    const Instant again{t.ms + (int64_t{zone.OffsetAt(t.ms / 1000)} - span.offset_s) * 1000};
    if (again > t && again.ms / 1000 >= span.from_s && again.ms / 1000 < span.to_s) {
      return Cat("the clock shows that time twice; read as ", zone.Format(t), ", not ",
                 zone.Format(again));
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<Instant> ReadTime(const Zone& zone, const std::string& text, std::string* doubt) {
  doubt->clear();
  constexpr size_t kDateSize = 10;
  const bool has_clock =
      text.size() > kDateSize + 1 && (text[kDateSize] == 'T' || text[kDateSize] == ' ');
  const int64_t wall_ms = has_clock ? int64_t{ReadWall(text.substr(kDateSize + 1))} * 1000 : -1;
  if (wall_ms < 0) {
    absl::StatusOr<Instant> t = ParseInstant(text);
    if (t.ok()) return t;
    return absl::InvalidArgumentError(
        Cat("not a time: \"", text.substr(0, 64),
            "\", expected such as 2026-12-24T16:00 (local) or 2026-12-24T15:00:00Z, from 2000 to "
            "2099"));
  }
  const absl::StatusOr<int32_t> day = ParseDay(text.substr(0, kDateSize));
  if (!day.ok()) return day.status();
  const Instant t = zone.FirstAt(*day, wall_ms);
  if (t < kInstantMin || t >= kInstantMax) {
    return absl::InvalidArgumentError(
        Cat("time out of range: \"", text, "\", expected a year from 2000 to 2099"));
  }
  *doubt = Doubt(zone, *day, wall_ms, t);
  return t;
}

absl::StatusOr<AddQuestion> ReadAddQuestion(const Calendar& calendar, const std::string& time,
                                            const std::string& length, const std::string& reading) {
  AddQuestion question;
  const absl::StatusOr<Instant> from = ReadTime(calendar.hours().zone(), time, &question.doubt);
  if (!from.ok()) return from.status();
  question.from = *from;
  question.length = length;
  question.reading = reading == "same_time"    ? v1::Span::SAME_TIME
                     : reading == "end_of_day" ? v1::Span::END_OF_DAY
                                               : v1::Span::HOURS;
  question.days = ReadBusinessDays(length);
  if (question.days < 0) {
    return absl::InvalidArgumentError(Cat("business days out of range: \"", length.substr(0, 64),
                                          "\", expected 1bd to ", kBusinessDaysMax, "bd"));
  }
  if (question.days > 0) {
    if (question.reading == v1::Span::HOURS) {
      question.open = calendar.business_day() * question.days;
    }
    return question;
  }
  const absl::StatusOr<Duration> open = ParseDuration(length);
  if (!open.ok()) {
    return absl::InvalidArgumentError(Cat("not a length: \"", length.substr(0, 64),
                                          "\", expected such as 15m, 4h, 1h30m, 1d or 2bd"));
  }
  question.open = *open;
  return question;
}

Instant YearOfText(const std::string& text) {
  if (text.size() < 4 || !std::all_of(text.begin(), text.begin() + 4, IsDigit)) return kInstantMin;
  const absl::StatusOr<int32_t> day = ParseDay(text.substr(0, 4) + "-07-01");
  return day.ok() ? Instant{} + Duration::Days(*day) : kInstantMin;
}

}  // namespace escalation
