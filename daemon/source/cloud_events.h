// daemon/source/cloud_events.h
//
// CloudEvents 1.0 whose data is an event of ours, by Kafka and by HTTP.
//
//   binary      the attributes are headers (Kafka: ce_id, HTTP: ce-id), the data is the message
//   structured  content-type application/cloudevents+json: one JSON object
//   batch       content-type application/cloudevents-batch+json: an array of them
//
//   Input       a message; data is JSON as in event_json.h, or with datacontenttype
//               application/protobuf a native event (in JSON: data_base64)
//   Output      the events. Where one leaves them open, its id comes from the attributes source and
//               id (CloudEventId), occurred_at from time
//   Invariants  1. id, source, type and specversion 1.0 must be there
//               2. attributes that mean nothing here are ignored, as the standard asks
//   Errors      kInvalidArgument, naming the attribute or the place in the data
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/source/source_message.h"

namespace escalation {

absl::StatusOr<std::vector<v1::Event>> EventsFromCloudEvents(const SourceMessage& message);

// An id of our alphabet that differs where (source, id) does: "ID.HASH-OF-SOURCE" where `id` fits.
std::string CloudEventId(std::string_view source, std::string_view id);

}  // namespace escalation
