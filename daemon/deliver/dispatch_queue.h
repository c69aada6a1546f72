// daemon/deliver/dispatch_queue.h
//
// Decides what is sent when: the deliveries that have no outcome yet, in order per page, within
// each budget, most urgent first. A state machine without I/O.
//
//   Input       deliveries, replies, the fate of reported outcomes, routes; the time and a source
//               of chance
//   Output      Step: requests to make, outcomes to report, when to look again
//               (dispatch_actions.h)
//   Invariants  1. operations on one page (key and destination) leave in order of seq, singly
//               2. nothing of a page leaves after its close
//               3. a page that was closed before anything of it left is not sent, and neither is
//               its close
//               4. in any 60 s at most per_minute_max requests leave to one budget group
//               5. a delivery is forgotten only after its outcome was reported and kept
//               6. a group that is slow or down delays no other group
//               7. while a partition's lease does not hold, nothing of it leaves, and no outcome is
//                  reported but that a page was delivered
//               8. of what a group's budget would keep waiting for longer than digest_after, the
//                  least severe pages leave together: dispatch_digest.h
//               9. a page stays known behind its delivery while its provider wants it renewed, or
//                  while it has to be closed together with others
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
#include "daemon/deliver/dispatch_actions.h"
#include "daemon/deliver/dispatch_board.h"
#include "daemon/deliver/dispatch_budget.h"
#include "daemon/deliver/dispatch_digest.h"
#include "daemon/deliver/provider.h"

namespace escalation {

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

  // Nothing is without an outcome.
  bool empty() const { return board_.items().size() == board_.CountIn(Stage::kStanding); }
  // Requests without a reply and outcomes that are not kept yet; while paused nothing can end.
  size_t under_way() const;
  std::map<std::string, RouteStatistics> Statistics() const;

 private:
  using Stage = DispatchItem::Stage;
  static constexpr Duration kReportAgainAfter = Duration::Seconds(1);

  // `now` as the queue counts it: it never runs backwards.
  Instant Forward(Instant now);
  // It changed: it is placed anew.
  void Moved(const DispatchItem& item) { board_.Moved(item, latest_); }
  // Of a digest: settles those that leave with it, and forgets it.
  void Settle(DispatchItem* item, v1::PageOutcome::Outcome outcome, const std::string& reason);
  // What stays here after all: dispatch_queue_collapse.cc. The page's close is known: what of the
  // page has not left need not.
  void Collapse(const std::string& page);
  // Whether what stands before a close may still leave; settles it if it need not.
  bool HoldsUpClose(DispatchItem* item);
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
  Duration WaitAfter(const DispatchItem& item, const Verdict& verdict, Instant now);
  void AddAttempts(Instant now, DispatchActions* actions);
  void AddAttemptsOf(const std::string& group, DispatchBoard::Ready* ready, Instant now,
                     DispatchActions* actions);
  void Launch(DispatchItem* item, DispatchBudget* budget, Instant now, DispatchActions* actions);
  void AddOutcomes(DispatchActions* actions);
  Instant NextLook() const;

  // Pages that stay known behind their delivery: dispatch_queue_standing.cc.
  Duration RenewEvery(const DispatchItem& item) const;
  bool Stands(const DispatchItem& item) const;
  // It was delivered by an earlier process.
  void StandAgain(DispatchItem* item);
  void Stand(DispatchItem* item, Instant renew_at);
  void Renewed(DispatchItem* item, const Verdict& verdict, Instant now);
  void EndStanding(DispatchItem* item);
  // All of the page but `but`, which may be null.
  void EndStandingOf(const std::string& page, const DispatchItem* but);

  // Pages that leave together: dispatch_digest.h, dispatch_queue_digest.cc.
  void FormDigests(const std::string& group, const DispatchBoard::Ready& ready);
  bool MayBeDigested(const DispatchItem& item) const;
  DispatchDigest* FindForming(Partition partition, const std::string& tenant,
                              const std::string& route);
  void Join(DispatchItem* item, DispatchDigest* digest);
  // It was said to be in a digest by an earlier process.
  void JoinAgain(DispatchItem* item);
  void Ride(DispatchItem* item, DispatchDigest* digest, Stage stage);
  DispatchItem& RequestOf(DispatchDigest* digest, const DispatchItem& member);
  // A digest is not under way: who is closed or acknowledged meanwhile leaves it.
  void RidersMayLeave(DeliveryId request);
  // Says in a digest's request what is in it.
  void Describe(DispatchItem* request);
  bool MayLeaveDigest(const DispatchItem& item);
  void LeaveDigest(DispatchItem* item);
  void MarkKept(DispatchItem* item, bool kept, Instant now);
  void SettleDigest(DispatchItem* request, v1::PageOutcome::Outcome outcome,
                    const std::string& reason);
  void CloseMember(DispatchItem* close);

  DispatchOptions options_;
  Chance chance_;
  bool paused_ = false;
  bool draining_ = false;
  uint64_t last_attempt_ = 0;
  // What the clock was set back by, in all; the latest moment.
  Duration set_back_;
  Instant latest_{0};
  std::map<std::string, DeliveryRoute> routes_;
  std::map<std::string, DispatchBudget> budgets_;  // By group.
  DispatchBoard board_;
  std::map<std::string, DispatchDigest> digests_;  // By key.
  std::map<Partition, Lease> leases_;
  Instant clock_;  // Of the present step, as it was given: leases never run on.
  std::map<std::string, RouteStatistics> counters_;
};

}  // namespace escalation
