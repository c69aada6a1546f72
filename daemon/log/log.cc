#include "daemon/log/log.h"

#include <optional>
#include <utility>

#include "absl/synchronization/notification.h"

namespace escalation {

absl::StatusOr<Appended> AppendAndWait(Log& log, Partition partition, std::string value) {
  std::optional<absl::StatusOr<Appended>> result;
  absl::Notification finished;
  log.Append(partition, std::move(value), [&](absl::StatusOr<Appended> appended) {
    result = std::move(appended);
    finished.Notify();
  });
  finished.WaitForNotification();
  return *std::move(result);
}

}  // namespace escalation
