#include "daemon/log_writer.h"

#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

// Collects the acknowledgements of one call.
class Gathering {
 public:
  Gathering(size_t count, LogWriter::Done done)
      : offsets_(count), left_(count), done_(std::move(done)) {}

  void Landed(size_t index, const absl::StatusOr<Appended>& appended) {
    {
      const std::lock_guard lock(mutex_);
      if (appended.ok()) {
        offsets_[index] = appended->offset;
      } else if (status_.ok()) {
        status_ = appended.status();
      }
      if (--left_ > 0) return;
    }
    if (status_.ok()) {
      done_(std::move(offsets_));
    } else {
      done_(status_);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<Offset> offsets_;
  size_t left_;
  absl::Status status_;
  LogWriter::Done done_;
};

}  // namespace

void LogWriter::Append(std::vector<v1::Event> events, Done done) const {
  std::vector<Partition> partitions;
  for (const v1::Event& event : events) {
    const auto found = partitions_.find(event.tenant());
    if (found == partitions_.end()) {
      done(absl::InvalidArgumentError(Cat("tenant: \"", event.tenant(), "\" is not served here")));
      return;
    }
    partitions.push_back(found->second);
  }
  if (events.empty()) {
    done(std::vector<Offset>());
    return;
  }
  auto gathering = std::make_shared<Gathering>(events.size(), std::move(done));
  std::map<Partition, std::vector<Log::ToAppend>> records;
  for (size_t i = 0; i < events.size(); ++i) {
    records[partitions[i]].push_back(
        {events[i].SerializeAsString(), [gathering, i](const absl::StatusOr<Appended>& appended) {
           gathering->Landed(i, appended);
         }});
  }
  // What is sent together is seen together: nobody is paged for what the same request answers.
  for (auto& [partition, together] : records) {
    log_.AppendTogether(partition, std::move(together));
  }
}

absl::StatusOr<std::vector<Offset>> LogWriter::AppendAndWait(std::vector<v1::Event> events) const {
  std::promise<absl::StatusOr<std::vector<Offset>>> promise;
  std::future<absl::StatusOr<std::vector<Offset>>> future = promise.get_future();
  Append(std::move(events), [&promise](absl::StatusOr<std::vector<Offset>> offsets) {
    promise.set_value(std::move(offsets));
  });
  return future.get();
}

}  // namespace escalation
