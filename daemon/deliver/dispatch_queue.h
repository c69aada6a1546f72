// daemon/deliver/dispatch_queue.h
//
// Decides what is sent when: the deliveries that have no outcome yet, in order per page, within
// each budget, most urgent first. A state machine without I/O.
//
//   Input       deliveries, replies, the fate of reported outcomes, routes; the time and a source
//               of chance
//   Output      Step: requests to make, outcomes to report, when to look again
//   Invariants  1. operations on one page (key and destination) leave in order of seq, singly
//               2. nothing of a page leaves after its close
//               3. a page that was closed before anything of it left is not sent, and neither is
//               its close
//               4. in any 60 s at most per_minute_max requests leave to one budget group
//               5. a delivery is forgotten only after its outcome was reported and kept
//               6. a group that is slow or down delays no other group
//               7. while a partition's lease does not hold, nothing of it leaves, and no outcome is
//                  reported but that a page was delivered
//   Time        enters as arguments; where a clock is set back, waits and budgets go on from where
//               it was
//   Errors      kResourceExhausted: full; the caller keeps the delivery and offers it again
//   Threads     one at a time
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/deliver/delivery.h"
#include "daemon/deliver/dispatch_board.h"
#include "daemon/deliver/dispatch_budget.h"
#include "daemon/deliver/provider.h"

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
  size_t deliveries_max = 10'000;
};

// Counters since the start, and what is there now; by route.
struct RouteStatistics {
  uint64_t delivered = 0;
  uint64_t failed = 0;
  uint64_t suppressed = 0;
  uint64_t attempts = 0;
  uint64_t retries = 0;
  uint64_t waiting = 0;
  uint64_t in_flight = 0;
  // When the oldest delivery without an outcome came; Never: there is none.
  Instant oldest = Instant::Never();
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

class DispatchQueue {
 public:
  // A number in [0, bound), evenly; bound > 0.
  using Chance = std::function<uint64_t(uint64_t bound)>;
  DispatchQueue(DispatchOptions options, Chance chance);

  // Replaces all routes. What waits goes where the new ones say.
  void SetRoutes(std::vector<DeliveryRoute> routes);
  void SetOptions(const DispatchOptions& options);

  // In order of seq per page. What is known already is ignored.
  absl::Status Enqueue(Delivery delivery, Instant now);
  // The reply to an attempt. An unknown one is ignored: it was abandoned meanwhile.
  void Reply(DeliveryId id, uint64_t attempt, const Verdict& verdict, Instant now);
  // What became of a reported outcome: kept in the log, or to be reported again.
  void OutcomeKept(DeliveryId id, bool kept, Instant now);
  // No attempt leaves and no outcome is reported while paused.
  void SetPaused(bool paused) { paused_ = paused; }
  // No attempt leaves any more; outcomes are still reported.
  void Drain() { draining_ = true; }
  // Forgets what is of the partition: another instance delivers it from here on.
  void Forget(Partition partition);
  // Of a partition of a log that instances share. Without a call it always holds.
  void SetLease(Partition partition, Lease lease) { leases_[partition] = lease; }

  DispatchActions Step(Instant now);

  bool empty() const { return board_.items().empty(); }
  // Requests without a reply and outcomes that are not kept yet; while paused nothing can end.
  size_t under_way() const;
  std::map<std::string, RouteStatistics> Statistics() const;

 private:
  using Stage = DispatchItem::Stage;

  // `now` as the queue counts it: it never runs backwards.
  Instant Forward(Instant now);
  // It changed: it is placed anew.
  void Moved(const DispatchItem& item) { board_.Moved(item, latest_); }
  void Settle(DispatchItem* item, v1::PageOutcome::Outcome outcome, std::string_view reason);
  // The page's close is known: what of the page has not left stays here.
  void Collapse(const std::string& page);
  // Somebody has taken the run up: its other pages that woke nobody yet stay here.
  void OnAcknowledged(const v1::PageAcknowledgedAtPager& acknowledged);
  // Settles what waits and is kept back.
  void KeepBack(DispatchItem* item);
  bool IsLeased(Partition partition) const;
  // Sets what follows from routes and options.
  void Address(DispatchItem* item) const;
  void AddressAll();
  // Routes that are gone or in shadow mode, and deliveries that are too old.
  void SettleHopeless(Instant now, DispatchActions* actions);
  void GiveUp(DispatchItem* item);
  Instant GiveUpAt(const DispatchItem& item) const;
  void Retry(DispatchItem* item, const Verdict& verdict, Instant now);
  void AddAttempts(Instant now, DispatchActions* actions);
  void AddAttemptsOf(const std::string& group, DispatchBoard::Ready* ready, Instant now,
                     DispatchActions* actions);
  void Launch(DispatchItem* item, DispatchBudget* budget, Instant now, DispatchActions* actions);
  void AddOutcomes(DispatchActions* actions);
  Instant NextLook() const;

  DispatchOptions options_;
  const Chance chance_;
  bool paused_ = false;
  bool draining_ = false;
  uint64_t last_attempt_ = 0;
  // What the clock was set back by, in all; the latest moment.
  Duration set_back_;
  Instant latest_{0};
  std::map<std::string, DeliveryRoute> routes_;
  std::map<std::string, DispatchBudget> budgets_;  // By group.
  DispatchBoard board_;
  std::map<Partition, Lease> leases_;
  Instant clock_;  // Of the present step, as it was given: leases never run on.
  std::map<std::string, RouteStatistics> counters_;
};

}  // namespace escalation
