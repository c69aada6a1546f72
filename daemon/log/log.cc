#include "daemon/log/log.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace escalation {

void Log::AppendTogether(Partition partition, std::vector<ToAppend> records) {
  for (ToAppend& record : records) {
    Append(partition, std::move(record.value), std::move(record.done));
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
