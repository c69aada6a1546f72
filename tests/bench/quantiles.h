// tests/bench/quantiles.h
//
// Latencies of one run, and what is said of them.
//
//   Threads     one at a time
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace escalation {

class Quantiles {
 public:
  void Add(int64_t us) { values_.push_back(us); }
  void Add(const Quantiles& other) {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }
  void Sort() { std::sort(values_.begin(), values_.end()); }
  size_t count() const { return values_.size(); }

  // After Sort: the smallest value that `share` of all values do not exceed, in milliseconds; 0
  // without any.
  double Ms(double share) const {
    if (values_.empty()) return 0;
    const auto rank = static_cast<size_t>(share * static_cast<double>(values_.size()));
    return static_cast<double>(values_[std::min(rank, values_.size() - 1)]) / 1000;
  }

 private:
  std::vector<int64_t> values_;
};

}  // namespace escalation
