// tests/state/partition/random_history.h
//
// Random but repeatable histories of a support organization: the same seed gives the same records.
//
//   Input       a seed; decisions as they come, so that pages are acknowledged and settled
//   Output      records with rising log times, some late, some twice, some about unknown things
//   Threads     one owner
#pragma once

#include <random>
#include <string>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"

namespace escalation::testing {

class RandomHistory {
 public:
  explicit RandomHistory(uint64_t seed);

  // Policy and calendars first, then whatever chance brings.
  FoldRecord Next();
  // Remembers pages for later acknowledgements and outcomes.
  void Saw(const std::vector<v1::Decision>& decisions);

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(int percent) { return Below(100) < static_cast<uint64_t>(percent); }
  template <typename List>
  const auto& OneOf(const List& list) {
    return list[Below(list.size())];
  }
  FoldRecord Append(v1::Event event);
  v1::Event TicketEvent();
  void FillBody(v1::Event* event);
  v1::Event PageEvent();
  v1::Event Publication();
  // What a person asks for: mutes, snoozes, stops, pages.
  v1::Event ByHand();
  v1::Event Mute();
  v1::Scope Scope();
  v1::Event Account();
  // A request, an activation, a use, somebody who follows, or a shift.
  v1::Event AccountRecord();

  std::mt19937_64 random_;
  LoadedPolicy loaded_;
  int64_t offset_ = 0;
  Instant now_;
  int events_ = 0;
  int64_t policy_revision_ = 0;
  int64_t calendars_revision_ = 0;
  std::vector<v1::Decision> pages_;
  std::vector<v1::Event> sent_;
};

}  // namespace escalation::testing
