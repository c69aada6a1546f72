#include "state/calendar/open_table.h"

#include "state/base/check.h"

namespace escalation {
namespace {

// Offsets within a bucket are 16 bits.
constexpr int kShiftMax = 16;
// 2 MiB. A usual calendar of two years takes about a thousand.
constexpr uint32_t kBucketsMax = 1U << 17;

static_assert((OpenTable::kSpanMax_s >> kShiftMax) < kBucketsMax);

// Size of the smallest buckets that are tried for `span_s`.
int SmallestShift(uint32_t span_s) {
  int shift = 0;
  while ((span_s >> shift) >= kBucketsMax) ++shift;
  return shift;
}

}  // namespace

OpenTable::OpenTable(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s)
    : base_ms_(from_s * 1000), span_ms_(static_cast<uint64_t>(to_s - from_s) * 1000) {
  ESCALATION_CHECK(from_s < to_s && to_s - from_s <= kSpanMax_s, std::to_string(to_s - from_s));
  std::vector<Part> parts;
  parts.reserve(stretches.size());
  for (const Stretch stretch : stretches) {
    parts.push_back({static_cast<uint32_t>(stretch.from_s - from_s),
                     static_cast<uint32_t>(stretch.to_s - from_s), total_s_});
    total_s_ += static_cast<uint32_t>(stretch.to_s - stretch.from_s);
  }
  MakeBuckets(parts, static_cast<uint32_t>(to_s - from_s));
  MakeOpenBuckets(parts);
  if (buckets_ == nullptr || open_buckets_ == nullptr) {
    parts_ = std::make_unique<const std::vector<Part>>(std::move(parts));
  }
}

void OpenTable::MakeBuckets(const std::vector<Part>& parts, uint32_t span_s) {
  constexpr size_t kPairs = std::size(Bucket{}.pairs);
  // True if no bucket is touched by more than kPairs stretches: the stretch kPairs later always
  // begins in a bucket behind the one in which this one ends.
  const auto fits = [&](int shift) {
    for (size_t i = 0; i + kPairs < parts.size(); ++i) {
      if (parts[i + kPairs].from_s >> shift <= (parts[i].to_s - 1) >> shift) return false;
    }
    return true;
  };
  int shift = kShiftMax;
  const int smallest = SmallestShift(span_s);
  while (shift >= smallest && !fits(shift)) --shift;
  if (shift < smallest) return;

  bucket_shift_ = static_cast<uint8_t>(shift);
  const uint32_t count = ((span_s - 1) >> shift) + 1;
  buckets_ = std::make_unique<Bucket[]>(count);
  size_t next = 0;  // The first stretch that ends behind the bucket's begin.
  for (uint32_t b = 0; b < count; ++b) {
    const uint32_t begin_s = b << shift;
    const uint64_t end_s = (uint64_t{b} + 1) << shift;
    while (next < parts.size() && parts[next].to_s <= begin_s) ++next;
    Bucket& bucket = buckets_[b];
    bucket.open_before_s = total_s_;
    if (next < parts.size()) {
      const Part& part = parts[next];
      bucket.open_before_s =
          part.open_before_s + (begin_s > part.from_s ? begin_s - part.from_s : 0);
    }
    for (size_t i = 0; i < kPairs; ++i) {
      bucket.pairs[i] = {65535, 65534};
      if (next + i >= parts.size() || parts[next + i].from_s >= end_s) continue;
      const Part& part = parts[next + i];
      const uint64_t stop_s = std::min<uint64_t>(part.to_s, end_s);
      bucket.pairs[i] = {static_cast<uint16_t>(std::max(part.from_s, begin_s) - begin_s),
                         static_cast<uint16_t>(stop_s - 1 - begin_s)};
    }
  }
}

void OpenTable::MakeOpenBuckets(const std::vector<Part>& parts) {
  constexpr size_t kGaps = std::size(OpenBucket{}.gap_s);
  // The gap before each stretch lies at its open_before_s.
  const auto fits = [&](int shift) {
    for (size_t i = 0; i + kGaps < parts.size(); ++i) {
      if (parts[i + kGaps].open_before_s >> shift == parts[i].open_before_s >> shift) return false;
    }
    return true;
  };
  int shift = kShiftMax;
  const int smallest = SmallestShift(total_s_);
  while (shift >= smallest && !fits(shift)) --shift;
  if (shift < smallest) return;

  open_shift_ = static_cast<uint8_t>(shift);
  const uint32_t count = (total_s_ >> shift) + 1;
  open_buckets_ = std::make_unique<OpenBucket[]>(count);
  size_t next = 0;
  uint32_t gaps_s = 0;  // Before stretch `next`, without the gap right before it.
  for (uint32_t b = 0; b < count; ++b) {
    const uint32_t begin_s = b << shift;
    const uint64_t end_s = (uint64_t{b} + 1) << shift;
    OpenBucket& bucket = open_buckets_[b];
    bucket = {begin_s + gaps_s, {0, 0}, {65535, 65535}};
    for (size_t i = 0; next < parts.size() && parts[next].open_before_s < end_s; ++i, ++next) {
      const uint32_t gap_s = parts[next].from_s - (parts[next].open_before_s + gaps_s);
      bucket.gap_s[i] = gap_s;
      bucket.open_s[i] = static_cast<uint16_t>(parts[next].open_before_s - begin_s);
      gaps_s += gap_s;
    }
  }
}

OpenTable::Reading OpenTable::ReadParts(uint32_t second, int64_t rest_ms) const {
  const auto after =
      std::upper_bound(parts_->begin(), parts_->end(), second,
                       [](uint32_t wanted, const Part& part) { return wanted < part.from_s; });
  if (after == parts_->begin()) return {0, rest_ms, false};
  const Part& part = *std::prev(after);
  return {int64_t{part.open_before_s} + std::min(second, part.to_s) - part.from_s, rest_ms,
          second < part.to_s};
}

int64_t OpenTable::StartOfInParts(uint32_t open_second) const {
  const auto after = std::upper_bound(
      parts_->begin(), parts_->end(), open_second,
      [](uint32_t wanted, const Part& part) { return wanted < part.open_before_s; });
  ESCALATION_CHECK(after != parts_->begin(), std::to_string(open_second));
  const Part& part = *std::prev(after);
  return base_ms_ + (int64_t{part.from_s} + (open_second - part.open_before_s)) * 1000;
}

}  // namespace escalation
