// state/calendar/open_table.h
//
// The compiled form of a calendar over a window: how much is open before a moment, and the moment
// at which so much has been open, each from one cache line.
//
// The window is cut into buckets of a power of two milliseconds, small enough for three stretches
// each; the open time of the window likewise, with two gaps each. A calendar too broken up for that
// keeps its stretches as they are and is searched.
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
  // Seconds that a window may span: more would need too many buckets.
  static constexpr int64_t kSpanMax_s = 4'000'000'000;

  // Holds nothing.
  OpenTable() = default;
  // `stretches` as OpenHours::Collect gives them for [from_s, to_s), which is at most kSpanMax_s.
  OpenTable(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s);

  // True if the moment lies in the window.
  bool Holds(int64_t t_ms) const {
    return static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(base_ms_) < span_ms_;
  }
  int64_t total_ms() const { return total_ms_; }

  // Open time from the window's begin to `t`, which the table holds.
  int64_t Accrued(int64_t t_ms) const {
    const auto since_ms = static_cast<uint64_t>(t_ms - base_ms_);
    if (buckets_ == nullptr) [[unlikely]]
      return AccruedInParts(static_cast<int64_t>(since_ms));
    const Bucket& bucket = buckets_[since_ms >> bucket_shift_];
    const auto offset_ms = static_cast<int32_t>(since_ms & bucket_mask_);
    int32_t open_ms = 0;
    for (const Bucket::Piece piece : bucket.pieces) {
      open_ms += std::clamp(offset_ms - piece.from_ms, 0, piece.length_ms);
    }
    return bucket.open_before_ms + open_ms;
  }
  bool IsOpen(int64_t t_ms) const;

  // Least t with Accrued(t) == open, for 0 < open <= total: just behind the last open ms used.
  int64_t Earliest(int64_t open_ms) const { return PlaceOf(open_ms - 1) + 1; }
  // Greatest t with Accrued(t) == open, for 0 <= open < total: the next open moment.
  int64_t Latest(int64_t open_ms) const { return PlaceOf(open_ms); }

 private:
  // A span of time, and the pieces of stretches in it; offsets count from its begin. No piece: its
  // length is 0.
  struct Bucket {
    int64_t open_before_ms;
    struct Piece {
      int32_t from_ms;
      int32_t length_ms;
    } pieces[3];
  };
  // A span of open time. at_ms: where it would begin, in UNIX time, if no gap lay right before it.
  struct OpenBucket {
    int64_t at_ms;
    int64_t gap_ms[2];    // Length of a gap, 0: none.
    uint32_t open_ms[2];  // Open time of the bucket before the gap.
  };
  static_assert(sizeof(Bucket) == 32 && sizeof(OpenBucket) == 32);

  // A stretch, all relative to the window.
  struct Part {
    int64_t from_ms;
    int64_t to_ms;
    int64_t open_before_ms;
  };

  // Where the open millisecond lies, counted from 0, in UNIX milliseconds.
  int64_t PlaceOf(int64_t open_ms) const {
    if (open_buckets_ == nullptr) [[unlikely]]
      return PlaceInParts(open_ms);
    const OpenBucket& bucket = open_buckets_[static_cast<uint64_t>(open_ms) >> open_shift_];
    const auto offset_ms = static_cast<uint32_t>(open_ms) & open_mask_;
    // Not by branches: nobody foretells on which side of a gap a moment lies.
    return bucket.at_ms + offset_ms +
           (bucket.gap_ms[0] & -int64_t{offset_ms >= bucket.open_ms[0]}) +
           (bucket.gap_ms[1] & -int64_t{offset_ms >= bucket.open_ms[1]});
  }

  int64_t AccruedInParts(int64_t since_ms) const;
  int64_t PlaceInParts(int64_t open_ms) const;
  // Leave the pointer empty if the stretches are too many for any fitting size.
  void MakeBuckets(const std::vector<Part>& parts);
  void MakeOpenBuckets(const std::vector<Part>& parts);

  int64_t base_ms_ = 0;
  uint64_t span_ms_ = 0;
  std::unique_ptr<Bucket[]> buckets_;
  std::unique_ptr<OpenBucket[]> open_buckets_;
  int64_t total_ms_ = 0;
  uint32_t bucket_mask_ = 0;
  uint32_t open_mask_ = 0;
  uint8_t bucket_shift_ = 0;
  uint8_t open_shift_ = 0;
  // Only if a bucket array is missing.
  std::unique_ptr<const std::vector<Part>> parts_;
};

}  // namespace escalation
