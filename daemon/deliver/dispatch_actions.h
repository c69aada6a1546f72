// daemon/deliver/dispatch_actions.h
//
// What goes into the queue of deliveries and what comes out of it, beside the deliveries.
//
//   Output      values
//   Threads     values
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/deliver/delivery.h"

namespace escalation {

struct DispatchOptions {
  Duration backoff_initial = Duration::Seconds(1);
  Duration backoff_max = Duration::Minutes(5);
  // After this long a page has failed, and the fold decides its fallback.
  Duration give_up_after = Duration::Hours(1);
  // A close has no fallback, and an open page hurts, so it is tried longer.
  Duration give_up_closing_after = Duration::Hours(24);
  // What Retry-After may ask for at most.
  Duration retry_after_max = Duration::Minutes(5);
  size_t in_flight_max = 8;  // Per budget group.
  // What would wait longer than this for its group's budget is told together.
  Duration digest_after = Duration::Minutes(2);
  size_t deliveries_max = 100'000;
};

// Counters since the start, and what is there now; by route.
struct RouteStatistics {
  uint64_t delivered = 0;
  uint64_t failed = 0;
  uint64_t suppressed = 0;
  uint64_t digested = 0;  // Of those delivered.
  uint64_t attempts = 0;
  uint64_t retries = 0;
  uint64_t waiting = 0;
  uint64_t in_flight = 0;
  uint64_t standing = 0;  // Delivered, and to be renewed or closed with others.
  // When the oldest delivery without an outcome came, and the oldest such page; Never: there is
  // none.
  Instant oldest = Instant::Never();
  Instant oldest_page = Instant::Never();
};

struct DispatchAttempt {
  DeliveryId id;
  // Distinguishes this request from every other.
  uint64_t attempt = 0;
  Delivery delivery;
  DeliveryRoute route;
};

// While an instance surely owns a partition: from <= the clock < until.
struct Lease {
  Instant from = Instant::Past();
  Instant until = Instant::Never();
  bool Holds(Instant clock) const { return from <= clock && clock < until; }
};

struct DispatchOutcome {
  DeliveryId id;
  std::string tenant;
  std::string ticket_id;
  v1::PageOutcome outcome;
};

struct DispatchActions {
  std::vector<DispatchAttempt> attempts;
  std::vector<DispatchOutcome> outcomes;
  // Partitions of which something would leave or be reported if their lease held.
  std::set<Partition> lapsed;
  // When to call Step again if nothing else happens; Never: no need.
  Instant next = Instant::Never();
};

}  // namespace escalation
