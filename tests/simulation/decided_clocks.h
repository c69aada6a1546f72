// tests/simulation/decided_clocks.h
//
// What a stream of decisions says of the clocks, net of retractions and amendments; and where it
// differs from what the reference model expects.
//
//   Input       decisions in order of seq; the model
//   Output      one line for each difference, for people; none: they agree
//   Invariants  1. a difference names the ticket, the metric, the cycle, both values
//   Time        that of the decisions
//   Errors      as differences: a decision about an unknown promise is one
//   Threads     one owner
#pragma once

#include <map>
#include <string>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "tests/simulation/reference_model.h"

namespace escalation::simulation {

class DecidedClocks {
 public:
  // Borrows `model`, which knows the promises by name.
  explicit DecidedClocks(const ReferenceModel* model) : model_(*model) {}

  void Add(const v1::Decision& decision);
  // What is decided differs from what the model expects.
  std::vector<std::string> Differences() const;

 private:
  template <typename Body>
  CycleOutcome* Find(const v1::Decision& decision, const Body& body);
  void Amend(const v1::Decision& decision, const v1::ClockAmended& amended);
  void Compare(const CycleKey& key, const CycleOutcome& expected, const CycleOutcome& decided,
               std::vector<std::string>* out) const;

  const ReferenceModel& model_;
  std::map<CycleKey, CycleOutcome> clocks_;
  std::vector<std::string> problems_;
};

}  // namespace escalation::simulation
