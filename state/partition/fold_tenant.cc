// Records about a tenant as a whole: policies, calendars, marks, publication.

#include <algorithm>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/calendar/check.h"
#include "state/partition/keys.h"
#include "state/partition/partition_impl.h"
#include "state/policy/policy_check.h"

namespace escalation {

void PartitionFold::Impl::FoldMark(const FoldRecord& record, Tenant* tenant) {
  const v1::SourceMark& mark = record.event.source_mark();
  v1::MarkState* state = nullptr;
  for (v1::MarkState& known : *tenant->state().mutable_marks()) {
    if (known.source() == mark.source()) state = &known;
  }
  if (state == nullptr) {
    state = tenant->state().add_marks();
    state->set_source(mark.source());
  }
  // A recreated source begins anew; otherwise a mark never goes back.
  const int64_t through_ms = FromProto(mark.through_time()).ms;
  const bool recreated = state->generation() != mark.generation();
  state->set_generation(mark.generation());
  state->set_through_ms(recreated ? through_ms : std::max(state->through_ms(), through_ms));
  state->set_marked_ms(record.appended.ms);
  state->set_stale(false);
  tenant->MarkDirty();
}

void PartitionFold::Impl::FoldPolicy(const FoldRecord& record, Tenant* tenant, Instant at) {
  const v1::PolicyPublished& published = record.event.policy_published();
  const v1::Policy& policy = published.policy();
  const int64_t current = tenant->CurrentPolicy().revision();
  if (policy.revision() == current &&
      tenant->state().policy_hash() == Sha256({policy.SerializeAsString()})) {
    return;
  }
  std::string problem;
  if (policy.tenant() != tenant->name()) {
    problem = Cat("is for tenant \"", policy.tenant(), "\", expected \"", tenant->name(), "\"");
  } else if (policy.revision() <= current) {
    problem = Cat("has revision ", policy.revision(), ", expected more than ", current);
  } else if (const auto problems = CheckPolicy(policy, nullptr); !problems.empty()) {
    problem = Cat(problems.front().path, ": ", problems.front().text);
  }
  if (!problem.empty()) {
    Refuse(tenant, at, "policy_refused", Cat("policy \"", policy.name(), "\" ", problem));
    return;
  }
  const bool first = !tenant->has_policy();
  tenant->AddPolicy(policy);
  if (first || published.apply() == v1::PolicyPublished::RUNNING) {
    v1::FanOut change = FanOutOf(record, v1::FanOut::POLICY, at);
    change.set_first_policy(first);
    BeginChange(std::move(change));
  }
}

void PartitionFold::Impl::FoldCalendars(const FoldRecord& record, Tenant* tenant, Instant at) {
  const v1::CalendarSet& set = record.event.calendars_published().calendars();
  const int64_t current = tenant->state().calendars_revision();
  if (set.revision() == current &&
      tenant->state().calendars_hash() == Sha256({set.SerializeAsString()})) {
    return;
  }
  std::string problem;
  if (set.revision() <= current) {
    problem = Cat("have revision ", set.revision(), ", expected more than ", current);
  } else if (const auto problems = CheckCalendarSet(set); !problems.empty()) {
    problem = Cat(problems.front().path, ": ", problems.front().message);
  } else if (absl::Status status = tenant->AddCalendars(set); !status.ok()) {
    problem = std::string(status.message());
  }
  if (!problem.empty()) {
    Refuse(tenant, at, "calendars_refused", Cat("calendars ", problem));
    return;
  }
  RearmAccounts(tenant, current, at);
  v1::FanOut change = FanOutOf(record, v1::FanOut::CALENDARS, at);
  change.set_previous_revision(current);
  BeginChange(std::move(change));
}

absl::Status PartitionFold::Impl::FoldPublished(const v1::Published& published) {
  const uint64_t through = published.through_seq();
  if (through <= state_.published_through()) return absl::OkStatus();
  if (through > state_.seq()) {
    return absl::DataLossError(Cat("decisions up to seq ", through,
                                   " were published, but this fold decided only ", state_.seq(),
                                   ": it does not decide what the publisher decided"));
  }
  v1::OutboxEntry entry;
  const auto value = overlay_.GetFromOutbox(through);
  if (value && entry.ParseFromString(*value) && !published.decisions_hash().empty() &&
      entry.chain_hash() != published.decisions_hash()) {
    return absl::DataLossError(Cat("decisions up to seq ", through, " differ: published ",
                                   ToHex(published.decisions_hash()), ", folded here ",
                                   ToHex(entry.chain_hash())));
  }
  overlay_.TrimOutbox(state_.published_through() + 1, through);
  state_.set_published_through(through);
  return absl::OkStatus();
}

}  // namespace escalation
