// Bytes as a message of a source, in every format that is decoded here. What is decoded can be told
// as JSON; what is not is told in one place, in text.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/source/event_decoder.h"
#include "daemon/source/event_json.h"
#include "daemon/source/jq_request.h"
#include "daemon/source/json_document.h"
#include "daemon/source/json_scanner.h"
#include "state/base/check.h"

using namespace escalation;

namespace {

std::unique_ptr<EventDecoder> Make(SourceFormat format) {
  DecoderOptions options;
  options.format = format;
  auto decoder = MakeDecoder(options);
  ESCALATION_CHECK(decoder.ok(), decoder.status().ToString());
  return *std::move(decoder);
}

void CheckRefusal(const absl::Status& status) {
  ESCALATION_CHECK(absl::IsInvalidArgument(status), status.ToString());
  ESCALATION_CHECK(!status.message().empty() && IsUtf8(std::string(status.message())),
                   "a message is text");
}

void Decode(EventDecoder& decoder, const SourceMessage& message) {
  const absl::StatusOr<std::vector<v1::Event>> events = decoder.Decode(message);
  if (!events.ok()) return CheckRefusal(events.status());
  const auto again = decoder.Decode(message);
  ESCALATION_CHECK(again.ok() && again->size() == events->size(), "twice the same");
  for (size_t i = 0; i < events->size(); ++i) {
    const v1::Event& event = (*events)[i];
    ESCALATION_CHECK(event.SerializeAsString() == (*again)[i].SerializeAsString(), "");
    ESCALATION_CHECK(!event.has_origin() && !event.has_written_at(), "the source's to say");
    ESCALATION_CHECK(IsUtf8(ToJson(event)), ToJson(event));
  }
}

// What a mapping gets is JSON, whatever the message was.
void CheckRequest(const SourceMessage& message) {
  const absl::StatusOr<std::string> request = JqRequest(message);
  if (!request.ok()) return CheckRefusal(request.status());
  const absl::StatusOr<JsonNode> root = ParseJson(*request);
  ESCALATION_CHECK(root.ok() && root->Find("body") != nullptr && IsUtf8(*request), *request);
}

}  // namespace

// The first bytes say which headers come along; the rest is the value.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static EventDecoder* const decoders[] = {
      Make(SourceFormat::kNative).release(), Make(SourceFormat::kJson).release(),
      Make(SourceFormat::kCloudEvents).release(), Make(SourceFormat::kConfluent).release()};
  static constexpr const char* kTypes[] = {"application/json", "application/cloudevents+json",
                                           "application/cloudevents-batch+json",
                                           "application/protobuf"};
  if (size < 2) return 0;
  SourceMessage message;
  message.value.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const uint8_t kind = data[0];
  message.headers.push_back({"content-type", kTypes[kind % 4]});
  if ((kind & 4) == 0) message.topic = "t";
  if ((kind & 8) != 0) {
    const std::string prefix = message.topic.empty() ? "ce-" : "ce_";
    // Up to a line break: the event's own id, so that it holds any bytes.
    const size_t end = std::min(message.value.find('\n'), message.value.size());
    message.headers.push_back({prefix + "specversion", "1.0"});
    message.headers.push_back({prefix + "id", message.value.substr(0, end)});
    message.headers.push_back({prefix + "source", "s"});
    message.headers.push_back({prefix + "type", "t"});
    message.value.erase(0, std::min(end + 1, message.value.size()));
  }
  for (EventDecoder* const decoder : decoders) Decode(*decoder, message);
  CheckRequest(message);
  return 0;
}
