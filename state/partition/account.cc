#include "state/partition/account.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/policy/span.h"

namespace escalation {
namespace {

using google::protobuf::RepeatedPtrField;

constexpr int kMonthsOfYear = 12;

// An empty list: anybody.
bool MayDo(const v1::Actor& actor, const RepeatedPtrField<std::string>& roles) {
  if (roles.empty()) return true;
  return std::any_of(actor.roles().begin(), actor.roles().end(), [&](const std::string& role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  });
}

bool SameNames(const RepeatedPtrField<std::string>& a, const RepeatedPtrField<std::string>& b) {
  std::vector<std::string> x(a.begin(), a.end()), y(b.begin(), b.end());
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  return x == y;
}

Instant EffectiveAt(const v1::AccountChanged& planned) { return FromProto(planned.effective_at()); }

// The same day so many months later; the last one of its month where there is no such day.
int32_t MonthsLater(CivilDay from, int months) {
  const int month = from.month - 1 + months;
  const CivilDay first{from.year + month / kMonthsOfYear, month % kMonthsOfYear + 1, 1};
  const CivilDay next{first.year + first.month / kMonthsOfYear, first.month % kMonthsOfYear + 1, 1};
  const int32_t begin = DaysFromCivil(first);
  return begin + std::min(from.day, DaysFromCivil(next) - begin) - 1;
}

}  // namespace

AccountFold::AccountFold(Tenant* tenant, std::string account, DecisionSink* sink)
    : tenant_(tenant),
      account_(std::move(account)),
      policy_(tenant->CurrentPolicy()),
      sink_(*sink) {}

v1::Decision& AccountFold::Decide(Instant at, std::string_view rule) {
  v1::Decision& decision = sink_.Add(at, Instant::Never(), rule);
  decision.set_account(account_);
  return decision;
}

void AccountFold::Flag(Instant at, std::string_view rule, const char* reason, std::string detail) {
  v1::Flagged* const flagged = Decide(at, rule).mutable_flagged();
  flagged->set_reason(reason);
  flagged->set_detail(std::move(detail));
}

const std::string& AccountFold::PlanUnder(const v1::AccountChanged& facts) const {
  const std::string* plan = &facts.plan();
  if (!facts.parent().empty() && tenant_->accounts().Own(facts.parent()).has_facts()) {
    plan = &tenant_->FindAccount(facts.parent())->facts().plan();
  }
  return policy_.FindPlan(*plan) != nullptr ? *plan : policy_.policy().default_plan();
}

int AccountFold::RankOf(const std::string& plan) const {
  const auto& plans = policy_.policy().plans();
  for (int rank = 0; rank < plans.size(); ++rank) {
    if (plans[rank].name() == plan) return rank;
  }
  return -1;
}

bool AccountFold::IsPerson(const v1::Actor& actor) {
  return actor.kind() == v1::Actor::CUSTOMER || actor.kind() == v1::Actor::AGENT ||
         actor.kind() == v1::Actor::BOT;
}

bool AccountFold::MayMove(const v1::Actor& actor, const std::string& plan) const {
  return RankOf(plan) >= RankOf(PlanUnder(Own().facts())) ||
         MayDo(actor, policy_.policy().permissions().downgrade());
}

bool AccountFold::Permits(const v1::Event& event, Instant from, Instant at) {
  const v1::AccountChanged& changed = event.account_changed();
  if (!IsPerson(event.actor())) return true;
  // What the record would replace.
  const v1::AccountChanged* before = &Own().facts();
  for (const v1::AccountChanged& planned : Own().planned()) {
    if (EffectiveAt(planned) <= from) before = &planned;
  }
  const v1::Permissions& permissions = policy_.policy().permissions();
  std::string what;
  const auto refuse = [&what](const char* part) { CatTo(&what, what.empty() ? "" : ", ", part); };
  if (!MayDo(event.actor(), permissions.access())) {
    if (!SameNames(before->contacts(), changed.contacts())) refuse("contacts");
    if (!SameNames(before->logins(), changed.logins())) refuse("logins");
  }
  const bool lowers = RankOf(PlanUnder(changed)) < RankOf(PlanUnder(*before));
  if (lowers && !MayDo(event.actor(), permissions.downgrade())) refuse("plan");
  if (what.empty()) return true;
  Flag(at, "permissions", "account_change_not_permitted",
       Cat("account ", account_, ": ", what, ", by ", event.actor().id()));
  return false;
}

void AccountFold::CheckTerms(const v1::AccountChanged& changed, Instant at) {
  // Another plan's will do: the account may come to have that.
  const auto has_target = [&plans = policy_.policy().plans()](const std::string& name) {
    return std::any_of(plans.begin(), plans.end(), [&name](const v1::Plan& plan) {
      return std::any_of(plan.targets().begin(), plan.targets().end(),
                         [&name](const v1::Target& target) { return target.name() == name; });
    });
  };
  for (const v1::AccountChanged::Override& exception : changed.overrides()) {
    std::string against;
    if (const auto span = ParseSpan(exception.within()); !span.ok()) {
      against = std::string(span.status().message());
    } else if (tenant_->has_policy() && !has_target(exception.target())) {
      against = "no plan of the policy has it";
    }
    if (against.empty()) continue;
    Flag(at, "", "override_refused",
         Cat("account ", account_, ", target ", exception.target(), ": ", against));
  }
  if (!tenant_->has_policy() || tenant_->HasCalendar(changed.calendar())) return;
  Flag(at, "", "unknown_calendar",
       Cat("account ", account_, ": there is no calendar \"", changed.calendar(),
           "\", so every hour counts"));
}

void AccountFold::Plan(const v1::AccountChanged& changed, Instant from, Instant at) {
  if (Own().planned_size() >= kPlannedMax) {
    Flag(at, "", "too_many_planned_changes",
         Cat("account ", account_, ": ", kPlannedMax, " changes wait already, the one of ", from,
             " is not kept"));
    return;
  }
  tenant_->accounts().Change(account_, [&](v1::AccountState* state) {
    auto* const planned = state->mutable_planned();
    *planned->Add() = changed;
    const auto place =
        std::find_if(planned->begin(), planned->end() - 1,
                     [&](const v1::AccountChanged& known) { return EffectiveAt(known) > from; });
    std::rotate(place, planned->end() - 1, planned->end());
  });
}

AccountFold::Effect AccountFold::ChangeAsPlanned(Instant* at) {
  const v1::AccountChanged changed = Own().planned(0);
  *at = EffectiveAt(changed);
  FireUntil(*at - Duration{1});
  tenant_->accounts().Change(account_, [](v1::AccountState* state) {
    state->mutable_planned()->erase(state->mutable_planned()->begin());
  });
  return Change(changed, *at);
}

AccountFold::Effect AccountFold::Change(v1::AccountChanged changed, Instant at) {
  if (!changed.parent().empty()) {
    const std::string against = tenant_->accounts().CheckParent(account_, changed.parent());
    if (!against.empty()) {
      Flag(at, "", "parent_cycle", Cat("account ", account_, " stays without a parent: ", against));
      changed.clear_parent();
    }
  }
  if (tenant_->has_policy() && !changed.plan().empty() && RankOf(changed.plan()) < 0) {
    Flag(at, "", "unknown_plan",
         Cat("account ", account_, ": the policy has no plan \"", changed.plan(), "\""));
  }
  const bool first = !Own().has_facts();
  const std::string before = PlanUnder(Own().facts());
  const std::string plan = PlanUnder(changed);
  if (!first && plan != before) CheckMinimumTerm(before, at);
  tenant_->accounts().SetFacts(account_, changed);
  if (first || plan != before) {
    tenant_->accounts().Change(account_,
                               [&](v1::AccountState* state) { state->set_plan_since_ms(at.ms); });
  }
  return first || plan != before ? Effect::kPlan : Effect::kAccount;
}

void AccountFold::CheckMinimumTerm(const std::string& plan, Instant at) {
  const CompiledPlan* const left = policy_.FindPlan(plan);
  const int64_t since_ms = Own().plan_since_ms();
  // What a unit leaves is not its own.
  if (left == nullptr || since_ms == 0 || !Own().facts().parent().empty()) return;
  const int months = left->plan->minimum_term_months();
  if (months == 0) return;
  const int32_t ends = MonthsLater(tenant_->LocalDate(Instant{since_ms}), months);
  if (DaysFromCivil(tenant_->LocalDate(at)) >= ends) return;
  Flag(at, left->plan->path(), "within_minimum_term",
       Cat("account ", account_, " leaves plan ", plan, ", whose term of ", months,
           " months ends on ", DayToText(ends)));
}

void AccountFold::Follow(const v1::Event& event, Instant at) {
  const v1::FollowChanged& changed = event.follow_changed();
  // Who follows may stop at any time.
  const bool stops = !changed.follows() && event.actor().id() == changed.follower();
  if (!stops && !MayDo(event.actor(), policy_.policy().permissions().follow())) {
    Flag(at, "permissions.follow", "follow_not_permitted",
         Cat("account ", account_, ", follower ", changed.follower(), ", by ", event.actor().id()));
    return;
  }
  tenant_->accounts().Change(account_, [&](v1::AccountState* state) {
    auto* const followers = state->mutable_followers();
    const auto place = std::lower_bound(followers->begin(), followers->end(), changed.follower());
    const bool known = place != followers->end() && *place == changed.follower();
    if (known == changed.follows()) return;
    if (known) {
      followers->erase(place);
    } else {
      *followers->Add() = changed.follower();
      std::sort(followers->begin(), followers->end());
    }
  });
}

void AccountFold::Use(const v1::EntitlementUsed& used, Instant at) {
  const CompiledPlan* const plan = policy_.FindPlan(PlanUnder(Own().facts()));
  const v1::EntitlementTerms* terms = nullptr;
  if (plan != nullptr) {
    for (const v1::EntitlementTerms& known : plan->plan->entitlements()) {
      if (known.name() == used.entitlement()) terms = &known;
    }
  }
  if (terms == nullptr) {
    Flag(at, plan == nullptr ? std::string() : plan->plan->path(), "not_entitled",
         Cat("account ", account_, ": ", used.entitlement(), " is not part of plan ",
             PlanUnder(Own().facts())));
    return;
  }
  const Instant starts = used.has_starts_at() ? FromProto(used.starts_at()) : at;
  if (terms->lead_ms() > 0 && (starts - at).ms < terms->lead_ms()) {
    v1::BookingTooLate* const late = Decide(at, terms->path()).mutable_booking_too_late();
    late->set_account(account_);
    late->set_entitlement(used.entitlement());
    ToProto(starts - at, late->mutable_lead());
    ToProto(Duration{terms->lead_ms()}, late->mutable_required());
    return;
  }
  const Duration length = FromProto(used.duration());
  if (terms->longest_ms() > 0 && length.ms > terms->longest_ms()) {
    Flag(at, terms->path(), "booking_too_long",
         Cat("account ", account_, ": ", used.entitlement(), " for ", length, ", at most ",
             Duration{terms->longest_ms()}));
    return;
  }
  const int year = tenant_->LocalDate(starts).year;
  int count = 0;
  for (const v1::EntitlementUse& use : Own().uses()) {
    if (use.entitlement() == used.entitlement() && use.year() == year) count = use.used();
  }
  if (terms->per_year() > 0 && count >= terms->per_year()) {
    v1::EntitlementExhausted* const exhausted =
        Decide(at, terms->path()).mutable_entitlement_exhausted();
    exhausted->set_account(account_);
    exhausted->set_entitlement(used.entitlement());
    exhausted->set_quota(terms->per_year());
    return;
  }
  SetCount(used.entitlement(), year, ++count, tenant_->LocalDate(at).year - 1);
  v1::EntitlementCounted* const counted = Decide(at, terms->path()).mutable_entitlement_counted();
  counted->set_account(account_);
  counted->set_entitlement(used.entitlement());
  counted->set_used(count);
  counted->set_quota(terms->per_year());
  counted->set_charged(terms->charged());
}

void AccountFold::SetCount(const std::string& entitlement, int year, int count, int kept_from) {
  tenant_->accounts().Change(account_, [&](v1::AccountState* state) {
    auto* const uses = state->mutable_uses();
    uses->erase(std::remove_if(uses->begin(), uses->end(),
                               [&](const v1::EntitlementUse& use) {
                                 return use.year() < kept_from ||
                                        (use.entitlement() == entitlement && use.year() == year);
                               }),
                uses->end());
    v1::EntitlementUse* const use = uses->Add();
    use->set_entitlement(entitlement);
    use->set_year(year);
    use->set_used(count);
    std::sort(uses->begin(), uses->end(),
              [](const v1::EntitlementUse& a, const v1::EntitlementUse& b) {
                return std::make_pair(std::string_view(a.entitlement()), a.year()) <
                       std::make_pair(std::string_view(b.entitlement()), b.year());
              });
  });
}

}  // namespace escalation
