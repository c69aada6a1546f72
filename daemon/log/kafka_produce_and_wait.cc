#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/log/kafka_producer.h"
#include "state/base/text.h"

namespace escalation {

std::string PlaceOf(const KafkaRecord& record) {
  return record.partition < 0 ? record.topic : Cat(record.topic, "[", record.partition, "]");
}

void KafkaProducer::Produce(KafkaRecord record, Done done) {
  std::vector<ToProduce> records;
  records.push_back({std::move(record), std::move(done)});
  ProduceTogether(std::move(records));
}

absl::StatusOr<KafkaDelivery> ProduceAndWait(KafkaProducer& producer, KafkaRecord record) {
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<absl::StatusOr<KafkaDelivery>> result;
  producer.Produce(std::move(record), [&](absl::StatusOr<KafkaDelivery> delivery) {
    // Under the mutex: the waiting side owns the condition variable and returns as soon as it can.
    const std::lock_guard lock(mutex);
    result = std::move(delivery);
    finished.notify_one();
  });
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return result.has_value(); });
  return *std::move(result);
}

}  // namespace escalation
