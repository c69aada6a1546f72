// Records that tie tickets to each other: merged into one, linked to one problem.

#include "state/base/text.h"
#include "state/partition/partition_impl.h"

namespace escalation {

using v1::Event;

void PartitionFold::Impl::FoldMerge(const FoldRecord& record, Tenant* tenant, Instant at) {
  Overlay::TicketSlot& source = overlay_.Ticket(tenant->name(), record.event.ticket_id());
  Overlay::TicketSlot& target = overlay_.LivingTicket(tenant->name(), record.event.merged().into());
  if (&source == &target || !source.state.live().facts().merged_into().empty()) {
    Flag(tenant, source.ticket_id, at, "merge_refused",
         &source == &target
             ? Cat("into ", record.event.merged().into(), ": merges would form a cycle")
             : Cat("already merged into ", source.state.live().facts().merged_into()));
    return;
  }
  CatchUp(tenant, &source);
  const v1::TicketFacts& owed = source.state.live().facts();
  const int64_t unanswered_ms = owed.oldest_unanswered_ms();
  const bool authorized =
      owed.opened_ms() != 0 && !owed.provisional() && !owed.contact_unconfirmed();
  Event merged = record.event;
  merged.mutable_merged()->set_into(target.ticket_id);
  sink_.About(tenant->name(), source.ticket_id, tenant->CurrentPolicy().revision());
  TicketFold fold(*tenant, tenant->name(), source.ticket_id, &source.state, &sink_);
  fold.Apply(merged, record.offset.value, at, record.appended);
  Touch(&source, fold);
  // The other ticket has links of its own; what was linked to this one is linked to it.
  const std::string& problem = source.state.live().facts().problem();
  if (!problem.empty()) tenant->problems().Unlink(problem, source.ticket_id);
  tenant->problems().Merge(source.ticket_id, target.ticket_id);
  if (unanswered_ms == 0 && !(authorized && target.state.live().facts().contact_unconfirmed())) {
    return;
  }
  CatchUp(tenant, &target);
  sink_.About(tenant->name(), target.ticket_id, tenant->CurrentPolicy().revision());
  TicketFold heir(*tenant, tenant->name(), target.ticket_id, &target.state, &sink_);
  const bool begins = authorized && heir.Confirm(at, record.offset.value, record.appended);
  if (unanswered_ms != 0) {
    // Nothing was owed there before.
    heir.Inherit(begins ? at : Instant{unanswered_ms}, record.offset.value, record.appended);
  }
  Touch(&target, heir);
}

// Problems are one level deep: a problem is not linked to another one.
std::string PartitionFold::Impl::WhyNotLinked(Tenant* tenant, const Overlay::TicketSlot& ticket,
                                              const Overlay::TicketSlot& problem) {
  if (&ticket == &problem) return "to itself";
  const std::string& other = problem.state.live().facts().problem();
  if (!other.empty()) return Cat("to ", problem.ticket_id, ", which is linked to ", other);
  if (tenant->problems().IsProblem(ticket.ticket_id)) {
    return Cat("to ", problem.ticket_id, ": other tickets are linked to ", ticket.ticket_id);
  }
  return "";
}

void PartitionFold::Impl::FoldLinked(const FoldRecord& record, Tenant* tenant, Instant at) {
  Overlay::TicketSlot& ticket = overlay_.LivingTicket(tenant->name(), record.event.ticket_id());
  const Overlay::TicketSlot* problem = nullptr;
  FoldRecord linked = record;
  if (!record.event.linked_to().problem().empty()) {
    problem = &overlay_.LivingTicket(tenant->name(), record.event.linked_to().problem());
    const std::string why = WhyNotLinked(tenant, ticket, *problem);
    if (!why.empty()) return Flag(tenant, ticket.ticket_id, at, "link_refused", why);
    linked.event.mutable_linked_to()->set_problem(problem->ticket_id);
  }
  const std::string before = ticket.state.live().facts().problem();
  FoldTicket(linked, tenant, at);
  const std::string& after = ticket.state.live().facts().problem();
  if (after == before) return;  // The same again, or a later link says otherwise.
  if (!before.empty()) tenant->problems().Unlink(before, ticket.ticket_id);
  if (problem == nullptr) return;
  tenant->problems().Link(after, ticket.ticket_id);
  tenant->problems().AddPages(after, problem->ticket_id, problem->state);
  tenant->problems().AddPages(after, ticket.ticket_id, ticket.state);
}

}  // namespace escalation
