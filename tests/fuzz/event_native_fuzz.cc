// Bytes as a native event: whatever the gate lets through from a source can be told as JSON and
// read back.

#include <google/protobuf/stubs/logging.h>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "state/base/check.h"

using namespace escalation;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // Text that is not UTF-8 is nothing to tell.
  v1::Event event;
  if (!event.ParseFromArray(data, static_cast<int>(size))) return 0;
  const bool from_source = ValidateEvent(event, Trust::kSource).ok();
  const bool from_history = ValidateEvent(event, Trust::kHistory).ok();
  ESCALATION_CHECK(!from_source || from_history, "a source is trusted more than a history");
  if (!from_source) return 0;
  const std::string json = ToJson(event);
  const absl::StatusOr<v1::Event> again = EventFromJson(json);
  if (!again.ok() && json.size() > kEventJsonBytesMax) return 0;
  ESCALATION_CHECK(again.ok(), json + "\n" + again.status().ToString());
  ESCALATION_CHECK(ToJson(*again) == json, json + "\n" + ToJson(*again));
  ESCALATION_CHECK(ValidateEvent(*again, Trust::kHistory).ok(), json);
  return 0;
}
