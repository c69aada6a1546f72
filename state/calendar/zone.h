// state/calendar/zone.h
//
// A time zone as a list of spans with a constant offset from UTC, as the log holds it.
//
//   Input       ZoneDefinition: expanded transitions, no rules
//   Output      offsets, wall-clock readings, the text of a local time
//   Invariants  1. spans cover all time, in order, without gaps
//   Errors      Make: kInvalidArgument if transitions do not rise or an offset is not within a day
//   Threads     immutable; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "state/base/instant.h"

namespace escalation::v1 {
class ZoneDefinition;
}

namespace escalation {

class Zone {
 public:
  // Local time is UTC + offset_s for [from_s, to_s) in UNIX seconds.
  struct Span {
    int64_t from_s = 0;
    int64_t to_s = 0;
    int32_t offset_s = 0;
  };
  // No zone is further from UTC than this.
  static constexpr int32_t kOffsetMax_s = 26 * 3600;

  static absl::StatusOr<Zone> Make(const v1::ZoneDefinition& definition);
  static Zone Utc();

  const std::string& name() const { return name_; }

  size_t spans() const { return offset_s_.size(); }
  Span span(size_t index) const;
  // The span that holds this second.
  size_t SpanAt(int64_t utc_s) const;

  int32_t OffsetAt(int64_t utc_s) const { return offset_s_[SpanAt(utc_s)]; }
  const std::string& AbbreviationAt(int64_t utc_s) const { return abbreviation_[SpanAt(utc_s)]; }
  // Local date, as days since 1970-01-01.
  int32_t LocalDay(Instant t) const;
  // Milliseconds since midnight that the wall clock shows.
  int64_t WallClock_ms(Instant t) const;
  // The moment at which the wall clock shows `wall_ms` on local date `day`: the first if it is
  // shown twice; if it is skipped, later by the length of the gap.
  Instant FirstAt(int32_t day, int64_t wall_ms) const;

  // "2026-03-11 01:00 MDT"; with seconds only where they are not 0. "never" and "past" for those.
  std::string Format(Instant t) const;

 private:
  std::string name_;
  // Parallel; the first span begins with the world.
  std::vector<int64_t> from_s_;
  std::vector<int32_t> offset_s_;
  std::vector<std::string> abbreviation_;
};

}  // namespace escalation
