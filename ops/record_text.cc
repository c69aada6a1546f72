#include "ops/record_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {
namespace {

absl::StatusOr<v1::Event> ParseEvent(Partition partition, const Record& record) {
  v1::Event event;
  if (event.ParseFromString(record.value)) return event;
  return absl::DataLossError(
      Cat("partition ", partition, ", offset ", record.offset, ": the record is no event"));
}

absl::StatusOr<v1::Decision> ParseDecision(Partition partition, const PublishedDecision& decision) {
  v1::Decision parsed;
  if (parsed.ParseFromString(decision.value)) return parsed;
  return absl::DataLossError(
      Cat("partition ", partition, ", seq ", decision.seq, ": not a decision"));
}

absl::StatusOr<std::string> Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (status.ok()) return json;
  return absl::DataLossError(Cat("cannot be written as JSON: ", status.ToString()));
}

// The field that the oneof `body` holds.
std::string BodyName(const google::protobuf::Message& message) {
  const auto* body = message.GetDescriptor()->FindOneofByName("body");
  const auto* field =
      body == nullptr ? nullptr : message.GetReflection()->GetOneofFieldDescriptor(message, body);
  return field == nullptr ? "-" : field->name();
}

std::string Padded(std::string text, size_t width) {
  if (text.empty()) text = "-";
  if (text.size() < width) text.resize(width, ' ');
  return text + " ";
}

std::string Row(uint64_t number, Instant at, const std::string& tenant,
                const std::string& ticket_id, const std::string& body) {
  return Cat(Padded(std::to_string(number), 10), Padded(ToText(at), 24), Padded(tenant, 12),
             Padded(ticket_id, 16), body);
}

}  // namespace

absl::StatusOr<std::string> ToJsonLine(Partition partition, const Record& record) {
  const absl::StatusOr<v1::Event> event = ParseEvent(partition, record);
  if (!event.ok()) return event.status();
  const absl::StatusOr<std::string> json = Json(*event);
  if (!json.ok()) return json.status();
  return Cat("{\"partition\":", partition, ",\"offset\":\"", record.offset, "\",\"appended\":\"",
             record.appended, "\",\"event\":", *json, "}");
}

absl::StatusOr<std::string> ToJsonLine(Partition partition, const PublishedDecision& decision) {
  const absl::StatusOr<v1::Decision> parsed = ParseDecision(partition, decision);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<std::string> json = Json(*parsed);
  if (!json.ok()) return json.status();
  return Cat("{\"partition\":", partition, ",\"decision\":", *json, "}");
}

absl::StatusOr<std::string> ToRow(Partition partition, const Record& record) {
  const absl::StatusOr<v1::Event> event = ParseEvent(partition, record);
  if (!event.ok()) return event.status();
  return Row(static_cast<uint64_t>(record.offset.value), record.appended, event->tenant(),
             event->ticket_id(), BodyName(*event));
}

absl::StatusOr<std::string> ToRow(Partition partition, const PublishedDecision& decision) {
  const absl::StatusOr<v1::Decision> parsed = ParseDecision(partition, decision);
  if (!parsed.ok()) return parsed.status();
  return Row(decision.seq, FromProto(parsed->at()), parsed->tenant(), parsed->ticket_id(),
             BodyName(*parsed));
}

}  // namespace escalation
