// state/policy/policy_walk.h
//
// The parts of the policy language: each function reads one key of the file into the policy. Used
// by the loader only.
//
//   Input       the file's top map
//   Output      messages of policy.proto, with `path` set; defaults of the language filled in
//   Invariants  1. only form is judged here (kinds, words, durations); what the whole must satisfy
//                  is CheckPolicy's
//   Time        none
//   Errors      in the walk's Problems
//   Threads     not safe; one owner
#pragma once

#include <string>
#include <vector>

#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/policy/yaml_reader.h"

namespace escalation {

void WalkPlans(YamlMap& top, v1::Policy* policy);
void WalkMetrics(YamlMap& top, v1::Policy* policy);
void WalkEscalations(YamlMap& top, v1::Policy* policy);
void WalkTriggers(YamlMap& top, v1::Policy* policy);
void WalkLevels(YamlMap& top, v1::Policy* policy);
void WalkRoutes(YamlMap& top, v1::Policy* policy);
void WalkIntake(YamlMap& top, v1::Policy* policy);
void WalkAnnouncements(YamlMap& top, v1::Policy* policy);
void WalkUpdates(YamlMap& top, v1::Policy* policy);
void WalkRules(YamlMap& top, v1::Policy* policy);
void WalkPlanSetup(YamlMap& top, v1::Policy* policy);
void WalkRedaction(YamlMap& top, v1::Policy* policy);

// Files named in the policy are relative to `folder`.
std::vector<v1::CalendarDefinition> WalkCalendars(YamlMap& top, const std::string& folder);

// `when:`, if there is one.
void WalkMatcher(YamlMap& map, v1::Matcher* matcher);
// A duration or business days such as "2bd" under `key`; false: absent or malformed.
bool WalkSpan(YamlMap& map, std::string_view key, Need need, v1::Span* span);
// `reading:` of business days.
void WalkReading(YamlMap& map, v1::Span* span);
// `warn_at:`.
void WalkWarnings(YamlMap& map, google::protobuf::RepeatedPtrField<v1::Warning>* warnings);
// `pause:`, `while:` ... : lasting facts. Start, stop, cancel: momentary facts.
const std::vector<Choice>& LastingFacts();
const std::vector<Choice>& MomentaryFacts();

template <typename Repeated>
void Assign(const std::vector<std::string>& texts, Repeated* out) {
  for (const std::string& text : texts) out->Add()->assign(text);
}

}  // namespace escalation
