#include "state/calendar/open_table.h"

#include "state/base/check.h"

namespace escalation {
namespace {

// Half a day and more. Offsets within a bucket stay far below 32 bits.
constexpr int kShiftMax = 26;
// 4 MiB. A usual calendar of two years takes about a thousand.
constexpr int64_t kBucketsMax = 1 << 17;

static_assert((OpenTable::kSpanMax_s * 1000 >> kShiftMax) < kBucketsMax);

// Size of the smallest buckets that are tried for `span_ms`.
int SmallestShift(int64_t span_ms) {
  int shift = 0;
  while ((span_ms >> shift) >= kBucketsMax) ++shift;
  return shift;
}

// The largest size that `fits`; -1: none.
template <typename Fits>
int LargestShift(int64_t span_ms, const Fits& fits) {
  const int smallest = SmallestShift(span_ms);
  for (int shift = kShiftMax; shift >= smallest; --shift) {
    if (fits(shift)) return shift;
  }
  return -1;
}

}  // namespace

OpenTable::OpenTable(const std::vector<Stretch>& stretches, int64_t from_s, int64_t to_s)
    : base_ms_(from_s * 1000), span_ms_(static_cast<uint64_t>(to_s - from_s) * 1000) {
  ESCALATION_CHECK(from_s < to_s && to_s - from_s <= kSpanMax_s, std::to_string(to_s - from_s));
  std::vector<Part> parts;
  parts.reserve(stretches.size());
  for (const Stretch stretch : stretches) {
    const int64_t from_ms = (stretch.from_s - from_s) * 1000;
    const int64_t to_ms = (stretch.to_s - from_s) * 1000;
    parts.push_back({from_ms, to_ms, total_ms_});
    total_ms_ += to_ms - from_ms;
  }
  MakeBuckets(parts);
  MakeOpenBuckets(parts);
  if (buckets_ == nullptr || open_buckets_ == nullptr) {
    parts_ = std::make_unique<const std::vector<Part>>(std::move(parts));
  }
}

void OpenTable::MakeBuckets(const std::vector<Part>& parts) {
  constexpr size_t kPieces = std::size(Bucket{}.pieces);
  const auto span_ms = static_cast<int64_t>(span_ms_);
  // True if no bucket is touched by more than kPieces stretches: the stretch kPieces later always
  // begins in a bucket behind the one in which this one ends.
  const int shift = LargestShift(span_ms, [&](int tried) {
    for (size_t i = 0; i + kPieces < parts.size(); ++i) {
      if (parts[i + kPieces].from_ms >> tried <= (parts[i].to_ms - 1) >> tried) return false;
    }
    return true;
  });
  if (shift < 0) return;

  bucket_shift_ = static_cast<uint8_t>(shift);
  bucket_mask_ = (uint32_t{1} << shift) - 1;
  const int64_t count = ((span_ms - 1) >> shift) + 1;
  buckets_ = std::make_unique<Bucket[]>(static_cast<size_t>(count));
  size_t next = 0;  // The first stretch that ends behind the bucket's begin.
  for (int64_t b = 0; b < count; ++b) {
    const int64_t begin_ms = b << shift;
    const int64_t end_ms = (b + 1) << shift;
    while (next < parts.size() && parts[next].to_ms <= begin_ms) ++next;
    Bucket& bucket = buckets_[static_cast<size_t>(b)];
    bucket.open_before_ms = total_ms_;
    if (next < parts.size()) {
      const Part& part = parts[next];
      bucket.open_before_ms = part.open_before_ms + std::max<int64_t>(begin_ms - part.from_ms, 0);
    }
    for (size_t i = 0; i < kPieces; ++i) {
      if (next + i >= parts.size() || parts[next + i].from_ms >= end_ms) continue;
      const Part& part = parts[next + i];
      const int64_t from_ms = std::max(part.from_ms, begin_ms);
      bucket.pieces[i] = {static_cast<int32_t>(from_ms - begin_ms),
                          static_cast<int32_t>(std::min(part.to_ms, end_ms) - from_ms)};
    }
  }
}

void OpenTable::MakeOpenBuckets(const std::vector<Part>& parts) {
  constexpr size_t kGaps = std::size(OpenBucket{}.gap_ms);
  // The gap before each stretch lies at its open_before_ms.
  const int shift = LargestShift(total_ms_, [&](int tried) {
    for (size_t i = 0; i + kGaps < parts.size(); ++i) {
      if (parts[i + kGaps].open_before_ms >> tried == parts[i].open_before_ms >> tried) {
        return false;
      }
    }
    return true;
  });
  if (shift < 0) return;

  open_shift_ = static_cast<uint8_t>(shift);
  open_mask_ = (uint32_t{1} << shift) - 1;
  const int64_t count = (total_ms_ >> shift) + 1;
  open_buckets_ = std::make_unique<OpenBucket[]>(static_cast<size_t>(count));
  size_t next = 0;
  int64_t gaps_ms = 0;  // Before stretch `next`, without the gap right before it.
  for (int64_t b = 0; b < count; ++b) {
    const int64_t begin_ms = b << shift;
    const int64_t end_ms = (b + 1) << shift;
    OpenBucket& bucket = open_buckets_[static_cast<size_t>(b)];
    bucket = {base_ms_ + begin_ms + gaps_ms, {0, 0}, {~uint32_t{0}, ~uint32_t{0}}};
    for (size_t i = 0; next < parts.size() && parts[next].open_before_ms < end_ms; ++i, ++next) {
      const int64_t gap_ms = parts[next].from_ms - (parts[next].open_before_ms + gaps_ms);
      bucket.gap_ms[i] = gap_ms;
      bucket.open_ms[i] = static_cast<uint32_t>(parts[next].open_before_ms - begin_ms);
      gaps_ms += gap_ms;
    }
  }
}

bool OpenTable::IsOpen(int64_t t_ms) const {
  const int64_t accrued_ms = Accrued(t_ms);
  return accrued_ms < total_ms_ && Latest(accrued_ms) == t_ms;
}

int64_t OpenTable::AccruedInParts(int64_t since_ms) const {
  const auto after =
      std::upper_bound(parts_->begin(), parts_->end(), since_ms,
                       [](int64_t wanted, const Part& part) { return wanted < part.from_ms; });
  if (after == parts_->begin()) return 0;
  const Part& part = *std::prev(after);
  return part.open_before_ms + std::min(since_ms, part.to_ms) - part.from_ms;
}

int64_t OpenTable::PlaceInParts(int64_t open_ms) const {
  const auto after = std::upper_bound(
      parts_->begin(), parts_->end(), open_ms,
      [](int64_t wanted, const Part& part) { return wanted < part.open_before_ms; });
  ESCALATION_CHECK(after != parts_->begin(), std::to_string(open_ms));
  const Part& part = *std::prev(after);
  return base_ms_ + part.from_ms + (open_ms - part.open_before_ms);
}

}  // namespace escalation
