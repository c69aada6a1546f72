// Bytes as JSON: events, bodies of requests, decisions. What is read is written and read back the
// same.

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/json_scanner.h"
#include "state/base/check.h"

using namespace escalation;

namespace {

void CheckEvent(const v1::Event& event) {
  const std::string json = ToJson(event);
  ESCALATION_CHECK(IsUtf8(json) && json.find('\n') == std::string::npos, json);
  const absl::StatusOr<v1::Event> again = EventFromJson(json, json.size());
  ESCALATION_CHECK(again.ok(), json + "\n" + again.status().ToString());
  ESCALATION_CHECK(again->SerializeAsString() == event.SerializeAsString(), json);
  if (ValidateEvent(event, Trust::kSource).ok()) {
    ESCALATION_CHECK(ValidateEvent(event, Trust::kHistory).ok(), json);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto event = EventFromJson(text); event.ok()) CheckEvent(*event);
  for (const BodyForm form : {BodyForm::kJson, BodyForm::kJsonLines}) {
    const absl::StatusOr<std::vector<v1::Event>> events = EventsFromBody(text, form);
    if (!events.ok()) {
      ESCALATION_CHECK(absl::IsInvalidArgument(events.status()), events.status().ToString());
      ESCALATION_CHECK(IsUtf8(std::string(events.status().message())), "a message is text");
      continue;
    }
    ESCALATION_CHECK(!events->empty() && events->size() <= kEventsPerBodyMax, "");
    for (const v1::Event& event : *events) CheckEvent(event);
  }
  if (const auto decision = DecisionFromJson(text); decision.ok()) {
    const auto again = DecisionFromJson(ToJson(*decision));
    ESCALATION_CHECK(again.ok(), ToJson(*decision));
    ESCALATION_CHECK(again->SerializeAsString() == decision->SerializeAsString(), "");
  }
  return 0;
}
