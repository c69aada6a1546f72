// daemon/api/query_json.h
//
// State as JSON in the forms of proto3 JSON: instants as RFC 3339, lengths as "7200s", 64-bit
// numbers as strings. What is absent is left out.
//
//   Output      ordered JSON, the same for the same input
//   Time        enters as an argument, for what is used up to now
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/api/http.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/ticket/environment.h"

namespace escalation {

// "7200s", "0.250s", "-60s"
std::string LengthText(Duration d);
// Sets object[name] to the instant, unless ms is 0.
void SetMoment(nlohmann::ordered_json* object, const char* name, int64_t ms);
// Sets object[name], unless the text is empty.
void SetText(nlohmann::ordered_json* object, const char* name, const std::string& text);

// The clock's present due moment, or the one that it missed; 0: none.
int64_t DueOf(const v1::ClockState& clock);

nlohmann::ordered_json FactsJson(const v1::TicketFacts& facts);
nlohmann::ordered_json ClockJson(const Environment& environment, const v1::ClockState& clock,
                                 Instant now);
nlohmann::ordered_json PageJson(const v1::PageState& page);
nlohmann::ordered_json EscalationJson(const v1::EscalationState& run);
nlohmann::ordered_json TicketJson(const Environment& environment, const std::string& ticket_id,
                                  const v1::TicketState& ticket, Instant now);

// 200 with the document on one line.
HttpResponse JsonResponse(const nlohmann::ordered_json& document);

}  // namespace escalation
