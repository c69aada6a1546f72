#include "daemon/log/log.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace escalation {

// Where one is refused, those behind it are: nothing may overtake it.
void Log::AppendTogether(Partition partition, std::vector<ToAppend> records) {
  struct Fate {
    std::mutex mutex;
    absl::Status failed;
  };
  const auto fate = std::make_shared<Fate>();
  for (ToAppend& record : records) {
    absl::Status before;
    {
      const std::lock_guard lock(fate->mutex);
      before = fate->failed;
    }
    if (!before.ok()) {
      record.done(std::move(before));
      continue;
    }
    Append(partition, std::move(record.value),
           [fate, done = std::move(record.done)](absl::StatusOr<Appended> appended) {
             if (!appended.ok()) {
               const std::lock_guard lock(fate->mutex);
               fate->failed = appended.status();
             }
             done(std::move(appended));
           });
  }
}

absl::StatusOr<Appended> AppendAndWait(Log& log, Partition partition, std::string value) {
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<absl::StatusOr<Appended>> result;
  log.Append(partition, std::move(value), [&](absl::StatusOr<Appended> appended) {
    // Under the mutex: the waiting side owns the condition variable and returns as soon as it can.
    const std::lock_guard lock(mutex);
    result = std::move(appended);
    finished.notify_one();
  });
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return result.has_value(); });
  return *std::move(result);
}

}  // namespace escalation
