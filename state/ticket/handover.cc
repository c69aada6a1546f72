#include "state/ticket/handover.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/ticket/facts.h"
#include "state/ticket/sorted_list.h"

namespace escalation {
namespace {

bool HasField(const v1::TicketFacts& facts, const std::string& name) {
  if (name == "description") return facts.description_length() > 0;
  return !FieldValue(facts, name).empty();
}

void AddMissing(const v1::Level& level, const v1::TicketFacts& facts,
                v1::HandoverRejected* rejected) {
  if (!IsForPlan(level, facts.plan())) {
    rejected->add_missing("plan");
    return;
  }
  for (const std::string& field : level.required_fields()) {
    if (!HasField(facts, field)) rejected->add_missing(field);
  }
  const bool from_there = level.from().empty() || Holds(level.from(), facts.level());
  if (!from_there && level.required_values().empty()) rejected->add_missing("level");
  for (const v1::FieldEquals& required : level.required_values()) {
    const auto& found = facts.fields_at_level();
    const bool here = std::binary_search(found.begin(), found.end(), required.name());
    if (!from_there || !here || FieldValue(facts, required.name()) != required.value()) {
      rejected->add_missing(required.name());
    }
  }
}

void Enter(const v1::Level& level, const std::string& rule, v1::TicketFacts* facts,
           FactChange* change) {
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_cause()->set_rule(rule);
  note.mutable_handover_accepted()->set_level(level.name());
  note.mutable_handover_accepted()->set_from(facts->level());
  change->facts |= Bit(v1::Metric::LEVEL_LEFT) | Bit(v1::Metric::HANDOVER_ACCEPTED);
  Happened(v1::Announcement::LEVEL, change);
  Retarget("level", change);
  facts->set_level(level.name());
  facts->clear_fields_at_level();
}

void Reject(const v1::HandoverRejected& rejected, const std::string& rule, FactChange* change) {
  v1::Decision& note = change->notes.emplace_back();
  note.mutable_cause()->set_rule(rule);
  *note.mutable_handover_rejected() = rejected;
}

}  // namespace

bool IsForPlan(const v1::Level& level, const std::string& plan) {
  return level.plans().empty() || Holds(level.plans(), plan);
}

const v1::Level* LevelOfStep(const CompiledPolicy& policy, const v1::Step& step,
                             const v1::TicketFacts& facts) {
  const v1::Level* const level = step.level().empty() ? nullptr : policy.FindLevel(step.level());
  return level != nullptr && IsForPlan(*level, facts.plan()) ? level : nullptr;
}

void RequestHandover(const CompiledPolicy& policy, const std::string& name, v1::TicketFacts* facts,
                     FactChange* change) {
  const v1::Level* const level = policy.FindLevel(name);
  if (level == nullptr) {
    AddFlag("unknown_level", Cat("level \"", name, "\" is not in the policy"), "", change);
    return;
  }
  if (level->name() == facts->level()) return;
  v1::HandoverRejected rejected;
  rejected.set_level(level->name());
  AddMissing(*level, *facts, &rejected);
  if (rejected.missing().empty()) {
    Enter(*level, level->path(), facts, change);
  } else {
    Reject(rejected, level->path(), change);
  }
}

bool EnterLevel(const v1::Level& level, const std::string& rule, v1::TicketFacts* facts,
                FactChange* change) {
  if (level.name() == facts->level()) return false;
  if (IsForPlan(level, facts->plan())) {
    Enter(level, rule, facts, change);
    return true;
  }
  v1::HandoverRejected rejected;
  rejected.set_level(level.name());
  rejected.add_missing("plan");
  Reject(rejected, rule, change);
  return false;
}

}  // namespace escalation
