// ops/shadow_ledger.h
//
// Two clocks beside each other: what escalationd decided of a promise, and what the helpdesk's own
// SLA says of it, where its events are mapped too.
//
//   A mapping tells what the helpdesk says in a field of the ticket, "helpdesk_sla.METRIC", whose
//   value is "met", "breached" or "due", and may name the moment: "due 2026-03-10T12:00:00Z".
//
//   Input       events of the log; decisions, in order
//   Output      where the two differ, sorted by tenant, ticket and metric
//   Invariants  1. a promise of which the helpdesk says nothing is no difference
//               2. a breach that was retracted is none
//   Errors      values that cannot be read are counted, and the first one is kept
//   Threads     one owner
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation {

inline constexpr char kShadowFieldPrefix[] = "helpdesk_sla.";

struct ShadowDifference {
  enum class Kind {
    // We decided a breach, the helpdesk did not.
    kOursOnly,
    kTheirsOnly,
    // Both have a due moment, and they are too far apart.
    kDueDiffers,
    // The helpdesk measures what our policy does not promise.
    kNoClock,
  };
  Kind kind = Kind::kOursOnly;
  std::string tenant;
  std::string ticket_id;
  std::string metric;
  // "met", "breached", "due"; ours also "paused", "cancelled" and "none".
  std::string ours;
  std::string theirs;
  std::optional<Instant> our_due;
  std::optional<Instant> their_due;
};

// "ours_only", "theirs_only", "due_differs", "no_clock".
std::string ToWord(ShadowDifference::Kind kind);

class ShadowLedger {
 public:
  void Add(const v1::Event& event);
  void Add(const v1::Decision& decision);

  // `tolerance`: due moments this close agree.
  std::vector<ShadowDifference> Differences(Duration tolerance) const;

  // Promises of which the helpdesk says something.
  int64_t compared() const { return static_cast<int64_t>(theirs_.size()); }
  int64_t unreadable() const { return unreadable_; }
  const std::string& first_unreadable() const { return first_unreadable_; }

 private:
  // Tenant, ticket, metric.
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Theirs {
    bool breached = false;
    std::string word;
    std::optional<Instant> due;
  };
  // A target's cycle: an internal and a public promise are two.
  struct Ours {
    bool breached = false;
    std::string word;
    std::optional<Instant> due;
  };

  void TakeField(const v1::Event& event, const v1::Field& field);

  std::map<Key, Theirs> theirs_;
  std::map<Key, std::map<std::pair<std::string, int32_t>, Ours>> ours_;
  int64_t unreadable_ = 0;
  std::string first_unreadable_;
};

}  // namespace escalation
