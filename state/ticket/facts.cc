#include "state/ticket/facts.h"

#include <algorithm>

#include "state/base/text.h"
#include "state/ticket/agent_terms.h"
#include "state/ticket/handover.h"
#include "state/ticket/intake.h"
#include "state/ticket/rules.h"
#include "state/ticket/severity.h"
#include "state/ticket/sorted_list.h"

namespace escalation {
namespace {

using v1::Actor;
using v1::Metric;
using v1::StatusChanged;
using v1::TicketFacts;

struct Context {
  const CompiledPolicy& policy;
  const v1::AccountState* account;
  const v1::Event& event;
  Instant at;
  TicketFacts* facts;
  FactChange* change;
};

void Flag(const Context& context, const char* reason, std::string detail) {
  AddFlag(reason, std::move(detail), "", context.change);
}

// Sorted by name; an empty value removes the field.
void SetField(TicketFacts* facts, const v1::Field& field) {
  auto* const fields = facts->mutable_fields();
  const auto at =
      std::lower_bound(fields->begin(), fields->end(), field,
                       [](const v1::Field& a, const v1::Field& b) { return a.name() < b.name(); });
  const bool present = at != fields->end() && at->name() == field.name();
  if (field.value().empty()) {
    if (present) fields->erase(at);
    return;
  }
  AddSorted(facts->mutable_fields_at_level(), field.name());
  if (present) {
    at->set_value(field.value());
    return;
  }
  const int index = static_cast<int>(at - fields->begin());
  *fields->Add() = field;
  for (int i = fields->size() - 1; i > index; --i) fields->SwapElements(i, i - 1);
}

// A promise that was given in words nobody can count is told, not dropped.
void CheckDeadlines(const Context& context,
                    const google::protobuf::RepeatedPtrField<v1::Field>& set) {
  const CompiledPlan* const plan = context.policy.FindPlan(context.facts->plan());
  if (plan == nullptr || set.empty()) return;
  for (const CompiledMetric& metric : plan->metrics) {
    if (!metric.metric->explicit_due()) continue;
    for (const CompiledTarget* const target : metric.targets) {
      for (const v1::Field& field : set) {
        if (field.name() != target->target->due_field() || field.value().empty()) continue;
        const absl::StatusOr<Instant> due = ParseInstant(field.value());
        if (due.ok()) continue;
        AddFlag("deadline_unreadable", Cat(field.name(), ": ", std::string(due.status().message())),
                target->target->path(), context.change);
      }
    }
  }
}

bool IsResolved(StatusChanged::Status status) {
  return status == StatusChanged::RESOLVED || status == StatusChanged::CLOSED;
}

// A new ticket, which nobody had looked at before.
void TakeIn(const Context& context, const CompiledPlan* plan, const v1::Opened& opened) {
  const Actor& actor = context.event.actor();
  // Who opens a ticket and names nobody asks for themselves.
  if (!context.policy.policy().announcements().empty() && opened.requester().empty() &&
      actor.kind() == Actor::CUSTOMER) {
    context.facts->set_requester(actor.id());
  }
  AddParticipants(context.policy, context.account, opened.participants(), context.facts,
                  context.change);
  CheckIntake(context.policy, plan, context.account, actor, opened, context.facts, context.change);
  Happened(v1::Announcement::OPENED, context.change);
}

void ApplyOpened(const Context& context, const v1::Opened& opened) {
  TicketFacts& facts = *context.facts;
  if (facts.opened_ms() != 0 && !facts.provisional()) {
    Flag(context, "opened_twice", Cat("already opened at ", Instant{facts.opened_ms()}));
    return;
  }
  const bool provisional = facts.provisional();
  const Actor::Kind kind = context.event.actor().kind();
  facts.clear_provisional();
  if (!provisional) facts.set_opened_ms(context.at.ms);
  facts.set_opened_by_agent(kind == Actor::AGENT);
  facts.set_account(opened.account());
  facts.set_subject(opened.subject());
  facts.set_product(opened.product());
  facts.set_reason(opened.reason());
  facts.set_description_length(opened.description_length());
  facts.set_requester(opened.requester());
  facts.set_channel(opened.channel());
  facts.set_topic(opened.topic());
  if (!opened.group().empty()) facts.set_group(opened.group());
  if (!opened.assignee().empty()) facts.set_assignee(opened.assignee());
  for (const std::string& tag : opened.tags()) AddSorted(facts.mutable_tags(), tag);
  for (const v1::Field& field : opened.fields()) SetField(&facts, field);
  if (facts.status() == StatusChanged::UNSPECIFIED) facts.set_status(StatusChanged::OPEN);
  if (!context.event.observed().level().empty()) {
    facts.set_level(context.event.observed().level());
  }
  if (facts.level().empty() && context.policy.policy().levels_size() > 0) {
    facts.set_level(context.policy.policy().levels(0).name());
  }
  if (!opened.plan().empty() && context.policy.FindPlan(opened.plan()) == nullptr) {
    Flag(context, "unknown_plan", Cat("plan \"", opened.plan(), "\" is not in the policy"));
  }
  ResolvePlan(context.policy, context.account, opened.plan(), &facts);
  CheckDeadlines(context, opened.fields());
  const CompiledPlan* const plan = context.policy.FindPlan(facts.plan());
  if (plan != nullptr && plan->plan->no_tickets()) {
    Flag(context, "not_entitled", plan->plan->hint());
    context.change->notes.back().mutable_cause()->set_rule(plan->plan->path());
  }
  OpenWithSeverity(context.policy, context.event.actor(), opened.severity(), &facts,
                   context.change);
  if (context.event.has_observed()) {
    ImportParticipants(opened.participants(), &facts);
  } else {
    TakeIn(context, plan, opened);
  }
  Retarget("opened", context.change);
  if (provisional) return;
  context.change->facts |= Bit(Metric::OPENED);
  if (kind != Actor::AGENT) context.change->facts |= Bit(Metric::OPENED_BY_CUSTOMER);
}

// A customer's message on a ticket that nobody opened: opens it under the strictest promise, until
// its Opened comes.
void OpenProvisionally(const Context& context) {
  TicketFacts& facts = *context.facts;
  facts.set_provisional(true);
  facts.set_opened_ms(context.at.ms);
  if (facts.status() == StatusChanged::UNSPECIFIED) facts.set_status(StatusChanged::OPEN);
  ResolvePlan(context.policy, context.account, "", &facts);
  if (context.policy.HighestRank() >= 0 && !facts.severity_settled()) {
    facts.set_severity(context.policy.Severity(context.policy.HighestRank()));
  }
  Flag(context, "unknown_ticket", "a message came before the ticket was opened");
  context.change->facts |= Bit(Metric::OPENED) | Bit(Metric::OPENED_BY_CUSTOMER);
  Retarget("opened", context.change);
}

void ApplyMessage(const Context& context, const v1::MessageAdded& message) {
  if (message.visibility() != v1::MessageAdded::PUBLIC) return;
  TicketFacts& facts = *context.facts;
  FactSet& bits = context.change->facts;
  if (context.event.actor().kind() == Actor::CUSTOMER) {
    if (facts.opened_ms() == 0) OpenProvisionally(context);
    bits |= Bit(Metric::CUSTOMER_MESSAGE);
    facts.set_last_customer_message_ms(context.at.ms);
    if (facts.oldest_unanswered_ms() == 0) facts.set_oldest_unanswered_ms(context.at.ms);
    // The ball is back: the customer's reply ends pending.
    if (facts.status() == StatusChanged::PENDING) facts.set_status(StatusChanged::OPEN);
  } else if (context.event.actor().kind() == Actor::AGENT) {
    bits |= Bit(Metric::AGENT_PUBLIC_MESSAGE) | Bit(Metric::AGENT_ACTION);
    if (message.is_question()) bits |= Bit(Metric::AGENT_PUBLIC_QUESTION);
    CheckUpdate(context.policy, message, facts, context.change);
    facts.set_last_public_reply_ms(context.at.ms);
    facts.clear_oldest_unanswered_ms();
    facts.clear_follow_up_ms();
    if (message.has_next_follow_up_at()) {
      facts.set_follow_up_ms(FromProto(message.next_follow_up_at()).ms);
    }
  }
}

void ApplyStatus(const Context& context, const StatusChanged& changed) {
  TicketFacts& facts = *context.facts;
  const StatusChanged::Status before = facts.status();
  const StatusChanged::Status after = changed.status();
  if (after == StatusChanged::UNSPECIFIED || after == before) return;
  facts.set_status(after);
  Happened(v1::Announcement::STATUS, context.change);
  if (!IsResolved(before) && IsResolved(after)) {
    context.change->facts |= Bit(Metric::RESOLVED);
    facts.set_resolved_ms(context.at.ms);
    facts.clear_oldest_unanswered_ms();
    NoteResolution(context.policy, changed.reason(), &facts, context.change);
  }
  if (IsResolved(before) && !IsResolved(after)) {
    context.change->facts |= Bit(Metric::REOPENED);
    facts.clear_resolved_ms();
    facts.clear_closed_ms();
  }
  if (after == StatusChanged::CLOSED) {
    facts.set_closed_ms(context.at.ms);
    context.change->ended = "closed";
  }
}

void ApplyAssigned(const Context& context, const v1::Assigned& assigned) {
  TicketFacts& facts = *context.facts;
  if (assigned.has_group() && assigned.group() != facts.group()) {
    facts.set_group(assigned.group());
    if (context.policy.matches_groups()) Retarget("group", context.change);
  }
  if (!assigned.has_assignee()) return;
  context.change->unassigned = assigned.assignee().empty() && !facts.assignee().empty();
  facts.set_assignee(assigned.assignee());
  if (!assigned.assignee().empty() && context.event.actor().kind() == Actor::AGENT) {
    context.change->facts |= Bit(Metric::AGENT_ACTION);
  }
}

void ApplyFields(const Context& context, const v1::FieldsChanged& changed) {
  TicketFacts& facts = *context.facts;
  for (const v1::Field& field : changed.fields()) SetField(&facts, field);
  CheckDeadlines(context, changed.fields());
  for (const std::string& tag : changed.add_tags()) AddSorted(facts.mutable_tags(), tag);
  for (const std::string& tag : changed.remove_tags()) RemoveWord(facts.mutable_tags(), tag);
  if (changed.has_subject()) facts.set_subject(changed.subject());
  if (changed.has_product()) facts.set_product(changed.product());
  AddParticipants(context.policy, context.account, changed.add_participants(), &facts,
                  context.change);
  RemoveParticipants(changed.remove_participants(), &facts);
  Retarget("fields", context.change);
}

void ApplyWorkaround(const Context& context, const v1::WorkaroundRecorded& recorded) {
  TicketFacts& facts = *context.facts;
  const auto& known = facts.workarounds();
  if (std::binary_search(known.begin(), known.end(), recorded.workaround_id())) return;
  AddSorted(facts.mutable_workarounds(), recorded.workaround_id());
  for (const v1::SeverityStep& step : context.policy.policy().workaround_steps()) {
    if (step.from() != facts.severity()) continue;
    SetSeverity(context.policy, step.to(), "workaround", Cat("workarounds.", step.from()), &facts,
                context.change);
    return;
  }
}

}  // namespace

FactSet LastingFacts(const TicketFacts& facts) {
  FactSet set = 0;
  if (facts.status() == StatusChanged::PENDING) set |= Bit(Metric::WHILE_PENDING);
  if (facts.status() == StatusChanged::ON_HOLD) set |= Bit(Metric::WHILE_ON_HOLD);
  if (IsResolved(facts.status())) set |= Bit(Metric::WHILE_RESOLVED);
  if (facts.assignee().empty()) set |= Bit(Metric::WHILE_UNASSIGNED);
  return set;
}

const std::string& FieldValue(const TicketFacts& facts, std::string_view name) {
  static const std::string kEmpty;
  for (const v1::Field& field : facts.fields()) {
    if (field.name() == name) return field.value();
  }
  return kEmpty;
}

void ResolvePlan(const CompiledPolicy& policy, const v1::AccountState* account,
                 const std::string& wished_plan, TicketFacts* facts) {
  if (!wished_plan.empty() && policy.FindPlan(wished_plan) != nullptr) {
    facts->set_plan(wished_plan);
    facts->set_plan_is_own(true);
    return;
  }
  if (facts->plan_is_own() && policy.FindPlan(facts->plan()) != nullptr) return;
  facts->clear_plan_is_own();
  const bool named = account != nullptr && policy.FindPlan(account->facts().plan()) != nullptr;
  facts->set_plan(named ? account->facts().plan() : policy.policy().default_plan());
}

FactChange ApplyEvent(const CompiledPolicy& policy, const v1::AccountState* account,
                      const v1::Event& event, Instant at, TicketFacts* facts) {
  FactChange change;
  const Context context{policy, account, event, at, facts, &change};
  using Body = v1::Event;
  switch (event.body_case()) {
    case Body::kOpened:
      ApplyOpened(context, event.opened());
      break;
    case Body::kObserved:
      ApplyOpened(context, event.observed().opened());
      break;
    case Body::kMessageAdded:
      ApplyMessage(context, event.message_added());
      break;
    case Body::kStatusChanged:
      ApplyStatus(context, event.status_changed());
      break;
    case Body::kSeverityChanged:
      RequestSeverity(policy, event.actor(), event.severity_changed().severity(), facts, &change);
      break;
    case Body::kWorkaroundRecorded:
      ApplyWorkaround(context, event.workaround_recorded());
      break;
    case Body::kAssigned:
      ApplyAssigned(context, event.assigned());
      break;
    case Body::kFieldsChanged:
      ApplyFields(context, event.fields_changed());
      break;
    case Body::kHandoverRequested:
      RequestHandover(policy, event.handover_requested().level(), facts, &change);
      break;
    case Body::kUpdateAgreed:
      change.update_agreed = FromProto(event.update_agreed().until());
      break;
    case Body::kMerged:
      facts->set_merged_into(event.merged().into());
      change.ended = "merged";
      break;
    case Body::kLinkedTo:
      facts->set_problem(event.linked_to().problem());
      break;
    case Body::kPageAcknowledged:
      // A person acted, even if not in the helpdesk.
      change.facts |= Bit(Metric::AGENT_ACTION);
      break;
    default:
      break;  // Not about facts: the partition has dealt with it.
  }
  if ((change.facts & Bit(Metric::AGENT_ACTION)) != 0 && facts->engaged_ms() == 0) {
    facts->set_engaged_ms(at.ms);
  }
  if (facts->contact_unconfirmed() && ConfirmsContact(event, change)) {
    facts->clear_contact_unconfirmed();
    change.confirmed = true;
    Retarget("opened", &change);
  }
  if (event.has_observed()) {
    AdoptRules(policy, account, facts);
  } else if (change.retarget || event.assigned().has_group()) {
    ApplyRules(policy, account, facts, &change);
  }
  return change;
}

}  // namespace escalation
