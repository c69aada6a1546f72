// ops/progress_bar.h
//
// How far a long command is, for people who wait: one line that is written over and over.
//
//   Input       how much there is in all; of each part of the work, how far it has come
//   Output      "[#########           ]  45 %  4500000 of 10000000 records" on a terminal; nothing
//               elsewhere
//   Time        none: it is written anew whenever the percentage changes
//   Errors      none
//   Threads     parts report from any thread
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <ostream>

namespace escalation {

class ProgressBar {
 public:
  enum class Shown { kOnTerminal, kAlways };

  ProgressBar(std::ostream& err, int64_t total, Shown shown = Shown::kOnTerminal);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Reports of one part: so many records done, of how many in this part.
  using Report = std::function<void(int64_t done, int64_t of)>;
  Report Part();

 private:
  void Advance(int64_t records);

  std::ostream& err_;
  const int64_t total_;
  const bool shown_;
  std::mutex mutex_;
  int64_t done_ = 0;
  int64_t percent_ = -1;
};

}  // namespace escalation
