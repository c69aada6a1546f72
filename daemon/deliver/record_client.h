// daemon/deliver/record_client.h
//
// Makes the calls that are records: one producer for each cluster and time-out that routes name.
//
//   Input       calls with a record envelope
//   Output      200 once the brokers have acknowledged the record
//   Invariants  1. a call ends about within its time-out. Its record is not sent later than that,
//               so what a page's next operation says never comes before it
//               2. records of one key keep the order of the calls
//               3. a reply holds no secret of the cluster's settings
//   Time        librdkafka's, for time-outs
//   Errors      kRefused: no such topic, not allowed, too large. kTimeout: not acknowledged, though
//               it may be there. kUnreachable: no route names the cluster any more, or too much
//               waits
//   Threads     all methods from any thread; `done` on a producer's thread, or before Send returns.
//               The destructor ends calls under way with kTimeout
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "daemon/deliver/delivery_route.h"
#include "daemon/deliver/http_call.h"
#include "daemon/log/kafka_producer.h"

namespace escalation {

class RecordClient : public HttpClient {
 public:
  using Open = std::function<absl::StatusOr<std::unique_ptr<KafkaProducer>>(
      const KafkaSettings& settings, const KafkaProducerOptions& options)>;

  explicit RecordClient(Open open = KafkaProducer::Open);
  ~RecordClient() override;

  // Opens the producers that these routes need; what only earlier ones needed ends, and what is
  // under way there with kTimeout. Not OK: settings that librdkafka does not take; all is as it
  // was.
  absl::Status SetRoutes(const std::vector<DeliveryRoute>& routes);

  void Send(HttpCall call, Done done) override;

 private:
  struct Cluster {
    std::shared_ptr<const KafkaSettings> settings;
    Duration timeout;
    std::shared_ptr<KafkaProducer> producer;
  };
  // Its producer; null: there is none.
  static std::shared_ptr<KafkaProducer> Find(const std::vector<Cluster>& clusters,
                                             const KafkaSettings& settings, Duration timeout);

  const Open open_;
  std::mutex mutex_;
  std::vector<Cluster> clusters_;  // Guarded by mutex_.
};

}  // namespace escalation
