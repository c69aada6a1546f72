#include "ops/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int64_t kWidth = 20;

}  // namespace

ProgressBar::ProgressBar(std::ostream& err, int64_t total, Shown shown)
    : err_(err),
      total_(total),
      shown_(total > 0 &&
             (shown == Shown::kAlways || (&err == &std::cerr && ::isatty(STDERR_FILENO) == 1))) {}

ProgressBar::~ProgressBar() {
  if (percent_ >= 0) err_ << "\n" << std::flush;
}

ProgressBar::Report ProgressBar::Part() {
  return [this, before = int64_t{0}](int64_t done, int64_t) mutable {
    Advance(done - before);
    before = done;
  };
}

void ProgressBar::Advance(int64_t records) {
  if (!shown_) return;
  const std::lock_guard lock(mutex_);
  done_ += records;
  const int64_t percent = std::min<int64_t>(done_ * 100 / total_, 100);
  if (percent == percent_) return;
  percent_ = percent;
  const auto filled = static_cast<size_t>(percent * kWidth / 100);
  err_ << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] "
       << (percent < 10    ? "  "
           : percent < 100 ? " "
                           : "")
       << percent << " %  " << done_ << " of " << total_ << " records" << std::flush;
}

}  // namespace escalation
