// state/policy/policy_checker.h
//
// One run of CheckPolicy: the names that exist, and the checks of each part. Used by policy_check
// only.
//
//   Input       a policy and its calendars, which outlive it
//   Output      problems, in the order in which the parts are checked
//   Invariants  1. each mistake is reported once, at the part where it is made
//   Time        none
//   Errors      none
//   Threads     not safe; one owner
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "state/policy/policy_check.h"

namespace escalation {

template <typename Parts>
std::vector<std::string> NamesOf(const Parts& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) names.push_back(part.name());
  return names;
}

// As it was written, where that is known.
inline std::string SpanText(const v1::Span& span) {
  return span.text().empty() ? ToText(Duration{span.ms()}) : span.text().substr(0, 32);
}

class PolicyChecker {
 public:
  PolicyChecker(const v1::Policy& policy, const v1::CalendarSet* calendars);
  std::vector<PolicyProblem> Run();

 private:
  // A part of the policy under check: what messages call it, and its path.
  struct Part {
    std::string where;
    std::string path;
  };
  using Names = std::vector<std::string>;

  // policy_check.cc
  void CheckSizes();
  void CheckTop();
  void CheckTimes();
  void CheckPermissions();
  void CheckLinks();
  void CheckWorkarounds();
  void CheckLevels();
  // policy_check_plans.cc
  void CheckPlans();
  void CheckTarget(const v1::Plan& plan, int index);
  void CheckWithin(const Part& part, const v1::Target& target);
  void CheckSpan(const Part& part, const v1::Span& within);
  void CheckWarnings(const Part& part,
                     const google::protobuf::RepeatedPtrField<v1::Warning>& warnings,
                     const v1::Span& within);
  void CheckCredits(const Part& part, const v1::Plan& plan);
  void CheckMetrics();
  // policy_check_intake.cc
  void CheckIntake();
  void CheckAnnouncements();
  void CheckUpdates();
  void CheckRules();
  void CheckPlanSetup();
  void CheckRedaction();
  void CheckChannels(const Part& part, const v1::Plan& plan);
  void CheckEntitlements(const Part& part, const v1::Plan& plan);
  // policy_check_escalations.cc
  void CheckEscalations();
  void CheckSteps(const v1::Escalation& escalation);
  void CheckRepeatAndHold(const Part& part, const v1::Escalation& escalation);
  void CheckTriggers();
  void CheckRoutes();
  void CheckCycles();

  // `key` empty: the part itself.
  void Add(const Part& part, std::string_view key, std::string_view text, std::string hint = "");
  void CheckName(const Part& part, std::string_view key, std::string_view name, size_t bytes_max);
  // True if `name` is among `names`; an empty one is not judged.
  bool CheckKnown(const Part& part, std::string_view key, std::string_view kind,
                  std::string_view name, const Names& names);
  void CheckCalendar(const Part& part, std::string_view key, std::string_view name,
                     const Names& words);
  void CheckLimit(const Part& part, std::string_view key, int size, int max);
  void CheckLength(const Part& part, std::string_view key, Duration length, Duration min,
                   Duration max);
  void CheckTexts(const Part& part, std::string_view key, const Names& texts);
  // Known, and none twice.
  void CheckSeverities(const Part& part, std::string_view key, const Names& severities);
  void CheckAllKnown(const Part& part, std::string_view key, std::string_view kind,
                     const Names& names, const Names& known);
  void CheckMatcher(const Part& part, const v1::Matcher& matcher);
  // The names of a list of parts: well formed, none twice. Their paths are list.NAME or
  // list[i].
  enum class Paths { kByName, kByIndex };
  void CheckNames(std::string_view kind, std::string_view list, const Names& names, Paths paths);
  void CheckDelayOf(const Part& part, const v1::Escalation& escalation, int index);

  const v1::Policy& policy_;
  const v1::CalendarSet* calendars_;
  std::vector<PolicyProblem> problems_;
  Names severities_;
  Names plans_;
  Names metrics_;
  Names escalations_;
  Names levels_;
  Names routes_;
  Names calendar_names_;
};

}  // namespace escalation
