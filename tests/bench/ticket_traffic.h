// tests/bench/ticket_traffic.h
//
// What a support organization's helpdesk sends: for each ticket an opening, an assignment, two
// customer messages, two replies and a status change, 2,000 tickets at a time.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "state/base/text.h"

namespace escalation {

// Four clocks a ticket, none of which is due while it is measured.
inline constexpr char kTrafficPolicy[] = R"(
policy: bench
tenant: default
revision: 1
severities: [low, high]
default_severity: low
default_plan: gold
calendars:
  office:
    zone: Europe/Berlin
    hours: {mon-fri: ["09:00-12:00", "13:00-17:00"]}
plans:
  gold:
    calendar: office
    targets:
      - {name: first, metric: first_response, within: 10bd, warn_at: [75%]}
      - {name: next, metric: next_response, within: 10bd}
      - {name: work, metric: agent_work, within: 10bd}
      - {name: solve, metric: resolution, within: 20bd, pause: [pending]}
)";

inline std::string TrafficId(int64_t number) { return Cat("bench-", number); }

inline Instant SystemNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

// Appends event `number` as JSON.
inline void AppendTraffic(int64_t number, const std::string& now, std::string* out) {
  static constexpr int64_t kTickets = 2'000;
  static constexpr int64_t kSteps = 7;
  const int64_t window = number / (kSteps * kTickets);
  const int64_t step = number % (kSteps * kTickets) / kTickets;
  const int64_t ticket = window * kTickets + number % kTickets;
  const bool by_customer = step == 0 || step == 2 || step == 4;
  CatTo(out, "{\"id\":\"bench-", number, "\",\"ticket_id\":\"T-", ticket, "\",\"occurred_at\":\"",
        now, "\",\"actor\":{\"id\":\"", by_customer ? "ann" : "maria", "\",\"kind\":\"",
        by_customer ? "customer" : "agent", "\"},");
  if (step == 0) {
    CatTo(out, "\"opened\":{\"account\":\"account-", ticket % 1'000, "\",\"severity\":\"",
          ticket % 5 == 0 ? "high" : "low",
          "\",\"subject\":\"The export of last month's invoices fails\",\"channel\":\"email\"}}");
  } else if (step == 1) {
    CatTo(out, "\"assigned\":{\"assignee\":\"maria\"}}");
  } else if (step == kSteps - 1) {
    CatTo(out, "\"status_changed\":{\"status\":\"pending\"}}");
  } else {
    CatTo(out, "\"message_added\":{\"visibility\":\"public\",\"length\":240}}");
  }
}

// The body of events [first, first + count): one object, or an array of several.
inline void AppendTrafficBody(int64_t first, int64_t count, std::string* out) {
  const std::string now = ToText(SystemNow());
  if (count == 1) return AppendTraffic(first, now, out);
  for (int64_t i = 0; i < count; ++i) {
    out->push_back(i == 0 ? '[' : ',');
    AppendTraffic(first + i, now, out);
  }
  out->push_back(']');
}

}  // namespace escalation
