// daemon/log/kafka_dead_letters.h
//
// Dead letters in a topic that any consumer can read: key and value are those of the message, as it
// came; everything else travels in headers whose names begin with "escalation.".
//
//   Input       as DeadLetters
//   Output      as DeadLetters; all in partition 0, the position is the offset
//   Invariants  as DeadLetters, and: what retention of the topic removes is gone
//   Time        that of the letters; of retention, the broker's
//   Errors      as DeadLetters; kNotFound of Open: the topic is not there
//   Threads     as DeadLetters
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/log/dead_letters.h"
#include "daemon/log/kafka_client.h"
#include "daemon/log/kafka_settings.h"

namespace escalation {

absl::StatusOr<std::unique_ptr<DeadLetters>> OpenKafkaDeadLetters(const KafkaSettings& settings,
                                                                  const std::string& topic,
                                                                  const std::string& client_id);

// What stands beside key and value, and back. The headers of the message itself keep their names
// and come first.
std::vector<KafkaHeader> HeadersOf(const v1::DeadLetter& letter);
void ReadHeaders(const std::vector<KafkaHeader>& headers, v1::DeadLetter* letter);

}  // namespace escalation
