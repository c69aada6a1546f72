// state/calendar/open_table.h
//
// The compiled form of a calendar over a window: how much is open before a moment, and the moment
// at which so much has been open, each from one cache line.
//
// The window is cut into buckets of a power of two seconds, small enough for three stretches each;
// the open time of the window likewise, with two gaps each. A calendar too broken up for that keeps
// its stretches as they are and is searched.
//
//   Input       sorted stretches of a window
//   Output      milliseconds; the caller stays within window and total
//   Invariants  1. Accrued never decreases, and rises by 1 ms per open ms
//               2. Accrued(Earliest(q)) == Accrued(Latest(q)) == q
//   Threads     immutable; safe everywhere
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "state/calendar/open_hours.h"

namespace escalation {

class alignas(64) OpenTable {
 public:
  // Seconds that a window may span: offsets are 32 bits.
  static constexpr int64_t kSpanMax_s = 4'000'000'000;

  // Holds nothing.
  OpenTable() = default;
  // `stretches` as OpenHours::Collect gives them for [from_s, to_s), which is at most kSpanMax_s.
  OpenTable(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s);

  // True if the moment lies in the window.
  bool Holds(int64_t t_ms) const {
    return static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(base_ms_) < span_ms_;
  }
  int64_t total_ms() const { return int64_t{total_s_} * 1000; }

  // Open time from the window's begin to `t`, which the table holds.
  int64_t Accrued(int64_t t_ms) const {
    const Reading reading = Read(t_ms);
    return reading.open_s * 1000 + (reading.is_open ? reading.rest_ms : 0);
  }
  bool IsOpen(int64_t t_ms) const { return Read(t_ms).is_open; }

  // Least t with Accrued(t) == open, for 0 < open <= total: just behind the last open second used.
  int64_t Earliest(int64_t open_ms) const {
    const uint64_t second = static_cast<uint64_t>(open_ms - 1) / 1000;
    return StartOf(static_cast<uint32_t>(second)) + (open_ms - static_cast<int64_t>(second) * 1000);
  }
  // Greatest t with Accrued(t) == open, for 0 <= open < total: the next open moment.
  int64_t Latest(int64_t open_ms) const {
    const uint64_t second = static_cast<uint64_t>(open_ms) / 1000;
    return StartOf(static_cast<uint32_t>(second)) + (open_ms - static_cast<int64_t>(second) * 1000);
  }

 private:
  // A span of time. Offsets count from its begin; a pair is the first and last second of a stretch,
  // so that an end at the bucket's end fits. No stretch: {65535, 65534}.
  struct Bucket {
    uint32_t open_before_s;
    struct Pair {
      uint16_t first;
      uint16_t last;
    } pairs[3];
  };
  // A span of open time. at_s: where its first second would be if no gap lay right before it.
  struct OpenBucket {
    uint32_t at_s;
    uint32_t gap_s[2];   // Length of a gap, 0: none.
    uint16_t open_s[2];  // Open seconds of the bucket before the gap.
  };
  static_assert(sizeof(Bucket) == 16 && sizeof(OpenBucket) == 16);

  // A stretch, all relative to the window.
  struct Part {
    uint32_t from_s;
    uint32_t to_s;
    uint32_t open_before_s;
  };

  struct Reading {
    int64_t open_s;
    int64_t rest_ms;  // Of the second at hand.
    bool is_open;
  };

  Reading Read(int64_t t_ms) const {
    const uint64_t since_ms = static_cast<uint64_t>(t_ms - base_ms_);
    const uint64_t second = since_ms / 1000;
    const int64_t rest_ms = static_cast<int64_t>(since_ms - second * 1000);
    if (buckets_ == nullptr) [[unlikely]]
      return ReadParts(static_cast<uint32_t>(second), rest_ms);
    const Bucket& bucket = buckets_[second >> bucket_shift_];
    const auto offset = static_cast<int32_t>(second & ((uint64_t{1} << bucket_shift_) - 1));
    int32_t open_s = 0;
    bool is_open = false;
    for (const Bucket::Pair pair : bucket.pairs) {
      const int32_t into = offset - pair.first;
      const int32_t length = pair.last - pair.first + 1;
      open_s += std::clamp(into, 0, length);
      is_open |= static_cast<uint32_t>(into) < static_cast<uint32_t>(length);
    }
    return {int64_t{bucket.open_before_s} + open_s, rest_ms, is_open};
  }

  // When the open second begins, counted from 0, in UNIX milliseconds.
  int64_t StartOf(uint32_t open_second) const {
    if (open_buckets_ == nullptr) [[unlikely]]
      return StartOfInParts(open_second);
    const OpenBucket& bucket = open_buckets_[open_second >> open_shift_];
    const uint32_t offset = open_second & ((uint32_t{1} << open_shift_) - 1);
    uint32_t at_s = bucket.at_s + offset;
    at_s += offset >= bucket.open_s[0] ? bucket.gap_s[0] : 0;
    at_s += offset >= bucket.open_s[1] ? bucket.gap_s[1] : 0;
    return base_ms_ + int64_t{at_s} * 1000;
  }

  Reading ReadParts(uint32_t second, int64_t rest_ms) const;
  int64_t StartOfInParts(uint32_t open_second) const;
  // Leave the pointer empty if the stretches are too many for any fitting size.
  void MakeBuckets(const std::vector<Part>& parts, uint32_t span_s);
  void MakeOpenBuckets(const std::vector<Part>& parts);

  int64_t base_ms_ = 0;
  uint64_t span_ms_ = 0;
  std::unique_ptr<Bucket[]> buckets_;
  std::unique_ptr<OpenBucket[]> open_buckets_;
  uint32_t total_s_ = 0;
  uint8_t bucket_shift_ = 0;
  uint8_t open_shift_ = 0;
  // Only if a bucket array is missing.
  std::unique_ptr<const std::vector<Part>> parts_;
};

}  // namespace escalation
