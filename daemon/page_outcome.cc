#include "daemon/page_outcome.h"

#include <utility>

#include "daemon/logging.h"

namespace escalation {

v1::Event EventOfOutcome(DispatchOutcome outcome, Instant now) {
  v1::Event event;
  event.set_tenant(outcome.tenant);
  event.set_ticket_id(outcome.ticket_id);
  ToProto(now, event.mutable_written_at());
  event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
  const std::initializer_list<LogField> fields = {{"key", outcome.outcome.key()},
                                                  {"destination", outcome.outcome.destination()},
                                                  {"reason", outcome.outcome.reason()}};
  if (outcome.outcome.outcome() == v1::PageOutcome::FAILED) {
    LogError("a page could not be delivered", fields);
  } else {
    LogDebug("a page operation has its outcome", fields);
  }
  *event.mutable_page_outcome() = std::move(outcome.outcome);
  return event;
}

}  // namespace escalation
