#include "tests/state/partition/random_history.h"

#include <array>

#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation::testing {
namespace {

using v1::Actor;
using v1::StatusChanged;

constexpr int kTickets = 24;
constexpr std::array<const char*, 4> kSeverities = {"low", "medium", "high", "urgent"};
constexpr std::array<const char*, 4> kAccounts = {"acme", "globex", "acme_uk", ""};
constexpr std::array<const char*, 3> kPlans = {"silver", "gold", "platinum"};

v1::Event OfTenant() {
  v1::Event event;
  event.set_tenant("default");
  return event;
}

}  // namespace

RandomHistory::RandomHistory(uint64_t seed)
    : random_(seed),
      now_{Instant::Seconds(1'772'450'000) +
           Duration::Minutes(static_cast<int64_t>(Below(500'000)))} {
  auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/state/partition/random_history.yaml");
  ESCALATION_CHECK(loaded.ok(), std::string(loaded.status().message()));
  loaded_ = *std::move(loaded);
}

FoldRecord RandomHistory::Append(v1::Event event) {
  FoldRecord record;
  record.offset = Offset{offset_++};
  record.appended = now_;
  record.event = std::move(event);
  return record;
}

void RandomHistory::Saw(const std::vector<v1::Decision>& decisions) {
  for (const v1::Decision& decision : decisions) {
    if (decision.has_page_requested()) pages_.push_back(decision);
  }
}

FoldRecord RandomHistory::Next() {
  now_ = now_ + Duration{static_cast<int64_t>(Chance(30) ? Below(7'200'000) : Below(240'000))};
  if (calendars_revision_ == 0 || (offset_ > 40 && Chance(1))) {
    v1::Event event = OfTenant();
    *event.mutable_calendars_published()->mutable_calendars() = loaded_.calendars;
    v1::CalendarSet* const set = event.mutable_calendars_published()->mutable_calendars();
    set->set_revision(++calendars_revision_);
    // A holiday is moved now and then.
    if (calendars_revision_ > 1) {
      auto* const holiday = set->mutable_calendars(1)->mutable_holidays(0);
      holiday->set_day(holiday->day() + static_cast<int>(calendars_revision_ % 3));
    }
    return Append(std::move(event));
  }
  // Some tickets come before the first policy.
  if ((policy_revision_ == 0 && offset_ > 5) || (policy_revision_ > 0 && Chance(1)))
    return Append(Publication());
  const uint64_t kind = Below(100);
  if (kind < 30) {
    v1::Event tick = OfTenant();
    tick.clear_tenant();
    ToProto(now_ - Duration::Seconds(2), tick.mutable_tick()->mutable_until());
    return Append(std::move(tick));
  }
  if (kind < 36 && !pages_.empty()) return Append(PageEvent());
  if (kind < 38) return Append(Account());
  if (kind < 39) return Append(AccountRecord());
  if (kind < 42 && !sent_.empty()) return Append(OneOf(sent_));  // The same once more.
  if (kind < 45) return Append(ByHand());
  v1::Event event = TicketEvent();
  sent_.push_back(event);
  return Append(std::move(event));
}

v1::Event RandomHistory::Publication() {
  v1::Event event = OfTenant();
  *event.mutable_policy_published()->mutable_policy() = loaded_.policy;
  v1::Policy* const policy = event.mutable_policy_published()->mutable_policy();
  policy->set_revision(++policy_revision_);
  // Promises become a little longer with every revision.
  for (v1::Target& target : *policy->mutable_plans(0)->mutable_targets()) {
    if (target.within().ms() > 0)
      target.mutable_within()->set_ms(target.within().ms() + policy_revision_ * 60'000);
  }
  if (Chance(50)) event.mutable_policy_published()->set_apply(v1::PolicyPublished::RUNNING);
  return event;
}

v1::Event RandomHistory::Account() {
  v1::Event event = OfTenant();
  v1::AccountChanged* const changed = event.mutable_account_changed();
  changed->set_account(kAccounts[Below(3)]);
  changed->set_plan(Chance(50) ? "gold" : "silver");
  if (Chance(30)) changed->set_parent(kAccounts[Below(3)]);
  if (Chance(40)) {
    const Duration ahead{static_cast<int64_t>(Below(Chance(50) ? 200'000 : 40'000'000))};
    ToProto(now_ + ahead, changed->mutable_effective_at());
  }
  changed->set_calendar(Chance(50) ? "office" : "round_the_clock");
  if (Chance(30)) {
    auto* const exception = changed->add_overrides();
    exception->set_target("first_reply");
    exception->set_within(Chance(50) ? "20m" : "1bd");
  }
  return event;
}

v1::Event RandomHistory::AccountRecord() {
  v1::Event event = OfTenant();
  event.mutable_actor()->set_kind(static_cast<Actor::Kind>(Below(5)));
  if (Chance(50)) event.mutable_actor()->add_roles("account_team");
  if (Chance(30)) {
    ToProto(now_ - Duration{static_cast<int64_t>(Below(9'000'000))}, event.mutable_occurred_at());
  }
  const std::string account = kAccounts[Below(3)];
  const Instant soon = now_ + Duration{static_cast<int64_t>(Below(1'000'000'000))};
  switch (Below(6)) {
    case 0:
    case 1: {
      v1::PlanChangeRequested* const request = event.mutable_plan_change_requested();
      request->set_account(account);
      request->set_plan(OneOf(kPlans));
      if (Chance(90)) ToProto(soon, request->mutable_starts_at());
      request->set_billing_group("b");
      return event;
    }
    case 2:
      event.mutable_plan_activated()->set_account(account);
      event.mutable_plan_activated()->set_plan(OneOf(kPlans));
      return event;
    case 3: {
      v1::EntitlementUsed* const used = event.mutable_entitlement_used();
      used->set_account(account);
      used->set_entitlement(Chance(80) ? "training_day" : "audit");
      if (Chance(50)) ToProto(soon, used->mutable_starts_at());
      ToProto(Duration::Hours(static_cast<int64_t>(Below(9))), used->mutable_duration());
      return event;
    }
    case 4:
      event.mutable_follow_changed()->set_account(account);
      event.mutable_follow_changed()->set_follower(Chance(50) ? "zoe" : "eve");
      event.mutable_follow_changed()->set_follows(Chance(60));
      return event;
    default:
      event.mutable_on_call_changed()->set_route(Chance(80) ? "victorops" : "sirens");
      event.mutable_on_call_changed()->set_person("jo");
      ToProto(soon, event.mutable_on_call_changed()->mutable_until());
      return event;
  }
}

v1::Event RandomHistory::PageEvent() {
  v1::Event event = OfTenant();
  const v1::Decision& page = OneOf(pages_);
  event.set_ticket_id(page.ticket_id());
  const std::string& key = page.page_requested().key();
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

v1::Scope RandomHistory::Scope() {
  v1::Scope scope;
  if (Chance(40)) scope.set_ticket_id(Cat("T-", Below(kTickets)));
  if (Chance(30)) scope.set_account(OneOf(kAccounts));
  if (Chance(30)) scope.set_route(Chance(50) ? "victorops" : "backup");
  if (Chance(30)) scope.set_escalation(Chance(80) ? "wake_up" : "manual");
  return scope;
}

v1::Event RandomHistory::Mute() {
  v1::Event event = OfTenant();
  if (Chance(30)) {
    event.mutable_mute_cleared()->set_mute_id(Cat("m", Below(4)));
    return event;
  }
  v1::MuteSet* const mute = event.mutable_mute_set();
  mute->set_mute_id(Cat("m", Below(4)));
  *mute->mutable_scope() = Scope();
  mute->set_snooze(Chance(30));
  if (mute->snooze()) {
    mute->mutable_scope()->set_ticket_id(Cat("T-", Below(kTickets)));
    mute->mutable_scope()->clear_account();
    mute->mutable_scope()->clear_route();
  }
  if (Chance(80)) {
    ToProto(now_ + Duration{static_cast<int64_t>(Below(20'000'000))}, mute->mutable_until());
  }
  return event;
}

v1::Event RandomHistory::ByHand() {
  v1::Event event = Chance(40) ? Mute() : OfTenant();
  event.mutable_actor()->set_id("maria");
  event.mutable_actor()->set_kind(Actor::AGENT);
  if (event.body_case() != v1::Event::BODY_NOT_SET) return event;
  if (Chance(30)) {
    ToProto(now_ - Duration{static_cast<int64_t>(Below(9'000'000))}, event.mutable_occurred_at());
  }
  if (Chance(30)) {
    *event.mutable_escalation_stopped()->mutable_scope() = Scope();
    return event;
  }
  event.set_ticket_id(Chance(80) ? Cat("T-", Below(kTickets)) : Cat("page-", Below(4)));
  v1::PageRequestedManually* const page = event.mutable_page_requested_manually();
  if (!pages_.empty() && Chance(40)) {
    const v1::Decision& seen = OneOf(pages_);
    event.set_ticket_id(seen.ticket_id());
    page->set_key(seen.page_requested().key());
  } else if (Chance(30)) {
    page->set_escalation(Chance(80) ? "wake_up" : "sirens");
  } else {
    page->set_route(Chance(80) ? "victorops" : "backup");
    page->set_test(Chance(30));
    if (Chance(30)) ToProto(Duration::Minutes(20), page->mutable_close_after());
  }
  return event;
}

v1::Event RandomHistory::TicketEvent() {
  v1::Event event = OfTenant();
  event.set_id(Cat("e", events_++));
  event.mutable_origin()->set_source("http");
  event.set_ticket_id(Cat("T-", Below(kTickets)));
  ToProto(now_, event.mutable_written_at());
  Instant occurred = now_;
  if (Chance(25))
    occurred = now_ - Duration{static_cast<int64_t>(Below(Chance(20) ? 900'000'000 : 5'400'000))};
  if (Chance(3)) occurred = now_ + Duration::Hours(2);
  ToProto(occurred, event.mutable_occurred_at());
  event.mutable_actor()->set_id("someone");
  event.mutable_actor()->set_kind(static_cast<Actor::Kind>(1 + Below(4)));
  if (Chance(40)) event.mutable_actor()->add_roles("tier_two");
  FillBody(&event);
  return event;
}

void RandomHistory::FillBody(v1::Event* event) {
  switch (Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      v1::Opened* const opened = event->mutable_opened();
      opened->set_account(OneOf(kAccounts));
      opened->set_severity(OneOf(kSeverities));
      opened->set_subject("help");
      if (Chance(20)) opened->add_tags("vip");
      return;
    }
    case 4:
    case 5:
    case 6:
    case 7: {
      v1::MessageAdded* const message = event->mutable_message_added();
      message->set_visibility(Chance(80) ? v1::MessageAdded::PUBLIC : v1::MessageAdded::INTERNAL);
      message->set_is_question(Chance(40));
      if (Chance(20)) message->add_tokens("#escalate");
      if (Chance(20)) ToProto(now_ + Duration::Hours(3), message->mutable_next_follow_up_at());
      return;
    }
    case 8:
    case 9:
      event->mutable_status_changed()->set_status(static_cast<StatusChanged::Status>(1 + Below(5)));
      return;
    case 10:
    case 11:
      event->mutable_severity_changed()->set_severity(OneOf(kSeverities));
      return;
    case 12:
      event->mutable_assigned()->set_assignee(Chance(70) ? "maria" : "");
      return;
    case 13: {
      v1::Field* const field = event->mutable_fields_changed()->add_fields();
      field->set_name("latest_at");
      if (Chance(80))
        field->set_value(ToText(now_ + Duration::Hours(static_cast<int64_t>(1 + Below(48)))));
      return;
    }
    case 14:
      if (Chance(30)) {
        event->mutable_merged()->set_into(Cat("T-", Below(kTickets)));
      } else {
        event->mutable_handover_requested()->set_level(Chance(50) ? "l2" : "l1");
      }
      return;
    default:
      if (Chance(50)) {
        ToProto(now_ + Duration::Hours(5), event->mutable_update_agreed()->mutable_until());
      } else {
        event->mutable_escalation_requested()->set_escalation("wake_up");
      }
  }
}

}  // namespace escalation::testing
