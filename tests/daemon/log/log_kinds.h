// tests/daemon/log/log_kinds.h
//
// The logs that must behave alike, with a clock that the test sets.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/log/log.h"
#include "state/base/instant.h"

namespace escalation {

// 2026-03-10T12:00:00Z.
inline constexpr Instant kNoon{1'773'144'000'000};

class ManualClock {
 public:
  explicit ManualClock(Instant now) : ms_(now.ms) {}
  void Set(Instant now) { ms_ = now.ms; }
  std::function<Instant()> AsFunction() {
    return [this] { return Instant{ms_.load()}; };
  }

 private:
  std::atomic<int64_t> ms_;
};

struct LogKind {
  const char* name;
  // What a new log holds already, in each partition: records that do nothing.
  int64_t first;
  // `dir` is empty and stays until the log is gone.
  std::unique_ptr<Log> (*open)(const std::string& dir, int32_t partitions, ManualClock* clock);
};

inline void PrintTo(const LogKind& kind, std::ostream* out) { *out << kind.name; }

// Those that the program of this test has.
std::vector<LogKind> WritableLogs();

}  // namespace escalation
