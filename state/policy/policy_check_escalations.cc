#include <algorithm>
#include <functional>
#include <set>

#include "state/base/text.h"
#include "state/policy/policy_checker.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

constexpr int kRepeatTimesMax = 100;
constexpr int kPagesMax = 10'000;
constexpr size_t kTokenBytesMax = 64;

bool IsToken(std::string_view token) {
  if (token.size() < 2 || token.size() > kTokenBytesMax || token.front() != '#') return false;
  return std::all_of(token.begin() + 1, token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// The names from `from` back to it, empty if they do not lead back. `next` gives an empty name at
// the end.
std::vector<std::string> CycleFrom(const std::string& from, size_t steps_max,
                                   const std::function<std::string(const std::string&)>& next) {
  std::vector<std::string> names = {from};
  while (names.size() <= steps_max) {
    names.push_back(next(names.back()));
    if (names.back().empty()) return {};
    if (names.back() == from) return names;
  }
  return {};
}

std::string Arrows(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) CatTo(&text, text.empty() ? "" : " -> ", name);
  return text;
}

}  // namespace

void PolicyChecker::CheckEscalations() {
  CheckNames("escalation", "escalations", escalations_, Paths::kByName);
  for (const v1::Escalation& escalation : policy_.escalations()) {
    const Part part{PartWhere("escalation", escalation.name()),
                    PartPath("escalations", escalation.name())};
    if (escalation.steps().empty()) Add(part, "steps", "\"steps\" must hold at least one step");
    CheckLimit(part, "steps", escalation.steps_size(), kStepsMax);
    CheckSteps(escalation);
    CheckRepeatAndHold(part, escalation);
    CheckKnown(part, "then", "escalation", escalation.then(), escalations_);
    for (const int kind : escalation.stop_on()) {
      if (kind == v1::StopOn::KIND_UNSPECIFIED || !v1::StopOn::Kind_IsValid(kind)) {
        Add(part, "stop_on", Cat("\"stop_on\" has an unknown kind: ", kind));
      }
    }
  }
}

void PolicyChecker::CheckSteps(const v1::Escalation& escalation) {
  for (int i = 0; i < escalation.steps_size(); ++i) {
    const v1::Step& step = escalation.steps(i);
    const Part part{StepWhere(escalation.name(), i),
                    ItemPath(PartPath("escalations", escalation.name()), "steps", i)};
    CheckDelayOf(part, escalation, i);
    CheckCalendar(part, "calendar", step.calendar(), {"always"});
    CheckKnown(part, "level", "level", step.level(), levels_);
    CheckLimit(part, "page", step.page_size(), kStepRoutesMax);
    CheckTexts(part, "page", Names(step.page().begin(), step.page().end()));
    for (int route = 0; route < step.page_size(); ++route) {
      if (std::find(routes_.begin(), routes_.end(), step.page(route)) != routes_.end()) continue;
      Add(part, Cat("page[", route, "]"),
          Cat("\"page\" names an unknown route ", Quoted(step.page(route))),
          routes_.empty() ? std::string("name the routes of this policy under \"routes\"")
                          : HintOf(step.page(route), routes_, "known:"));
    }
    CheckLimit(part, "notify", step.notify_size(), kStepNotifiedMax);
    CheckTexts(part, "notify", Names(step.notify().begin(), step.notify().end()));
    if (step.assign_group().size() > kTextBytesMax) {
      Add(part, "assign_group",
          Cat("\"assign_group\" is too long, at most ", kTextBytesMax, " bytes"));
    }
    const bool acts = !step.level().empty() || !step.assign_group().empty() || step.unassign() ||
                      !step.page().empty() || !step.notify().empty();
    if (!acts) {
      Add(part, "", "the step does nothing",
          "give it page, notify, level, assign_group or unassign");
    }
  }
}

void PolicyChecker::CheckDelayOf(const Part& part, const v1::Escalation& escalation, int index) {
  const v1::Step& step = escalation.steps(index);
  const v1::Step* previous = index > 0 ? &escalation.steps(index - 1) : nullptr;
  const Duration after{step.after().ms()};
  if (step.after().business_days() != 0 || step.after().text().ends_with("bd")) {
    Add(part, "after", "\"after\" must be a duration, business days are not allowed",
        "write hours and name a calendar for the step");
  } else if (after.ms < 0) {
    Add(part, "after", Cat("\"after\" must not be negative, got ", SpanText(step.after())));
  } else if (after > kStepAfterMax) {
    Add(part, "after",
        Cat("\"after\" must be at most ", kStepAfterMax, ", got ", SpanText(step.after())));
  } else if (previous != nullptr && after.ms <= previous->after().ms()) {
    Add(part, "after",
        Cat("\"after\" must be later than step ", index, "'s ", SpanText(previous->after()),
            ", got ", SpanText(step.after())),
        "list both routes under one step to page them together");
  }
}

void PolicyChecker::CheckRepeatAndHold(const Part& part, const v1::Escalation& escalation) {
  const Part repeat{Cat(part.where, ", repeat"), Cat(part.path, ".repeat")};
  if (escalation.repeat_every_ms() != 0) {
    CheckLength(repeat, "every", {escalation.repeat_every_ms()}, kRepeatEveryMin, kRepeatEveryMax);
  } else if (escalation.repeat_times() != 0) {
    Add(repeat, "every", "\"every\" must be above 0");
  }
  if (escalation.repeat_times() < 0 || escalation.repeat_times() > kRepeatTimesMax) {
    Add(repeat, "times",
        Cat("\"times\" must be from 1 to ", kRepeatTimesMax, ", got ", escalation.repeat_times()));
  }
  const Part hold{Cat(part.where, ", hold"), Cat(part.path, ".hold")};
  if (escalation.hold_ms() != 0) {
    CheckLength(hold, "for", {escalation.hold_ms()}, {1}, kHoldMax);
    if (escalation.hold_calendar().empty()) {
      Add(hold, "while", "\"while\" is missing", "write while: always to hold at any hour");
    }
  } else if (!escalation.hold_calendar().empty() || !escalation.hold_exempt().empty()) {
    Add(hold, "for", "\"for\" must be above 0, got 0s");
  }
  CheckCalendar(hold, "while", escalation.hold_calendar(), {"always"});
  CheckSeverities(hold, "except",
                  Names(escalation.hold_exempt().begin(), escalation.hold_exempt().end()));
  if (escalation.ack_timeout_ms() != 0) {
    CheckLength(part, "ack_timeout", {escalation.ack_timeout_ms()}, kAckTimeoutMin, kAckTimeoutMax);
  }
}

void PolicyChecker::CheckTriggers() {
  for (int i = 0; i < policy_.triggers_size(); ++i) {
    const v1::Trigger& trigger = policy_.triggers(i);
    const Part part{TriggerWhere(i), TriggerPath(i)};
    if (trigger.on() == v1::Trigger::ON_UNSPECIFIED || !v1::Trigger::On_IsValid(trigger.on())) {
      Add(part, "on", "\"on\" is missing", "one of opened, token, level_entered");
    }
    const bool on_opened = trigger.on() == v1::Trigger::OPENED_WITH_SEVERITY;
    const bool on_token = trigger.on() == v1::Trigger::TOKEN;
    if (!on_opened && !trigger.severities().empty()) {
      Add(part, "severity", "\"severity\" belongs to \"on: opened\"");
    }
    CheckSeverities(part, "severity",
                    Names(trigger.severities().begin(), trigger.severities().end()));
    if (on_token && !IsToken(trigger.token())) {
      Add(part, "token",
          Cat("\"token\" must be # and lower-case letters, digits, _ or -, got ",
              Quoted(trigger.token())),
          "write it such as token: \"#escalate\"; a bare # begins a comment");
    } else if (!on_token && !trigger.token().empty()) {
      Add(part, "token", "\"token\" belongs to \"on: token\"");
    }
    if (trigger.on() == v1::Trigger::LEVEL_ENTERED && trigger.when().levels().empty()) {
      Add(part, "level", "\"level\" is missing", "name the level that is entered");
    }
    CheckMatcher(part, trigger.when());
    if (trigger.escalation().empty()) Add(part, "escalation", "\"escalation\" is missing");
    CheckKnown(part, "escalation", "escalation", trigger.escalation(), escalations_);
  }
}

void PolicyChecker::CheckRoutes() {
  CheckNames("route", "routes", routes_, Paths::kByName);
  for (const v1::Route& route : policy_.routes()) {
    const Part part{PartWhere("route", route.name()), PartPath("routes", route.name())};
    CheckKnown(part, "fallback", "route", route.fallback(), routes_);
    if (route.pages_max() == 0 && route.period_ms() == 0) {
      if (route.exempt_max() != 0) Add(part, "exempt", "\"exempt\" needs a \"limit\"");
      continue;
    }
    if (route.pages_max() < 1 || route.pages_max() > kPagesMax) {
      Add(part, "limit",
          Cat("\"limit\" must allow 1 to ", kPagesMax, " pages, got ", route.pages_max()));
    }
    CheckLength(part, "limit", {route.period_ms()}, Duration::Seconds(1), Duration::Days(1));
    if (route.exempt_max() < 0 || route.exempt_max() > kPagesMax) {
      Add(part, "exempt",
          Cat("\"exempt\" must be from 0 to ", kPagesMax, ", got ", route.exempt_max()));
    }
  }
}

void PolicyChecker::CheckCycles() {
  // Each cycle is reported once, at its first part in the policy's order.
  const auto check = [&](std::string_view kind, std::string_view list, std::string_view key,
                         const auto& parts, const auto& next_of) {
    std::set<std::string> reported;
    const auto next = [&](const std::string& name) -> std::string {
      for (const auto& part : parts) {
        if (part.name() == name) return next_of(part);
      }
      return "";
    };
    for (const auto& part : parts) {
      if (reported.contains(part.name())) continue;
      const Names cycle = CycleFrom(part.name(), parts.size(), next);
      if (cycle.empty()) continue;
      reported.insert(cycle.begin(), cycle.end());
      Add({PartWhere(kind, part.name()), PartPath(list, part.name())}, key,
          Cat(Quoted(key), " leads back to it: ", Arrows(cycle)), "remove one of the links");
    }
  };
  check("escalation", "escalations", "then", policy_.escalations(),
        [](const v1::Escalation& escalation) { return escalation.then(); });
  check("route", "routes", "fallback", policy_.routes(),
        [](const v1::Route& route) { return route.fallback(); });
}

}  // namespace escalation
