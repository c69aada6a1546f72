#include "state/policy/policy_check.h"

#include <algorithm>
#include <set>

#include "state/base/ids.h"
#include "state/base/text.h"
#include "state/policy/metrics.h"
#include "state/policy/policy_checker.h"
#include "state/policy/policy_names.h"
#include "state/policy/problems.h"

namespace escalation {
namespace {

constexpr size_t kPolicyBytesMax = 1024 * 1024;
constexpr Duration kLatenessMax = Duration::Days(366);
constexpr Duration kSourceHoldMax = Duration::Days(7);
constexpr Duration kForgetMin = Duration::Minutes(1);
constexpr Duration kForgetMax = Duration::Days(3660);

bool IsWebAddress(std::string_view url) {
  const bool scheme = url.substr(0, 8) == "https://" || url.substr(0, 7) == "http://";
  return scheme && std::all_of(url.begin(), url.end(),
                               [](char c) { return static_cast<unsigned char>(c) > 0x20; });
}

template <typename Texts>
std::vector<std::string> ToNames(const Texts& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

std::vector<PolicyProblem> CheckPolicy(const v1::Policy& policy, const v1::CalendarSet* calendars) {
  return PolicyChecker(policy, calendars).Run();
}

absl::Status PolicyStatus(const std::vector<PolicyProblem>& problems) {
  if (problems.empty()) return absl::OkStatus();
  std::string message;
  for (const PolicyProblem& problem : problems) {
    CatTo(&message, message.empty() ? "" : "\n", problem.path, problem.path.empty() ? "" : ": ",
          problem.text);
    if (!problem.hint.empty()) CatTo(&message, "\n  hint: ", problem.hint);
  }
  return absl::InvalidArgumentError(message);
}

PolicyChecker::PolicyChecker(const v1::Policy& policy, const v1::CalendarSet* calendars)
    : policy_(policy),
      calendars_(calendars),
      severities_(ToNames(policy.severities())),
      plans_(NamesOf(policy.plans())),
      metrics_(NamesOf(policy.metrics())),
      escalations_(NamesOf(policy.escalations())),
      levels_(NamesOf(policy.levels())),
      routes_(NamesOf(policy.routes())) {
  for (const v1::Metric& metric : BuiltInMetrics()) metrics_.push_back(metric.name());
  if (calendars != nullptr) calendar_names_ = NamesOf(calendars->calendars());
}

std::vector<PolicyProblem> PolicyChecker::Run() {
  CheckSizes();
  // Names are searched for in these lists, links are followed: not where they have no bounds.
  if (!problems_.empty()) return std::move(problems_);
  CheckTop();
  CheckTimes();
  CheckPermissions();
  CheckLinks();
  CheckPlans();
  CheckMetrics();
  CheckEscalations();
  CheckTriggers();
  CheckLevels();
  CheckRoutes();
  CheckCycles();
  CheckWorkarounds();
  CheckIntake();
  CheckAnnouncements();
  CheckUpdates();
  CheckRules();
  CheckPlanSetup();
  CheckRedaction();
  return std::move(problems_);
}

void PolicyChecker::CheckSizes() {
  const Part top;
  if (policy_.ByteSizeLong() > kPolicyBytesMax) {
    Add(top, "", Cat("the policy is too large, at most ", kPolicyBytesMax / 1024, " KiB"));
  }
  CheckLimit(top, "severities", policy_.severities_size(), kSeveritiesMax);
  CheckLimit(top, "plans", policy_.plans_size(), kPlansMax);
  CheckLimit(top, "metrics", policy_.metrics_size(), kMetricsMax);
  CheckLimit(top, "escalations", policy_.escalations_size(), kEscalationsMax);
  CheckLimit(top, "triggers", policy_.triggers_size(), kTriggersMax);
  CheckLimit(top, "levels", policy_.levels_size(), kLevelsMax);
  CheckLimit(top, "routes", policy_.routes_size(), kRoutesMax);
  CheckLimit(top, "links", policy_.links_size(), kLinksMax);
  CheckLimit({"time", "time"}, "sources", policy_.sources_size(), kSourcesMax);
  CheckLimit(top, "announce", policy_.announcements_size(), kAnnouncementsMax);
  CheckLimit(top, "updates", policy_.updates_size(), kUpdateTermsMax);
  CheckLimit(top, "rules", policy_.rules_size(), kRulesMax);
  CheckLimit(top, "workarounds", policy_.workaround_steps_size(), kSeveritiesMax);
}

void PolicyChecker::CheckTop() {
  const Part top;
  CheckName(top, "policy", policy_.name(), kNameBytesMax);
  CheckName(top, "tenant", policy_.tenant(), kTenantBytesMax);
  if (policy_.revision() < 1) {
    Add(top, "revision", Cat("\"revision\" must be 1 or more, got ", policy_.revision()));
  }
  if (severities_.empty()) Add(top, "severities", "\"severities\" must name at least one severity");
  CheckNames("severity", "severities", severities_, Paths::kByIndex);
  if (policy_.default_severity().empty() && !severities_.empty()) {
    Add(top, "default_severity", "\"default_severity\" is missing");
  }
  CheckKnown(top, "default_severity", "severity", policy_.default_severity(), severities_);
  if (plans_.empty()) Add(top, "plans", "\"plans\" must hold at least one plan");
  CheckKnown(top, "default_plan", "plan", policy_.default_plan(), plans_);
  CheckCalendar(top, "default_calendar", policy_.default_calendar(), {"always"});
  if (policy_.display_zone().size() > kNameBytesMax) {
    Add(top, "display_zone",
        Cat("\"display_zone\" is too long, at most ", kNameBytesMax, " bytes"));
  }
}

void PolicyChecker::CheckTimes() {
  const Part time{"time", "time"};
  CheckLength(time, "max_lateness", {policy_.max_lateness_ms()}, {}, kLatenessMax);
  CheckLength(time, "hold", {policy_.hold_ms()}, {}, kSourceHoldMax);
  CheckLength(time, "forget_after", {policy_.forget_after_ms()}, kForgetMin, kForgetMax);
  Names sources;
  for (const v1::SourceTime& source : policy_.sources()) {
    sources.push_back(source.source());
    const Part part{PartWhere("source", source.source()),
                    PartPath("time.sources", source.source())};
    CheckLength(part, "max_lateness", {source.max_lateness_ms()}, {}, kLatenessMax);
    CheckLength(part, "hold", {source.hold_ms()}, {}, kSourceHoldMax);
  }
  CheckNames("source", "time.sources", sources, Paths::kByName);
}

void PolicyChecker::CheckPermissions() {
  const Part part{"permissions", "permissions"};
  const v1::Permissions& permissions = policy_.permissions();
  CheckTexts(part, "set_severity", ToNames(permissions.set_severity()));
  CheckTexts(part, "downgrade", ToNames(permissions.downgrade()));
  CheckTexts(part, "access", ToNames(permissions.access()));
  CheckTexts(part, "follow", ToNames(permissions.follow()));
}

void PolicyChecker::CheckLinks() {
  Names names;
  for (const v1::Link& link : policy_.links()) {
    names.push_back(link.name());
    const Part part{PartWhere("link", link.name()), PartPath("links", link.name())};
    if (link.url().size() > kUrlBytesMax) {
      Add(part, "", Cat("the address is too long, at most ", kUrlBytesMax, " bytes"));
    } else if (!IsWebAddress(link.url())) {
      Add(part, "", Cat("not a web address: ", Quoted(link.url())),
          "write it such as https://support.example/tickets/{ticket_id}");
    }
  }
  CheckNames("link", "links", names, Paths::kByName);
}

void PolicyChecker::CheckWorkarounds() {
  const auto rank = [&](const std::string& severity) {
    return std::find(severities_.begin(), severities_.end(), severity) - severities_.begin();
  };
  std::set<std::string> seen;
  for (const v1::SeverityStep& step : policy_.workaround_steps()) {
    const Part part{"workarounds", PartPath("workarounds", step.from())};
    const bool known = CheckKnown(part, "", "severity", step.from(), severities_) &&
                       CheckKnown(part, "", "severity", step.to(), severities_);
    if (known && rank(step.to()) >= rank(step.from())) {
      Add(part, "",
          Cat("a workaround must lower the severity, got ", step.from(), ": ", step.to()));
    }
    if (!seen.insert(step.from()).second) {
      Add(part, "", Cat(Quoted(step.from()), " is given twice"));
    }
  }
}

void PolicyChecker::CheckLevels() {
  CheckNames("level", "levels", levels_, Paths::kByIndex);
  for (const v1::Level& level : policy_.levels()) {
    const Part part{PartWhere("level", level.name()), PartPath("levels", level.name())};
    CheckTexts(part, "requires", ToNames(level.required_fields()));
    CheckTexts(part, "requires_values", NamesOf(level.required_values()));
    CheckCalendar(part, "calendar", level.calendar(), {"always"});
    CheckAllKnown(part, "from", "level", ToNames(level.from()), levels_);
    CheckAllKnown(part, "plans", "plan", ToNames(level.plans()), plans_);
  }
}

void PolicyChecker::Add(const Part& part, std::string_view key, std::string_view text,
                        std::string hint) {
  std::string path = part.path;
  if (!key.empty()) CatTo(&path, path.empty() ? "" : ".", key);
  problems_.push_back({std::move(path),
                       part.where.empty() ? std::string(text) : Cat(part.where, ": ", text),
                       std::move(hint)});
}

void PolicyChecker::CheckName(const Part& part, std::string_view key, std::string_view name,
                              size_t bytes_max) {
  if (IsId(name, bytes_max)) return;
  Add(part, key,
      Cat(key.empty() ? std::string("the name") : Quoted(key), " must be 1 to ", bytes_max,
          " characters of A-Z a-z 0-9 . _ : -, got ", Quoted(name)));
}

void PolicyChecker::CheckNames(std::string_view kind, std::string_view list, const Names& names,
                               Paths paths) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    const Part part{PartWhere(kind, names[i]),
                    paths == Paths::kByName ? PartPath(list, names[i]) : Cat(list, "[", i, "]")};
    CheckName(part, "", names[i], kNameBytesMax);
    if (!seen.insert(names[i]).second) Add(part, "", "the name is given twice");
  }
}

bool PolicyChecker::CheckKnown(const Part& part, std::string_view key, std::string_view kind,
                               std::string_view name, const Names& names) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return true;
  Add(part, key,
      Cat(key.empty() ? "" : Quoted(key) + " names an ", "unknown ", kind, " ", Quoted(name)),
      names.empty() ? Cat("the policy has no ", kind == "severity" ? "severitie" : kind, "s")
                    : HintOf(name, names, "known:"));
  return false;
}

void PolicyChecker::CheckCalendar(const Part& part, std::string_view key, std::string_view name,
                                  const Names& words) {
  if (calendars_ == nullptr) return;
  Names names = calendar_names_;
  names.insert(names.end(), words.begin(), words.end());
  CheckKnown(part, key, "calendar", name, names);
}

void PolicyChecker::CheckLimit(const Part& part, std::string_view key, int size, int max) {
  if (size <= max) return;
  Add(part, key, Cat(Quoted(key), " must hold at most ", max, ", got ", size));
}

void PolicyChecker::CheckLength(const Part& part, std::string_view key, Duration length,
                                Duration min, Duration max) {
  if (length >= min && length <= max) return;
  Add(part, key, Cat(Quoted(key), " must be from ", min, " to ", max, ", got ", ToText(length)));
}

void PolicyChecker::CheckTexts(const Part& part, std::string_view key, const Names& texts) {
  CheckLimit(part, key, static_cast<int>(texts.size()), kListMax);
  std::set<std::string_view> seen;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string item = Cat(key, "[", i, "]");
    if (texts[i].empty() || texts[i].size() > kTextBytesMax) {
      Add(part, item,
          Cat(Quoted(key), " must hold texts of 1 to ", kTextBytesMax, " bytes, got ",
              texts[i].size()));
    } else if (!seen.insert(texts[i]).second) {
      Add(part, item, Cat(Quoted(key), " names ", Quoted(texts[i]), " twice"));
    }
  }
}

void PolicyChecker::CheckSeverities(const Part& part, std::string_view key,
                                    const Names& severities) {
  CheckAllKnown(part, key, "severity", severities, severities_);
}

void PolicyChecker::CheckAllKnown(const Part& part, std::string_view key, std::string_view kind,
                                  const Names& names, const Names& known) {
  CheckTexts(part, key, names);
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(known.begin(), known.end(), names[i]) != known.end()) continue;
    Add(part, Cat(key, "[", i, "]"),
        Cat(Quoted(key), " names an unknown ", kind, " ", Quoted(names[i])),
        known.empty() ? Cat("the policy has no ", kind, "s") : HintOf(names[i], known, "known:"));
  }
}

void PolicyChecker::CheckMatcher(const Part& part, const v1::Matcher& matcher) {
  const Part when{Cat(part.where, ", when"), Cat(part.path, ".when")};
  CheckTexts(when, "tags", ToNames(matcher.tags()));
  CheckTexts(when, "fields", NamesOf(matcher.fields()));
  CheckTexts(when, "entitlements", ToNames(matcher.entitlements()));
  CheckTexts(when, "without_entitlements", ToNames(matcher.without_entitlements()));
  CheckTexts(when, "topics", ToNames(matcher.topics()));
  CheckTexts(when, "channels", ToNames(matcher.channels()));
  CheckTexts(when, "groups", ToNames(matcher.groups()));
  CheckTexts(when, "other_than_topics", ToNames(matcher.other_than_topics()));
  CheckAllKnown(when, "levels", "level", ToNames(matcher.levels()), levels_);
  CheckAllKnown(when, "plans", "plan", ToNames(matcher.plans()), plans_);
}

}  // namespace escalation
