// daemon/page_release.h
//
// Hands a partition's page operations to the dispatcher: those that the fold decides, once the rest
// of the log cannot answer them any more, and those that an earlier owner left without an outcome.
//
//   Input       page decisions of committed turns; how far the log is read; the tenure
//   Output      deliveries to the dispatcher
//   Invariants  1. on a log of one writer a page leaves once the log was read to its end
//               2. on a shared log it leaves once a record of the owner's own that stands behind
//                  it was read back while fresh (tenure.h)
//               3. at the latest it leaves after kHoldMax, said to be late. On a shared log those
//                  are minutes in which the loop never stood still: who wakes up after a pause has
//                  to learn first whether another took over
//               4. of pages of one run and route that leave together only the newest wakes somebody
//   Time        the given clock
//   Errors      those of the store; kDataLoss: a pending delivery cannot be decoded
//   Threads     one owner
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/answered_page.h"
#include "daemon/deliver/dispatcher.h"
#include "daemon/tenure.h"
#include "escalation/v1/decision.pb.h"
#include "state/partition/turn.h"

namespace escalation {

class PageRelease {
 public:
  static constexpr Duration kHoldMax = Duration::Minutes(2);
  // A loop that stands still for longer may have lost its partition to another.
  static constexpr Duration kPauseMax = Duration::Seconds(4);

  struct World {
    const StateReader* state = nullptr;
    // May be null: nothing is delivered.
    Dispatcher* dispatcher = nullptr;
    std::function<Instant()> now;
  };
  // `severities`: by tenant, lowest first.
  PageRelease(Partition partition, std::map<std::string, std::vector<std::string>> severities,
              World world)
      : partition_(partition), severities_(std::move(severities)), world_(std::move(world)) {}

  // Decided by a record before `end`.
  void Hold(v1::Decision decision, Offset end);
  // Hands over what may leave now; `caught_up`: the log was read to its end.
  absl::Status Release(bool caught_up, const Tenure& tenure);
  // Hands over what the store says is pending: it may have been sent already.
  absl::Status ReleasePending();
  // Another instance delivers from here on.
  void Forget();

  size_t held() const { return held_.size(); }
  // Something waits for a record of the owner's own.
  bool WantsLease(const Tenure& tenure) const;

 private:
  struct Held {
    v1::Decision decision;
    Offset end;
    Instant since;
    enum class Sent { kNot, kPerhaps } sent = Sent::kNot;
    PendingPage pending;
    // A newer page of its run and route waits too.
    bool superseded = false;
  };

  // How many may leave, from the first on.
  size_t CountFree(bool caught_up, const Tenure& tenure) const;
  void MarkSuperseded(size_t count);
  void NoticePause();
  Delivery DeliveryOf(v1::Decision decision, bool maybe_sent, const PendingPage& pending) const;

  const Partition partition_;
  const std::map<std::string, std::vector<std::string>> severities_;
  const World world_;
  std::deque<Held> held_;
  Instant looked_ = Instant::Past();
};

}  // namespace escalation
