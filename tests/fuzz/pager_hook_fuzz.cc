// Bytes as what a pager tells. What is understood is a person's act on a page of this tenant, and
// passes the gate before the log but for texts that no event may hold; what is not is told in text.

#include <cstdint>
#include <string>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/form_fields.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/pager_action.h"
#include "daemon/source/pager_hooks.h"
#include "state/base/check.h"
#include "state/base/ids.h"

using namespace escalation;

namespace {

constexpr char kTenant[] = "default";

const std::string& KeyOf(const v1::Event& event) {
  return event.has_page_resolved() ? event.page_resolved().key() : event.page_acknowledged().key();
}

void CheckEvent(const v1::Event& event) {
  ESCALATION_CHECK(IsId(event.id(), kIdBytesMax) && IsId(event.ticket_id(), kIdBytesMax),
                   ToJson(event));
  ESCALATION_CHECK(event.tenant().empty() && !event.has_origin() && !event.has_written_at(),
                   "the source's to say");
  if (event.has_fields_changed()) {
    ESCALATION_CHECK(event.actor().kind() == v1::Actor::SYSTEM, "nobody acted yet");
    return;
  }
  ESCALATION_CHECK(IsPageKeyOf(kTenant, KeyOf(event)), KeyOf(event));
  ESCALATION_CHECK(event.actor().kind() == v1::Actor::AGENT && !event.actor().id().empty(),
                   "somebody acted");
}

void Decode(PagerDecode* decode, const SourceMessage& message) {
  const auto events = decode(message, kTenant);
  if (!events.ok()) {
    ESCALATION_CHECK(absl::IsInvalidArgument(events.status()), events.status().ToString());
    const std::string text(events.status().message());
    ESCALATION_CHECK(!text.empty() && IsUtf8(text), "a message is text");
    return;
  }
  const auto again = decode(message, kTenant);
  ESCALATION_CHECK(again.ok() && again->size() == events->size(), "twice the same");
  for (size_t i = 0; i < events->size(); ++i) {
    CheckEvent((*events)[i]);
    ESCALATION_CHECK((*events)[i].SerializeAsString() == (*again)[i].SerializeAsString(), "");
  }
}

}  // namespace

// The first byte: whether an id comes along.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  SourceMessage message;
  message.value.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) {
    message.headers.push_back({"x-webhook-id", "w1"});
    message.headers.push_back({"webhook-id", "m 1"});
  }
  for (PagerDecode* const decode :
       {EventsFromVictorOps, EventsFromPagerDuty, EventsFromSlack, EventsFromPager}) {
    Decode(decode, message);
  }
  return 0;
}
