#include <set>

#include "state/base/text.h"
#include "state/policy/metrics.h"
#include "state/policy/policy_checker.h"
#include "state/policy/policy_names.h"
#include "state/policy/span.h"

namespace escalation {
namespace {

// "75%", "12.5%"
std::string PercentText(int32_t basis_points) {
  std::string text = Cat(basis_points / 100);
  const int32_t rest = basis_points % 100;
  if (rest > 0) CatTo(&text, ".", rest / 10, rest % 10 > 0 ? Cat(rest % 10) : "");
  return text + "%";
}

std::string WarningText(const v1::Warning& warning) {
  return warning.before_ms() != 0 ? ToText(Duration{-warning.before_ms()})
                                  : PercentText(warning.used_bp());
}

}  // namespace

void PolicyChecker::CheckPlans() {
  CheckNames("plan", "plans", plans_, Paths::kByName);
  for (const v1::Plan& plan : policy_.plans()) {
    const Part part{PartWhere("plan", plan.name()), PartPath("plans", plan.name())};
    CheckCalendar(part, "calendar", plan.calendar(), {"always"});
    CheckKnown(part, "severity_ceiling", "severity", plan.severity_ceiling(), severities_);
    CheckLimit(part, "targets", plan.targets_size(), kTargetsMax);
    CheckChannels(part, plan);
    CheckEntitlements(part, plan);
    if (plan.hint().size() > 2 * kTextBytesMax) {
      Add(part, "hint", Cat("\"hint\" is too long, at most ", 2 * kTextBytesMax, " bytes"));
    }
    if (plan.no_tickets() && plan.targets_size() > 0) {
      Add(part, "targets",
          "a plan with \"tickets: none\" has no clocks, so it can have no targets");
    }
    std::set<std::string_view> seen;
    for (int i = 0; i < plan.targets_size(); ++i) {
      CheckTarget(plan, i);
      if (!plan.targets(i).name().empty() && !seen.insert(plan.targets(i).name()).second) {
        Add({TargetWhere(plan.name(), plan.targets(i).name(), i),
             ItemPath(part.path, "targets", i)},
            "name", "the name is given twice in this plan");
      }
    }
    CheckCredits(part, plan);
  }
}

void PolicyChecker::CheckCredits(const Part& part, const v1::Plan& plan) {
  CheckLimit(part, "credits", plan.credits_size(), kCreditsMax);
  const Names targets = NamesOf(plan.targets());
  for (int i = 0; i < plan.credits_size(); ++i) {
    const v1::CreditTerms& terms = plan.credits(i);
    const Part one{Cat(part.where, ", credit ", i + 1), ItemPath(part.path, "credits", i)};
    for (const auto& [key, share] : {std::pair{"attainment_below", terms.below_bp()},
                                     std::pair{"credit", terms.credit_bp()}}) {
      if (share >= 1 && share <= 10'000) continue;
      Add(one, key, Cat(Quoted(key), " must be from 0.01% to 100%, got ", PercentText(share)));
    }
    CheckAllKnown(one, "targets", "target", Names(terms.targets().begin(), terms.targets().end()),
                  targets);
  }
}

void PolicyChecker::CheckTarget(const v1::Plan& plan, int index) {
  const v1::Target& target = plan.targets(index);
  const Part part{TargetWhere(plan.name(), target.name(), index),
                  ItemPath(PartPath("plans", plan.name()), "targets", index)};
  CheckName(part, "name", target.name(), kNameBytesMax);
  if (target.metric().empty()) Add(part, "metric", "\"metric\" is missing");
  if (CheckKnown(part, "metric", "metric", target.metric(), metrics_)) CheckWithin(part, target);
  CheckSeverities(part, "severity", Names(target.severities().begin(), target.severities().end()));
  CheckMatcher(part, target.when());
  CheckCalendar(part, "calendar", target.calendar(), {"always", "account"});
  CheckWarnings(part, target.warn_at(), target.within());
  CheckKnown(part, "warned", "escalation", target.on_warned(), escalations_);
  CheckKnown(part, "breached", "escalation", target.on_breached(), escalations_);
  if (!target.on_warned().empty() && target.warn_at().empty()) {
    Add(part, "warned", "\"warned\" needs \"warn_at\"", "write warn_at: [75%]");
  }
  if (target.set().size() > kTextBytesMax) {
    Add(part, "set", Cat("\"set\" is too long, at most ", kTextBytesMax, " bytes"));
  }
  if (target.due_field().size() > kTextBytesMax) {
    Add(part, "due_field", Cat("\"due_field\" is too long, at most ", kTextBytesMax, " bytes"));
  }
}

void PolicyChecker::CheckWithin(const Part& part, const v1::Target& target) {
  const v1::Metric* metric = nullptr;
  for (const v1::Metric& own : policy_.metrics()) {
    if (own.name() == target.metric()) metric = &own;
  }
  if (metric == nullptr) metric = FindBuiltInMetric(target.metric());
  const bool explicit_due = metric != nullptr && metric->explicit_due();
  if (!explicit_due && !target.due_field().empty()) {
    Add(part, "due_field",
        Cat("\"due_field\" is for explicit deadlines, the metric is ", Quoted(target.metric())),
        "write metric: deadline");
  }
  const v1::Span& within = target.within();
  if (within.text().empty() && within.ms() == 0 && within.business_days() == 0) {
    if (!explicit_due) Add(part, "within", "\"within\" is missing");
    return;
  }
  CheckSpan(part, within);
}

void PolicyChecker::CheckSpan(const Part& part, const v1::Span& within) {
  const bool days =
      within.ms() == 0 && (within.business_days() != 0 || within.text().ends_with("bd"));
  if (days) {
    if (within.business_days() < 1 || within.business_days() > kBusinessDaysMax) {
      Add(part, "within",
          Cat("\"within\" must be 1bd to ", kBusinessDaysMax, "bd, got ", within.business_days(),
              "bd"));
    }
    return;
  }
  const Duration length{within.ms()};
  if (length.ms <= 0) {
    Add(part, "within", Cat("\"within\" must be above 0, got ", SpanText(within)));
  } else if (length > kWithinMax) {
    Add(part, "within", Cat("\"within\" must be at most ", kWithinMax, ", got ", SpanText(within)));
  }
  if (within.reading() != v1::Span::HOURS) {
    Add(part, "reading", Cat("\"reading\" is for business days, \"within\" is ", SpanText(within)),
        "write within: 1bd, or remove the reading");
  }
}

void PolicyChecker::CheckWarnings(const Part& part,
                                  const google::protobuf::RepeatedPtrField<v1::Warning>& warnings,
                                  const v1::Span& within) {
  CheckLimit(part, "warn_at", warnings.size(), kWarningsMax);
  std::set<std::string> seen;
  for (int i = 0; i < warnings.size(); ++i) {
    const v1::Warning& warning = warnings.Get(i);
    const std::string key = Cat("warn_at[", i, "]");
    const std::string text = WarningText(warning);
    if (warning.before_ms() == 0 && (warning.used_bp() < 1 || warning.used_bp() > 9999)) {
      Add(part, key, Cat("\"warn_at\" must be from 0.01% to 99.99%, got ", text));
    } else if (warning.before_ms() < 0 || (warning.before_ms() > 0 && warning.used_bp() != 0)) {
      Add(part, key, "\"warn_at\" must be a share of the target or a time before it is due");
    } else if (warning.before_ms() > 0 && within.ms() > 0 && warning.before_ms() >= within.ms()) {
      Add(part, key,
          Cat("\"warn_at\" must lie within the target's ", SpanText(within), ", got ", text));
    }
    if (!seen.insert(text).second) Add(part, key, Cat("\"warn_at\" holds ", text, " twice"));
  }
}

void PolicyChecker::CheckMetrics() {
  CheckNames("metric", "metrics", NamesOf(policy_.metrics()), Paths::kByName);
  for (const v1::Metric& metric : policy_.metrics()) {
    const Part part{PartWhere("metric", metric.name()), PartPath("metrics", metric.name())};
    if (metric.start().empty() && !metric.explicit_due()) {
      Add(part, "start", "the metric never starts", "write such as start: [opened]");
    }
    if (metric.stop().empty() && metric.cancel().empty()) {
      Add(part, "stop", "the metric never stops", "write such as stop: [resolved]");
    }
    for (const auto* facts : {&metric.start(), &metric.stop(), &metric.cancel()}) {
      for (const int fact : *facts) {
        if (fact < v1::Metric::OPENED || fact >= v1::Metric::WHILE_PENDING) {
          Add(part, "", Cat("a lasting or unknown fact starts, stops or cancels it: ", fact));
        }
      }
    }
    for (const int fact : metric.pause_while()) {
      if (fact < v1::Metric::WHILE_PENDING) {
        Add(part, "pause", Cat("a momentary or unknown fact pauses it: ", fact));
      }
    }
  }
}

}  // namespace escalation
