// daemon/source/pager_hooks.h
//
// What pagers tell of pages: who acknowledged, resolved or handed on.
//
//   victorops   outgoing webhooks of VictorOps (Splunk On-Call): one flat object with dotted names,
//               as JSON or as a form. INCIDENT.CURRENT_PHASE says what happened, ALERT.entity_id or
//               STATE.ENTITY_ID to which page. There is no event id: the bytes are one
//   pagerduty   V3 webhooks: event.event_type incident.acknowledged, .resolved, .reassigned,
//               .delegated, .escalated; event.data.incident_key is the page's key. The id is
//               X-Webhook-Id, which is repeated with each attempt, else event.id
//   slack       interactivity: a form with `payload`; presses of the buttons that our messages have
//   pager       ours, for whoever has none of these:
//                 {"action": "acknowledged" | "resolved" | "reassigned", "key": PAGE KEY,
//                  "by": WHO, "to": WHO (reassigned), "at": RFC 3339, "id": ID}
//               `id` may be missing where webhook-id comes along (Standard Webhooks)
//
//   Input       a message, untrusted; the tenant of its source
//   Output      at most one event for each action; none for everything else that pagers tell, for
//               what no person did, and for pages of others
//   Invariants  those of pager_action.h
//   Errors      kInvalidArgument, naming the field
//   Threads     stateless; safe everywhere
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/source/source_message.h"

namespace escalation {

using PagerDecode = absl::StatusOr<std::vector<v1::Event>>(const SourceMessage& message,
                                                           std::string_view tenant);

PagerDecode EventsFromVictorOps;
PagerDecode EventsFromPagerDuty;
PagerDecode EventsFromSlack;
PagerDecode EventsFromPager;

}  // namespace escalation
