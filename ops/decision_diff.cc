#include "ops/decision_diff.h"

#include "state/base/instant.h"
#include "state/partition/decision_text.h"

namespace escalation {

void DecisionDiff::Add(const v1::Decision& decision, int step) {
  surplus_[{FromProto(decision.at()).ms, DecisionText(decision)}] += step;
  const auto* const field =
      v1::Decision::descriptor()->FindFieldByNumber(static_cast<int>(decision.body_case()));
  Kind& kind = kinds_[field == nullptr ? "none" : field->name()];
  ++(step < 0 ? kind.before : kind.after);
}

void DecisionDiff::PrintLines(std::ostream& out) const {
  for (const auto& [line, surplus] : surplus_) {
    for (int64_t i = 0; i < (surplus < 0 ? -surplus : surplus); ++i) {
      out << (surplus < 0 ? "- " : "+ ") << line.second << "\n";
    }
  }
}

void DecisionDiff::PrintCounts(std::ostream& out) const {
  for (const auto& [name, kind] : kinds_) {
    if (kind.before == kind.after) continue;
    out << name << " " << kind.before << " -> " << kind.after << "\n";
  }
}

}  // namespace escalation
