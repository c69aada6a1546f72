// ops/decision_diff.h
//
// How two runs of decisions differ: what only the first decided, what only the second did.
//
//   Input       decisions of each run, in any order
//   Output      lines in order of their moments: "- ..." only before, "+ ..." only after; counts by
//   kind Invariants  1. ids, positions and log times do not count: only what was decided, about
//   what, and when it holds Threads     one owner
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "escalation/v1/decision.pb.h"

namespace escalation {

class DecisionDiff {
 public:
  void AddBefore(const v1::Decision& decision) { Add(decision, -1); }
  void AddAfter(const v1::Decision& decision) { Add(decision, 1); }

  void PrintLines(std::ostream& out) const;
  // "clock_breached 12 -> 7", one line for each kind whose count changed.
  void PrintCounts(std::ostream& out) const;

 private:
  struct Kind {
    int64_t before = 0;
    int64_t after = 0;
  };

  void Add(const v1::Decision& decision, int step);

  // By moment and text: how many more there are after than before.
  std::map<std::pair<int64_t, std::string>, int64_t> surplus_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace escalation
