// daemon/deliver/dispatch_item.h
//
// One delivery as the queue keeps it, and whose turn it is among several.
//
//   Output      values
//   Invariants  a page's operations agree in `page`; nothing else does
//   Time        as the queue counts it
//   Threads     values
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "daemon/deliver/delivery.h"
#include "state/base/instant.h"

namespace escalation {

// In the numbers of the queue's own requests, which no decision has.
inline constexpr uint64_t kDigestSeq = uint64_t{1} << 63;

struct DispatchItem {
  enum class Stage {
    kWaiting,   // For its turn.
    kInFlight,  // For a reply.
    kMarked,    // That it is in a digest is to be reported.
    kMarking,   // That is under way to the log.
    kRiding,    // Shares the fate of its digest's request.
    kSettled,   // Its outcome is to be reported.
    kReported,  // Its outcome is under way to the log.
    kStanding,  // Delivered, and known until its page is closed.
  };
  static constexpr size_t kStages = 8;
  // Nothing of its page leaves before it.
  bool IsUnsettled() const { return stage < Stage::kSettled; }

  DeliveryId id;
  Delivery delivery;
  PageOperation operation = v1::PageOutcome::TRIGGER;
  std::string page;   // Key and destination.
  std::string route;  // Its name.
  Stage stage = Stage::kWaiting;
  Instant enqueued;
  Instant not_before = Instant::Past();
  // When it has failed.
  Instant give_up_at = Instant::Never();
  int attempts = 0;
  int questions = 0;     // About the receipt.
  uint64_t attempt = 0;  // The one in flight.
  std::string group;     // That it goes to; empty: its route takes nothing.
  std::string reason;    // Of the last reply.
  bool maybe_sent = false;
  std::string kept_back;  // Why it does not leave, or not again; empty: it does.
  // The key of the digest that it is in, or that it is the request of; empty: none.
  std::string digest;
  // A request of a digest: how many of those in it the log does not know to be in it.
  size_t unmarked = 0;
  bool stands = false;  // It was delivered and may be renewed.
  bool ends = false;    // Its page was closed while its delivery was reported.
  v1::PageOutcome outcome;

  bool IsOfDigest() const { return (id.seq & kDigestSeq) != 0; }
};

// What is to be reported of it.
inline void SetOutcome(DispatchItem* item, v1::PageOutcome::Outcome outcome,
                       std::string_view reason) {
  item->not_before = Instant::Past();
  item->outcome.Clear();
  item->outcome.set_key(PageKeyOf(item->delivery.decision));
  // What surely went nowhere needs no close there.
  if (item->maybe_sent) item->outcome.set_destination(DestinationText(item->route, item->digest));
  item->outcome.set_outcome(outcome);
  item->outcome.set_reason(std::string(reason));
  item->outcome.set_attempts(item->attempts);
  item->outcome.set_operation(item->operation);
  item->outcome.set_decision_seq(item->delivery.decision.seq());
}

// The worst severity, then the oldest. Numbers of several partitions say nothing about each other's
// age.
struct DispatchTurn {
  int severity_rank = 0;
  Instant enqueued;
  DeliveryId id;

  friend bool operator<(const DispatchTurn& a, const DispatchTurn& b) {
    if (a.severity_rank != b.severity_rank) return a.severity_rank > b.severity_rank;
    if (a.enqueued != b.enqueued) return a.enqueued < b.enqueued;
    return a.id < b.id;
  }
};

}  // namespace escalation
