#include "ops/policy_schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "state/base/text.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

// One key of one kind of object. Types:
//   text name duration span share flag whole limit texts pairs hours shifts channels holidays
//   warnings
//   facts states   of metrics, one or several
//   word a b c     one of these; words a b c: one or several
//   of X           an object X; list X: several; map X: by name
struct Row {
  std::string_view object;
  std::string_view key;
  std::string_view type;
  std::string_view description;
  bool required = false;
};

constexpr std::string_view kFacts =
    "opened opened_by_customer customer_message agent_public_message agent_public_question "
    "agent_action severity_set resolved reopened handover_accepted level_left";
constexpr std::string_view kStates = "pending on_hold resolved unassigned";

constexpr Row kTopRows[] = {
    {"policy", "policy", "name", "Name of the policy, for people", true},
    {"policy", "tenant", "text", "The tenant whose policy this is; default: default"},
    {"policy", "revision", "whole", "1 or more; rises with each publication", true},
    {"policy", "severities", "texts", "Lowest first, at most 16", true},
    {"policy", "default_severity", "text", "Of tickets that name none; default: the lowest"},
    {"policy", "default_plan", "text", "Of tickets whose account names none"},
    {"policy", "default_calendar", "text", "Of levels, steps and accounts that name none"},
    {"policy", "default_channel", "text", "Preferred channel of accounts that name none"},
    {"policy", "display_zone", "text", "Zone in which people read due times; default: UTC"},
    {"policy", "time", "of time", "How late events may be, and when tickets are forgotten"},
    {"policy", "permissions", "of permissions", "Which roles may do what"},
    {"policy", "links", "pairs", "Links for pages; {ticket_id} is replaced"},
    {"policy", "calendars", "map calendar", "Opening hours, by name"},
    {"policy", "plans", "map plan", "What is promised to whom, by name", true},
    {"policy", "metrics", "map metric", "Own metrics, by name"},
    {"policy", "escalations", "map escalation", "Who is woken, and when, by name"},
    {"policy", "triggers", "list trigger", "What starts an escalation without a clock"},
    {"policy", "levels", "list level", "Support levels; tickets start at the first"},
    {"policy", "routes", "map route",
     "Ways to page, by name; the daemon's config has the addresses"},
    {"policy", "workarounds", "pairs", "Severity that a recorded workaround lowers, and to which"},
    {"policy", "intake", "of intake", "What a new ticket should have"},
    {"policy", "announce", "list announcement", "Who is told of what happens on a ticket"},
    {"policy", "updates", "list update", "What an agent's public message must name"},
    {"policy", "rules", "list rule", "What follows once from what a ticket says"},
    {"policy", "plan_setup", "of plan_setup", "The promise that a change of plan is set up"},
    {"policy", "review_after_resolution", "flag", "A review is due when a ticket is resolved"},
    {"policy", "resolution_reasons", "texts", "Reasons that a resolution may give; default: any"},
    {"policy", "redact", "of redact", "What is replaced by placeholders before anything is stored"},
    {"time", "max_lateness", "duration", "How far in the past an event may lie; default: 7d"},
    {"time", "hold", "duration", "How long a silent source holds time back; default: 5m"},
    {"time", "forget_after", "duration", "When a closed ticket is forgotten; default: 30d"},
    {"time", "sources", "map source", "Other values for single sources, by name"},
    {"source", "max_lateness", "duration", "How far in the past its events may lie"},
    {"source", "hold", "duration", "How long it holds time back when it is silent"},
    {"permissions", "set_severity", "texts", "Roles whose word on the severity is final"},
    {"permissions", "customer_severity", "word ignored provisional", "The customer's wish"},
    {"permissions", "downgrade", "texts", "Roles that may move an account to a lower plan"},
    {"permissions", "access", "texts", "Roles that may say who of an account takes part"},
    {"permissions", "follow", "texts", "Roles that may follow all tickets of an account"},
    {"calendar", "zone", "text", "IANA name of the time zone", true},
    {"calendar", "hours", "hours", "24x7, 24x5, or shifts by weekday", true},
    {"calendar", "business_day", "duration", "Length of a business day; default: the longest"},
    {"calendar", "holidays", "holidays", "Dates that are closed"},
    {"calendar", "holiday_files", "texts", "iCalendar files beside the policy"},
    {"calendar", "exceptions", "map exception", "Other hours on single dates"},
    {"holiday", "date", "text", "YYYY-MM-DD", true},
    {"holiday", "name", "text", "Shown to people"},
    {"holiday", "substitute", "flag", "The observed day of another holiday"},
    {"exception", "hours", "shifts", "Shifts of this date, or closed", true},
    {"exception", "name", "text", "Shown to people"},
};

constexpr Row kPlanRows[] = {
    {"plan", "calendar", "text", "Of targets that name none; default: default_calendar"},
    {"plan", "severity_ceiling", "text", "Higher severities are lowered to it"},
    {"plan", "tickets", "word served none", "none: tickets are recorded and flagged only"},
    {"plan", "hint", "text", "Shown with the flag not_entitled"},
    {"plan", "channels", "channels", "Ways in that are part of the plan; default: all"},
    {"plan", "entitlements", "map entitlement", "What an account may book, by name"},
    {"plan", "minimum_term_months", "whole", "Leaving earlier is flagged"},
    {"plan", "targets", "list target", "The promises"},
    {"plan", "credits", "list credit", "What a month of missed promises costs"},
    {"credit", "attainment_below", "share", "A month with less of its promises kept", true},
    {"credit", "credit", "share", "Of the month's fee; the highest that holds counts", true},
    {"credit", "targets", "texts", "Only these promises count; default: all of the plan"},
    {"channel", "name", "text", "Such as phone", true},
    {"channel", "entitlement", "text", "Only for accounts that hold it"},
    {"entitlement", "per_year", "whole", "Uses in a calendar year; default: no limit"},
    {"entitlement", "lead", "duration", "How long before its start it must be asked for"},
    {"entitlement", "longest", "duration", "Longest use"},
    {"entitlement", "charged", "flag", "Each use is recorded as charged"},
    {"target", "name", "name", "Unique in its plan", true},
    {"target", "metric", "text", "What is measured: a built-in metric or one of metrics", true},
    {"target", "severity", "texts", "Only these; default: all"},
    {"target", "when", "of when", "Only these tickets"},
    {"target", "within", "span", "The promise: a duration or business days such as 2bd"},
    {"target", "reading", "word hours same_time end_of_day", "How business days are read"},
    {"target", "calendar", "text", "A calendar, always or account; default: the plan's"},
    {"target", "warn_at", "warnings", "Shares (75%) or times before the due moment (-5m)"},
    {"target", "warned", "text", "Escalation to start on a warning"},
    {"target", "breached", "text", "Escalation to start on a breach"},
    {"target", "pause", "states", "States in which the clock rests"},
    {"target", "stop", "facts", "What stops the clock, instead of the metric's"},
    {"target", "set", "text", "A label, such as internal or public"},
    {"target", "due", "word close next_opening", "When an exact fill is due"},
    {"target", "due_field", "text", "The field that holds the instant, for deadline"},
    {"when", "tags", "texts", "Any of these"},
    {"when", "fields", "pairs", "Every one has this value; empty: it is absent"},
    {"when", "entitlements", "texts", "The account holds every one"},
    {"when", "without_entitlements", "texts", "The account holds none"},
    {"when", "topics", "texts", "Any of these"},
    {"when", "other_than_topics", "texts", "A topic is named, and it is none of these"},
    {"when", "channels", "texts", "Any of these"},
    {"when", "levels", "texts", "Any of these"},
    {"when", "plans", "texts", "Any of these"},
    {"when", "groups", "texts", "Any of these"},
    {"metric", "start", "facts", "What starts the clock"},
    {"metric", "stop", "facts", "What meets the promise"},
    {"metric", "cancel", "facts", "What ends it, neither met nor breached"},
    {"metric", "pause", "states", "States in which the clock rests"},
    {"metric", "expiry", "word breach resolve", "What happens when the time is over"},
    {"metric", "restart", "word keep new_cycle replace", "A start while the clock runs"},
    {"metric", "reopen", "word stay resume", "What reopening the ticket does"},
    {"metric", "once", "flag", "At most one cycle a ticket"},
    {"metric", "explicit_due", "flag", "Started by an instant, as deadline is"},
};

constexpr Row kEscalationRows[] = {
    {"escalation", "steps", "list step", "1 to 32, in order", true},
    {"escalation", "hold", "of hold", "The waiting room before anyone is woken"},
    {"escalation", "repeat", "of repeat", "After the last step again"},
    {"escalation", "stop_on",
     "words acknowledged engaged assigned replied pending resolved severity_lowered clock_stopped",
     "What ends it before its steps are done; default: acknowledged, engaged"},
    {"escalation", "ack_timeout", "duration", "Acknowledged, and then nothing for this long"},
    {"escalation", "then", "text", "Escalation to start when all is done"},
    {"step", "after", "duration", "Delay after the start; rises from step to step"},
    {"step", "calendar", "text", "The delay counts its open time; default: wall time"},
    {"step", "level", "text", "Level that takes over"},
    {"step", "assign_group", "text", "Group that gets the ticket"},
    {"step", "unassign", "flag", "Takes the ticket from its assignee"},
    {"step", "page", "texts", "Routes, paged together"},
    {"step", "notify", "texts", "Ids or addresses to tell"},
    {"hold", "for", "duration", "How long", true},
    {"hold", "while", "text", "Calendar in whose hours it holds"},
    {"hold", "except", "texts", "Severities that are never held"},
    {"repeat", "every", "duration", "At least 1m", true},
    {"repeat", "times", "whole", "1 to 100; default: 100"},
    {"trigger", "on", "word opened token level_entered unassigned", "What starts it", true},
    {"trigger", "severity", "texts", "For opened; default: every severity"},
    {"trigger", "token", "text", "For token: lower case, with #, in quotes"},
    {"trigger", "level", "texts", "For level_entered"},
    {"trigger", "when", "of when", "Only these tickets"},
    {"trigger", "escalation", "text", "The escalation to start", true},
    {"level", "name", "name", "Such as l2", true},
    {"level", "requires", "texts", "Fields without which a handover to it is rejected"},
    {"level", "requires_values", "pairs", "Fields that must hold a value"},
    {"level", "calendar", "text", "Its opening hours; default: always"},
    {"level", "from", "texts", "Levels that may hand over to it; default: all"},
    {"level", "plans", "texts", "Plans whose tickets may reach it; default: all"},
    {"route", "fallback", "text", "Route to page when delivery fails for good"},
    {"route", "limit", "limit", "At most so many pages, such as 30 per 10m"},
    {"route", "exempt", "whole", "Pages of the highest severity that pass the limit"},
};

constexpr Row kIntakeRows[] = {
    {"intake", "requires", "texts",
     "Of subject, severity, product, reason, description, or fields; missing ones are flagged"},
    {"intake", "contacts", "word anybody authorized", "Who may open"},
    {"intake", "participants", "word anybody logins", "Who may be added"},
    {"announcement", "on", "words customer_message agent_message status severity opened level",
     "What is announced"},
    {"announcement", "to", "words requester participants followers", "Who is told"},
    {"announcement", "when", "of when", "Only these tickets"},
    {"update", "severity", "texts", "Only these; default: all"},
    {"update", "requires", "words next_steps next_follow_up_at", "What the message must name"},
    {"rule", "name", "name", "Unique", true},
    {"rule", "when", "of when", "The tickets that it is for"},
    {"rule", "flag", "text", "Flags the ticket"},
    {"rule", "hint", "text", "Shown with the flag"},
    {"rule", "group", "text", "Gives it to this group"},
    {"rule", "level", "text", "Takes it to this level"},
    {"rule", "severity", "text", "Sets its severity"},
    {"plan_setup", "target", "text", "Name of the promise", true},
    {"plan_setup", "within", "span", "A duration or business days", true},
    {"plan_setup", "reading", "word hours same_time end_of_day", "How business days are read"},
    {"plan_setup", "warn_at", "warnings", "Shares or times before the due moment"},
    {"plan_setup", "calendar", "text", "Default: default_calendar"},
    {"plan_setup", "notify", "texts", "Who is told of a warning or breach"},
    {"redact", "emails", "flag", "E-mail addresses become [email]"},
    {"redact", "phones", "flag", "Telephone numbers become [phone]"},
    {"redact", "secrets", "flag", "Passwords, tokens, keys, cookies ... become [secret]"},
    {"redact", "urls", "texts", "Addresses that begin with one of these become [url]"},
    {"redact", "patterns", "texts", "What matches one of these (RE2) becomes [redacted]"},
    {"redact", "paths", "texts", "Ticket fields, and paths in JSON, that are replaced whole"},
};

Json Ref(std::string_view object) { return {{"$ref", Cat("#/$defs/", object)}}; }

Json OneOrMore(const Json& item) {
  return {{"anyOf", {item, {{"type", "array"}, {"items", item}}}}};
}

Json Words(std::string_view list) {
  Json words = Json::array();
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    words.push_back(std::string(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return {{"enum", words}};
}

Json MapOf(const Json& value) { return {{"type", "object"}, {"additionalProperties", value}}; }
Json ListOf(const Json& item) { return {{"type", "array"}, {"items", item}}; }

// A route may be written without settings.
Json ByName(std::string_view object) {
  if (object == "route") return MapOf({{"anyOf", {Ref(object), {{"type", "null"}}}}});
  if (object == "exception") return MapOf({{"anyOf", {Ref(object), Ref("shifts")}}});
  return MapOf(Ref(object));
}

Json TypeOf(std::string_view type) {
  const size_t space = type.find(' ');
  const std::string_view kind = type.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? "" : type.substr(space + 1);
  if (kind == "of") return Ref(rest);
  if (kind == "list") return ListOf(Ref(rest));
  if (kind == "map") return ByName(rest);
  if (kind == "word") return Words(rest);
  if (kind == "facts") return OneOrMore(Words(kFacts));
  if (kind == "states") return OneOrMore(Words(kStates));
  if (kind == "words") return OneOrMore(Words(rest));
  if (kind == "texts") return OneOrMore(Ref("text"));
  if (kind == "pairs") return MapOf(Ref("text"));
  if (kind == "channels") return ListOf({{"anyOf", {Ref("text"), Ref("channel")}}});
  if (kind == "holidays") return ListOf({{"anyOf", {Ref("text"), Ref("holiday")}}});
  if (kind == "warnings") {
    return ListOf({{"type", "string"}, {"pattern", R"(^([0-9]+(\.[0-9]{1,2})?%|-.+)$)"}});
  }
  return Ref(kind);
}

Json SimpleTypes() {
  static constexpr char kLength[] = R"(^([0-9]+(ms|d|h|m|s))+$)";
  static constexpr char kSpan[] = R"(^(([0-9]+(ms|d|h|m|s))+|[0-9]+bd)$)";
  return {
      {"text", {{"type", {"string", "number", "boolean"}}}},
      {"name", {{"type", {"string", "number", "boolean"}}, {"pattern", "^[A-Za-z0-9._:-]{1,64}$"}}},
      {"duration", {{"type", "string"}, {"pattern", kLength}}},
      {"span", {{"type", "string"}, {"pattern", kSpan}}},
      {"share", {{"type", "string"}, {"pattern", R"(^[0-9]+(\.[0-9]{1,2})?%$)"}}},
      {"flag", {{"type", "boolean"}}},
      {"whole", {{"type", "integer"}}},
      {"limit", {{"type", "string"}, {"pattern", "^[0-9]+ per [0-9]"}}},
      {"shifts", OneOrMore({{"type", "string"}})},
      {"hours", {{"anyOf", {{{"enum", {"24x7", "24x5"}}}, MapOf(Ref("shifts"))}}}}};
}

template <size_t kSize>
void AddRows(const Row (&rows)[kSize], Json* definitions) {
  for (const Row& row : rows) {
    Json& object = (*definitions)[std::string(row.object)];
    if (object.is_null()) object = {{"type", "object"}, {"additionalProperties", false}};
    const std::string key(row.key);
    Json& property = object["properties"][key];
    property = {{"description", std::string(row.description)}};
    property.update(TypeOf(row.type));
    if (row.required) object["required"].push_back(key);
  }
}

}  // namespace

nlohmann::ordered_json PolicySchema() {
  Json definitions = SimpleTypes();
  AddRows(kTopRows, &definitions);
  AddRows(kPlanRows, &definitions);
  AddRows(kEscalationRows, &definitions);
  AddRows(kIntakeRows, &definitions);
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "escalationd policy"},
          {"description", "What is promised to whom, and what happens when a promise is in danger"},
          {"$ref", "#/$defs/policy"},
          {"$defs", definitions}};
}

}  // namespace escalation
