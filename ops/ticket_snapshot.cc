#include "ops/ticket_snapshot.h"

#include <algorithm>
#include <utility>

#include "state/base/ids.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::RepeatedPtrField;

void AddEach(const RepeatedPtrField<std::string>& from, RepeatedPtrField<std::string>* to) {
  for (const std::string& text : from) {
    if (std::find(to->begin(), to->end(), text) == to->end()) *to->Add() = text;
  }
}

void RemoveEach(const RepeatedPtrField<std::string>& from, RepeatedPtrField<std::string>* to) {
  for (const std::string& text : from) {
    to->erase(std::remove(to->begin(), to->end(), text), to->end());
  }
}

void SetField(const v1::Field& field, RepeatedPtrField<v1::Field>* fields) {
  const auto same = [&field](const v1::Field& other) { return other.name() == field.name(); };
  fields->erase(std::remove_if(fields->begin(), fields->end(), same), fields->end());
  if (!field.value().empty()) *fields->Add() = field;
}

// An event's id that does not depend on when the import ran.
std::string ImportId(std::string_view what, const std::string& ticket_id, Instant as_of) {
  const std::string readable = Cat("import:", what, ":", as_of.ms, ":", ticket_id);
  if (IsId(readable, kIdBytesMax)) return readable;
  return Cat("import:", ToHex(Sha256({readable})).substr(0, 40));
}

v1::Event EventOf(const std::string& tenant, const std::string& ticket_id, Instant as_of) {
  v1::Event event;
  event.set_tenant(tenant);
  event.set_ticket_id(ticket_id);
  ToProto(as_of, event.mutable_occurred_at());
  event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
  return event;
}

}  // namespace

void TicketSnapshot::Apply(const v1::Event& event, Instant at) {
  if (!observed_.has_opened_at()) {
    ToProto(at, observed_.mutable_opened_at());
    observed_.set_status(v1::StatusChanged::OPEN);
  }
  const bool by_agent = event.actor().kind() == v1::Actor::AGENT;
  if (by_agent && (event.has_assigned() || event.has_message_added()) &&
      !observed_.has_engaged_at()) {
    ToProto(at, observed_.mutable_engaged_at());
  }
  v1::Opened& opened = *observed_.mutable_opened();
  switch (event.body_case()) {
    case v1::Event::kOpened:
      opened = event.opened();
      opened_ = true;
      break;
    case v1::Event::kMessageAdded:
      return ApplyMessage(event, at);
    case v1::Event::kStatusChanged:
      return ApplyStatus(event.status_changed());
    case v1::Event::kSeverityChanged:
      opened.set_severity(event.severity_changed().severity());
      break;
    case v1::Event::kAssigned:
      if (event.assigned().has_assignee()) opened.set_assignee(event.assigned().assignee());
      if (event.assigned().has_group()) opened.set_group(event.assigned().group());
      break;
    case v1::Event::kHandoverRequested:
      observed_.set_level(event.handover_requested().level());
      break;
    case v1::Event::kFieldsChanged:
      return ApplyFields(event.fields_changed());
    case v1::Event::kLinkedTo:
      problem_ = event.linked_to().problem();
      break;
    case v1::Event::kMerged:
    case v1::Event::kErased:
      gone_ = true;
      break;
    case v1::Event::kObserved:
      observed_ = event.observed();
      opened_ = true;
      unanswered_.reset();
      if (observed_.has_oldest_unanswered_at()) {
        unanswered_ = FromProto(observed_.oldest_unanswered_at());
        observed_.clear_oldest_unanswered_at();
      }
      break;
    default:
      break;  // About no state that is taken over.
  }
}

void TicketSnapshot::ApplyMessage(const v1::Event& event, Instant at) {
  const bool by_public = event.message_added().visibility() == v1::MessageAdded::PUBLIC;
  if (event.actor().kind() == v1::Actor::CUSTOMER) {
    if (!unanswered_) unanswered_ = at;
  } else if (event.actor().kind() == v1::Actor::AGENT && by_public) {
    if (!observed_.has_first_public_reply_at()) {
      ToProto(at, observed_.mutable_first_public_reply_at());
    }
    ToProto(at, observed_.mutable_last_public_reply_at());
    unanswered_.reset();
  }
}

void TicketSnapshot::ApplyStatus(const v1::StatusChanged& changed) {
  observed_.set_status(changed.status());
  const bool done = changed.status() == v1::StatusChanged::RESOLVED ||
                    changed.status() == v1::StatusChanged::CLOSED;
  if (done) unanswered_.reset();
}

void TicketSnapshot::ApplyFields(const v1::FieldsChanged& changed) {
  v1::Opened& opened = *observed_.mutable_opened();
  for (const v1::Field& field : changed.fields()) SetField(field, opened.mutable_fields());
  AddEach(changed.add_tags(), opened.mutable_tags());
  RemoveEach(changed.remove_tags(), opened.mutable_tags());
  AddEach(changed.add_participants(), opened.mutable_participants());
  RemoveEach(changed.remove_participants(), opened.mutable_participants());
  if (changed.has_subject()) opened.set_subject(changed.subject());
  if (changed.has_product()) opened.set_product(changed.product());
}

std::vector<v1::Event> TicketSnapshot::TakenOver(const std::string& tenant,
                                                 const std::string& ticket_id,
                                                 Instant as_of) const {
  std::vector<v1::Event> events;
  if (gone() || !observed_.has_opened_at()) return events;
  v1::Event& event = events.emplace_back(EventOf(tenant, ticket_id, as_of));
  event.set_id(ImportId("observed", ticket_id, as_of));
  *event.mutable_observed() = observed_;
  if (unanswered_) ToProto(*unanswered_, event.mutable_observed()->mutable_oldest_unanswered_at());
  if (!problem_.empty()) {
    v1::Event& linked = events.emplace_back(EventOf(tenant, ticket_id, as_of));
    linked.set_id(ImportId("problem", ticket_id, as_of));
    linked.mutable_linked_to()->set_problem(problem_);
  }
  return events;
}

}  // namespace escalation
