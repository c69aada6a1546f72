#include <set>

#include "state/base/text.h"
#include "state/policy/policy_checker.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

constexpr Duration kLeadMax = Duration::Days(366);

template <typename Texts>
std::vector<std::string> ToNames(const Texts& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

void PolicyChecker::CheckIntake() {
  CheckTexts({"intake", "intake"}, "requires", ToNames(policy_.intake().required()));
  CheckTexts({}, "resolution_reasons", ToNames(policy_.resolution_reasons()));
  if (policy_.default_channel().size() > kTextBytesMax) {
    Add({}, "default_channel",
        Cat("\"default_channel\" is too long, at most ", kTextBytesMax, " bytes"));
  }
}

void PolicyChecker::CheckAnnouncements() {
  for (int i = 0; i < policy_.announcements_size(); ++i) {
    const v1::Announcement& announcement = policy_.announcements(i);
    const Part part{Cat("announcement ", i + 1), Cat("announce[", i, "]")};
    if (announcement.on().empty()) {
      Add(part, "on", "\"on\" is missing", "say what is announced, such as on: [agent_message]");
    }
    if (!announcement.requester() && !announcement.participants() && !announcement.followers()) {
      Add(part, "to", "\"to\" is missing", "say who is told, such as to: [participants]");
    }
    CheckMatcher(part, announcement.when());
  }
}

void PolicyChecker::CheckUpdates() {
  for (int i = 0; i < policy_.updates_size(); ++i) {
    const v1::UpdateTerms& terms = policy_.updates(i);
    const Part part{Cat("update ", i + 1), Cat("updates[", i, "]")};
    CheckSeverities(part, "severity", ToNames(terms.severities()));
    if (!terms.next_steps() && !terms.next_follow_up_at()) {
      Add(part, "requires", "\"requires\" is missing",
          "write requires: [next_steps, next_follow_up_at], or one of them");
    }
  }
}

void PolicyChecker::CheckRules() {
  CheckNames("rule", "rules", NamesOf(policy_.rules()), Paths::kByIndex);
  for (int i = 0; i < policy_.rules_size(); ++i) {
    const v1::Rule& rule = policy_.rules(i);
    const Part part{PartWhere("rule", rule.name()), Cat("rules[", i, "]")};
    CheckMatcher(part, rule.when());
    if (!rule.has_when()) {
      Add(part, "when", "\"when\" is missing", "a rule for all tickets belongs to the plan");
    }
    if (rule.flag().empty() && rule.group().empty() && rule.level().empty() &&
        rule.severity().empty()) {
      Add(part, "", "nothing follows from it", "give it a flag, group, level or severity");
    }
    if (!rule.flag().empty()) CheckName(part, "flag", rule.flag(), kNameBytesMax);
    if (!rule.hint().empty() && rule.flag().empty()) {
      Add(part, "hint", "\"hint\" is shown with a \"flag\"");
    }
    if (rule.hint().size() > 2 * kTextBytesMax || rule.group().size() > kTextBytesMax) {
      Add(part, "",
          Cat("\"hint\" has at most ", 2 * kTextBytesMax, " bytes, \"group\" ", kTextBytesMax));
    }
    CheckKnown(part, "level", "level", rule.level(), levels_);
    CheckKnown(part, "severity", "severity", rule.severity(), severities_);
  }
}

void PolicyChecker::CheckPlanSetup() {
  if (!policy_.has_plan_setup()) return;
  const v1::PlanSetup& setup = policy_.plan_setup();
  const Part part{"plan_setup", "plan_setup"};
  CheckName(part, "target", setup.target(), kNameBytesMax);
  CheckSpan(part, setup.within());
  CheckWarnings(part, setup.warn_at(), setup.within());
  CheckCalendar(part, "calendar", setup.calendar(), {"always"});
  CheckLimit(part, "notify", setup.notify_size(), kStepNotifiedMax);
  CheckTexts(part, "notify", ToNames(setup.notify()));
}

void PolicyChecker::CheckRedaction() {
  const Part part{"redact", "redact"};
  CheckTexts(part, "urls", ToNames(policy_.redaction().urls()));
  CheckTexts(part, "patterns", ToNames(policy_.redaction().patterns()));
  CheckTexts(part, "paths", ToNames(policy_.redaction().paths()));
}

void PolicyChecker::CheckChannels(const Part& part, const v1::Plan& plan) {
  CheckLimit(part, "channels", plan.channels_size(), kListMax);
  std::set<std::string_view> seen;
  for (int i = 0; i < plan.channels_size(); ++i) {
    const v1::PlanChannel& channel = plan.channels(i);
    const std::string key = Cat("channels[", i, "]");
    if (channel.name().empty() || channel.name().size() > kTextBytesMax ||
        channel.entitlement().size() > kTextBytesMax) {
      Add(part, key, Cat("\"channels\" must hold names of 1 to ", kTextBytesMax, " bytes"));
    } else if (!seen.insert(channel.name()).second) {
      Add(part, key, Cat("\"channels\" names ", Quoted(channel.name()), " twice"));
    }
  }
}

void PolicyChecker::CheckEntitlements(const Part& part, const v1::Plan& plan) {
  CheckLimit(part, "entitlements", plan.entitlements_size(), kEntitlementsMax);
  std::set<std::string_view> seen;
  for (const v1::EntitlementTerms& terms : plan.entitlements()) {
    const Part one{Cat(part.where, ", entitlement ", Quoted(terms.name())),
                   Cat(part.path, ".entitlements.", terms.name())};
    CheckName(one, "", terms.name(), kNameBytesMax);
    if (!seen.insert(terms.name()).second) Add(one, "", "the name is given twice");
    if (terms.per_year() < 0) Add(one, "per_year", "\"per_year\" must be 1 or more");
    CheckLength(one, "lead", {terms.lead_ms()}, {}, kLeadMax);
    CheckLength(one, "longest", {terms.longest_ms()}, {}, kLeadMax);
  }
  if (plan.minimum_term_months() < 0 || plan.minimum_term_months() > kTermMonthsMax) {
    Add(part, "minimum_term_months",
        Cat("\"minimum_term_months\" must be from 1 to ", kTermMonthsMax, ", got ",
            plan.minimum_term_months()));
  }
}

}  // namespace escalation
