// tests/state/partition/policy_history.h
//
// Random but repeatable histories in the words of any policy: its severities, plans, tags, topics,
// fields, levels, roles, entitlements and routes, and a word of each kind that it does not know.
//
//   Input       a policy file and a seed; decisions as they come, so that pages are acknowledged
//               and settled
//   Output      records of every kind that people and helpdesks write, with rising log times,
//               some late
//   Threads     one owner
#pragma once

#include <random>
#include <string>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"

namespace escalation::testing {

class PolicyHistory {
 public:
  PolicyHistory(const std::string& policy_file, uint64_t seed);

  // Calendars and policy first, then whatever chance brings.
  FoldRecord Next();
  void Saw(const std::vector<v1::Decision>& decisions);

 private:
  using Words = std::vector<std::string>;

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(int percent) { return Below(100) < static_cast<uint64_t>(percent); }
  const std::string& OneOf(const Words& words) { return words[Below(words.size())]; }
  Instant Around(Duration reach);
  std::string Ticket() { return "T-" + std::to_string(Below(16)); }

  void Learn();
  void LearnMatcher(const v1::Matcher& matcher);
  FoldRecord Append(v1::Event event);
  v1::Event Publication();
  v1::Event PageEvent();
  v1::Event TicketEvent();
  void FillActor(v1::Actor* actor);
  void FillTicketBody(v1::Event* event);
  void FillRareBody(v1::Event* event);
  void FillOpened(v1::Opened* opened);
  void FillField(v1::Field* field);
  v1::Event AccountEvent();
  void FillAccount(v1::AccountChanged* changed);

  std::mt19937_64 random_;
  LoadedPolicy loaded_;
  int64_t offset_ = 0;
  Instant now_;
  int64_t revision_ = 0;
  std::vector<v1::Decision> pages_;
  Words severities_, plans_, tags_, topics_, channels_, groups_, levels_, fields_, values_,
      due_fields_;
  Words roles_, tokens_, escalations_, routes_, targets_, entitlements_, calendars_;
};

}  // namespace escalation::testing
