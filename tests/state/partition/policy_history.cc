#include "tests/state/partition/policy_history.h"

#include <algorithm>
#include <array>

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation::testing {
namespace {

constexpr std::array<const char*, 3> kAccounts = {"acme", "globex", "unit"};
constexpr std::array<const char*, 4> kPeople = {"ann@x", "bob@x", "cy@x", "eva"};

v1::Event OfTenant() {
  v1::Event event;
  event.set_tenant("default");
  return event;
}

template <typename List>
void AddAll(const List& list, std::vector<std::string>* words) {
  words->insert(words->end(), list.begin(), list.end());
}

// Each once, and one that the policy does not know.
void Close(const char* unknown, std::vector<std::string>* words) {
  words->emplace_back(unknown);
  std::sort(words->begin(), words->end());
  words->erase(std::unique(words->begin(), words->end()), words->end());
}

}  // namespace

PolicyHistory::PolicyHistory(const std::string& policy_file, uint64_t seed)
    : random_(seed),
      now_{Instant::Seconds(1'772'450'000) +
           Duration::Minutes(static_cast<int64_t>(Below(500'000)))} {
  auto loaded = LoadPolicyFile(policy_file);
  ESCALATION_CHECK(loaded.ok(), std::string(loaded.status().message()));
  loaded_ = *std::move(loaded);
  Learn();
}

void PolicyHistory::LearnMatcher(const v1::Matcher& matcher) {
  AddAll(matcher.tags(), &tags_);
  AddAll(matcher.topics(), &topics_);
  AddAll(matcher.other_than_topics(), &topics_);
  AddAll(matcher.groups(), &groups_);
  AddAll(matcher.entitlements(), &entitlements_);
  for (const v1::FieldEquals& field : matcher.fields()) {
    fields_.push_back(field.name());
    values_.push_back(field.value());
  }
}

void PolicyHistory::Learn() {
  const v1::Policy& policy = loaded_.policy;
  AddAll(policy.severities(), &severities_);
  for (const v1::Plan& plan : policy.plans()) {
    plans_.push_back(plan.name());
    for (const v1::Target& target : plan.targets()) {
      LearnMatcher(target.when());
      targets_.push_back(target.name());
      if (!target.due_field().empty()) due_fields_.push_back(target.due_field());
    }
    for (const v1::PlanChannel& channel : plan.channels()) {
      channels_.push_back(channel.name());
      if (!channel.entitlement().empty()) entitlements_.push_back(channel.entitlement());
    }
    for (const auto& terms : plan.entitlements()) entitlements_.push_back(terms.name());
  }
  for (const v1::Rule& rule : policy.rules()) {
    LearnMatcher(rule.when());
    if (!rule.group().empty()) groups_.push_back(rule.group());
  }
  for (const v1::Trigger& trigger : policy.triggers()) {
    LearnMatcher(trigger.when());
    if (!trigger.token().empty()) tokens_.push_back(trigger.token());
  }
  for (const v1::Level& level : policy.levels()) {
    levels_.push_back(level.name());
    AddAll(level.required_fields(), &fields_);
    for (const v1::FieldEquals& required : level.required_values()) {
      fields_.push_back(required.name());
      values_.push_back(required.value());
    }
  }
  for (const v1::Escalation& one : policy.escalations()) escalations_.push_back(one.name());
  for (const v1::Route& route : policy.routes()) routes_.push_back(route.name());
  for (const auto& calendar : loaded_.calendars.calendars()) calendars_.push_back(calendar.name());
  const v1::Permissions& permissions = policy.permissions();
  for (const auto* roles : {&permissions.set_severity(), &permissions.downgrade(),
                            &permissions.access(), &permissions.follow()}) {
    AddAll(*roles, &roles_);
  }
  for (Words* words : {&severities_, &plans_, &tags_, &topics_, &channels_, &groups_, &levels_,
                       &fields_, &values_, &due_fields_, &roles_, &tokens_, &escalations_, &routes_,
                       &targets_, &entitlements_, &calendars_}) {
    Close("unheard_of", words);
  }
}

Instant PolicyHistory::Around(Duration reach) {
  return now_ - reach + Duration{static_cast<int64_t>(Below(static_cast<uint64_t>(2 * reach.ms)))};
}

FoldRecord PolicyHistory::Append(v1::Event event) {
  FoldRecord record;
  record.offset = Offset{offset_++};
  record.appended = now_;
  record.event = std::move(event);
  return record;
}

void PolicyHistory::Saw(const std::vector<v1::Decision>& decisions) {
  for (const v1::Decision& decision : decisions) {
    if (decision.has_page_requested()) pages_.push_back(decision);
  }
}

FoldRecord PolicyHistory::Next() {
  if (offset_ == 0) {
    v1::Event event = OfTenant();
    *event.mutable_calendars_published()->mutable_calendars() = loaded_.calendars;
    return Append(std::move(event));
  }
  if (offset_ == 1 || Chance(1)) return Append(Publication());
  now_ = now_ + Duration{static_cast<int64_t>(Chance(20) ? Below(36'000'000) : Below(900'000))};
  const uint64_t kind = Below(100);
  if (kind < 30) {
    v1::Event tick;
    ToProto(now_ - Duration::Seconds(2), tick.mutable_tick()->mutable_until());
    return Append(std::move(tick));
  }
  if (kind < 35 && !pages_.empty()) return Append(PageEvent());
  if (kind < 45) return Append(AccountEvent());
  return Append(TicketEvent());
}

v1::Event PolicyHistory::Publication() {
  v1::Event event = OfTenant();
  *event.mutable_policy_published()->mutable_policy() = loaded_.policy;
  event.mutable_policy_published()->mutable_policy()->set_revision(++revision_);
  if (Chance(50)) event.mutable_policy_published()->set_apply(v1::PolicyPublished::RUNNING);
  return event;
}

v1::Event PolicyHistory::PageEvent() {
  v1::Event event = OfTenant();
  const v1::Decision& page = pages_[Below(pages_.size())];
  const std::string& key = page.page_requested().key();
  event.set_ticket_id(page.ticket_id());
  switch (Below(4)) {
    case 0:
      event.mutable_page_acknowledged()->set_key(key);
      break;
    case 1:
      event.mutable_page_resolved()->set_key(key);
      break;
    default: {
      v1::PageOutcome* const outcome = event.mutable_page_outcome();
      outcome->set_key(key);
      outcome->set_destination(page.page_requested().route());
      outcome->set_operation(v1::PageOutcome::TRIGGER);
      outcome->set_decision_seq(page.seq());
      outcome->set_outcome(Chance(70) ? v1::PageOutcome::DELIVERED : v1::PageOutcome::FAILED);
    }
  }
  return event;
}

void PolicyHistory::FillActor(v1::Actor* actor) {
  actor->set_id(kPeople[Below(kPeople.size())]);
  actor->set_kind(static_cast<v1::Actor::Kind>(1 + Below(4)));
  if (Chance(50)) actor->add_roles(OneOf(roles_));
}

v1::Event PolicyHistory::TicketEvent() {
  v1::Event event = OfTenant();
  event.set_ticket_id(Ticket());
  ToProto(now_, event.mutable_written_at());
  const bool late = Chance(20);
  ToProto(late ? now_ - Duration{static_cast<int64_t>(Below(90'000'000))} : now_,
          event.mutable_occurred_at());
  FillActor(event.mutable_actor());
  if (Chance(80)) {
    FillTicketBody(&event);
  } else {
    FillRareBody(&event);
  }
  return event;
}

void PolicyHistory::FillField(v1::Field* field) {
  if (Chance(30)) {
    field->set_name(OneOf(due_fields_));
    field->set_value(Chance(80) ? ToText(Around(Duration::Days(2))) : "tomorrow");
    return;
  }
  field->set_name(OneOf(fields_));
  if (Chance(90)) field->set_value(Chance(60) ? OneOf(values_) : "something");
}

void PolicyHistory::FillOpened(v1::Opened* opened) {
  if (Chance(80)) opened->set_account(kAccounts[Below(kAccounts.size())]);
  if (Chance(40)) opened->set_plan(OneOf(plans_));
  if (Chance(80)) opened->set_severity(OneOf(severities_));
  if (Chance(80)) opened->set_subject("help");
  if (Chance(80)) opened->set_requester(kPeople[Below(kPeople.size())]);
  if (Chance(70)) opened->set_channel(OneOf(channels_));
  if (Chance(70)) opened->set_topic(OneOf(topics_));
  if (Chance(40)) opened->add_tags(OneOf(tags_));
  if (Chance(20)) opened->set_group(OneOf(groups_));
  if (Chance(50)) opened->set_description_length(100);
  for (uint64_t i = Below(6); i > 0; --i) FillField(opened->add_fields());
  if (Chance(30)) opened->add_participants("ann@x bob@x who@y");
}

void PolicyHistory::FillTicketBody(v1::Event* event) {
  switch (Below(8)) {
    case 0:
    case 1:
      return FillOpened(event->mutable_opened());
    case 2:
    case 3: {
      v1::MessageAdded* const message = event->mutable_message_added();
      message->set_visibility(Chance(80) ? v1::MessageAdded::PUBLIC : v1::MessageAdded::INTERNAL);
      message->set_is_question(Chance(40));
      message->set_next_steps(Chance(40));
      if (Chance(30)) message->add_tokens(OneOf(tokens_));
      if (Chance(30)) ToProto(Around(Duration::Days(1)), message->mutable_next_follow_up_at());
      return;
    }
    case 4:
      event->mutable_status_changed()->set_status(
          static_cast<v1::StatusChanged::Status>(1 + Below(5)));
      return;
    case 5:
      event->mutable_severity_changed()->set_severity(OneOf(severities_));
      return;
    case 6:
      event->mutable_assigned()->set_assignee(Chance(60) ? "eva" : "");
      if (Chance(50)) event->mutable_assigned()->set_group(OneOf(groups_));
      return;
    default: {
      v1::FieldsChanged* const changed = event->mutable_fields_changed();
      FillField(changed->add_fields());
      if (Chance(40)) changed->add_add_tags(OneOf(tags_));
      if (Chance(20)) changed->add_remove_tags(OneOf(tags_));
      if (Chance(20)) changed->add_add_participants("cy@x who@y");
    }
  }
}

void PolicyHistory::FillRareBody(v1::Event* event) {
  switch (Below(8)) {
    case 0:
      event->mutable_workaround_recorded()->set_workaround_id(Cat("w", Below(3)));
      return;
    case 1:
      event->mutable_handover_requested()->set_level(OneOf(levels_));
      return;
    case 2:
      ToProto(now_ + Duration::Hours(5), event->mutable_update_agreed()->mutable_until());
      return;
    case 3:
      event->mutable_escalation_requested()->set_escalation(OneOf(escalations_));
      return;
    case 4:
      event->mutable_linked_to()->set_problem(Chance(80) ? Ticket() : "");
      return;
    case 5: {
      v1::Observed* const observed = event->mutable_observed();
      FillOpened(observed->mutable_opened());
      ToProto(now_ - Duration::Days(1), observed->mutable_opened_at());
      observed->set_status(static_cast<v1::StatusChanged::Status>(1 + Below(5)));
      return;
    }
    case 6: {
      v1::OnCallChanged* const shift = event->mutable_on_call_changed();
      event->clear_ticket_id();
      shift->set_route(OneOf(routes_));
      shift->set_person("eva");
      return;
    }
    default:
      event->mutable_merged()->set_into(Ticket());
  }
}

void PolicyHistory::FillAccount(v1::AccountChanged* changed) {
  changed->set_account(kAccounts[Below(kAccounts.size())]);
  changed->set_plan(OneOf(plans_));
  if (Chance(50)) changed->set_calendar(OneOf(calendars_));
  if (Chance(40)) {
    auto* const exception = changed->add_overrides();
    exception->set_target(OneOf(targets_));
    exception->set_within(Chance(50) ? "20m" : "1bd");
  }
  for (uint64_t i = Below(3); i > 0; --i) changed->add_entitlements(OneOf(entitlements_));
  if (Chance(50)) changed->add_contacts("ann@x");
  if (Chance(50)) changed->add_logins("bob@x");
  if (Chance(50)) changed->set_preferred_channel("phone");
  if (Chance(30)) changed->set_parent(kAccounts[Below(kAccounts.size())]);
  if (Chance(30)) ToProto(Around(Duration::Days(1)), changed->mutable_effective_at());
}

v1::Event PolicyHistory::AccountEvent() {
  v1::Event event = OfTenant();
  ToProto(now_, event.mutable_written_at());
  ToProto(now_, event.mutable_occurred_at());
  FillActor(event.mutable_actor());
  const std::string account = kAccounts[Below(kAccounts.size())];
  switch (Below(6)) {
    case 0:
    case 1:
      FillAccount(event.mutable_account_changed());
      break;
    case 2: {
      v1::PlanChangeRequested* const requested = event.mutable_plan_change_requested();
      requested->set_account(account);
      requested->set_plan(OneOf(plans_));
      if (Chance(90)) ToProto(Around(Duration::Days(20)), requested->mutable_starts_at());
      if (Chance(90)) requested->set_billing_group("main");
      break;
    }
    case 3:
      event.mutable_plan_activated()->set_account(account);
      event.mutable_plan_activated()->set_plan(OneOf(plans_));
      break;
    case 4: {
      v1::EntitlementUsed* const used = event.mutable_entitlement_used();
      used->set_account(account);
      used->set_entitlement(OneOf(entitlements_));
      ToProto(Around(Duration::Days(10)), used->mutable_starts_at());
      used->mutable_duration()->set_seconds(static_cast<int64_t>(Below(30'000)));
      break;
    }
    default:
      event.mutable_follow_changed()->set_account(account);
      event.mutable_follow_changed()->set_follower(kPeople[Below(kPeople.size())]);
      event.mutable_follow_changed()->set_follows(Chance(70));
  }
  return event;
}

}  // namespace escalation::testing
