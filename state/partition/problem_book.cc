#include "state/partition/problem_book.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

void Add(const std::string& ticket_id, const std::string& escalation, const std::string& route,
         v1::ProblemState* state) {
  for (const v1::ProblemPage& page : state->pages()) {
    if (page.ticket_id() == ticket_id && page.escalation() == escalation && page.route() == route) {
      return;
    }
  }
  v1::ProblemPage* const page = state->add_pages();
  page->set_ticket_id(ticket_id);
  page->set_escalation(escalation);
  page->set_route(route);
}

template <typename Predicate>
void RemoveIf(v1::ProblemState* state, const Predicate& predicate) {
  auto* const pages = state->mutable_pages();
  pages->erase(std::remove_if(pages->begin(), pages->end(), predicate), pages->end());
}

}  // namespace

std::string ProblemBook::GroupOf(const std::string& ticket_id, const std::string& linked_to) {
  return linked_to.empty() ? ticket_id : overlay_.LivingTicket(tenant_, linked_to).ticket_id;
}

bool ProblemBook::Load(const std::string& problem, v1::ProblemState* state) {
  const auto value = overlay_.Get(keys::Problem(tenant_, problem));
  if (!value) return false;
  if (state->ParseFromString(*value)) return true;
  overlay_.Fail(absl::DataLossError(Cat("problem ", tenant_, "/", problem, " cannot be decoded")));
  return false;
}

void ProblemBook::Store(const std::string& problem, const v1::ProblemState& state) {
  if (state.tickets() > 0) {
    overlay_.Put(keys::Problem(tenant_, problem), state.SerializeAsString());
  } else {
    overlay_.Delete(keys::Problem(tenant_, problem));
  }
}

bool ProblemBook::IsProblem(const std::string& ticket_id) {
  return overlay_.Get(keys::Problem(tenant_, ticket_id)).has_value();
}

void ProblemBook::Link(const std::string& problem, const std::string& ticket_id) {
  const std::string key = keys::Linked(tenant_, problem, ticket_id);
  if (overlay_.Get(key)) return;
  overlay_.Put(key, "");
  v1::ProblemState state;
  Load(problem, &state);
  state.set_tickets(state.tickets() + 1);
  Store(problem, state);
}

void ProblemBook::Unlink(const std::string& problem, const std::string& ticket_id) {
  const std::string key = keys::Linked(tenant_, problem, ticket_id);
  if (!overlay_.Get(key)) return;
  overlay_.Delete(key);
  const std::string group = overlay_.LivingTicket(tenant_, problem).ticket_id;
  v1::ProblemState state;
  if (!Load(group, &state)) return;
  state.set_tickets(state.tickets() - 1);
  RemoveIf(&state, [&](const v1::ProblemPage& page) { return page.ticket_id() == ticket_id; });
  Store(group, state);
}

void ProblemBook::Merge(const std::string& problem, const std::string& into) {
  v1::ProblemState source, target;
  if (!Load(problem, &source)) return;
  Load(into, &target);
  target.set_tickets(target.tickets() + source.tickets());
  for (const v1::ProblemPage& page : source.pages()) {
    if (page.ticket_id() != problem) {
      Add(page.ticket_id(), page.escalation(), page.route(), &target);
    }
  }
  Store(problem, v1::ProblemState());
  Store(into, target);
}

void ProblemBook::AddPages(const std::string& problem, const std::string& ticket_id,
                           const v1::TicketState& ticket) {
  v1::ProblemState state;
  if (!Load(problem, &state)) return;
  for (const v1::EscalationState& run : ticket.escalations()) {
    for (const v1::PageState& page : run.pages()) {
      if (IsOpen(page)) Add(ticket_id, run.name(), page.route(), &state);
    }
  }
  Store(problem, state);
}

std::string ProblemBook::Standing(const std::string& ticket_id, const std::string& linked_to,
                                  const std::string& route) {
  v1::ProblemState state;
  if (!Load(GroupOf(ticket_id, linked_to), &state)) return "";
  for (const v1::ProblemPage& page : state.pages()) {
    if (page.route() != route) continue;
    return page.ticket_id() == ticket_id ? "" : page.ticket_id();
  }
  return "";
}

void ProblemBook::AddPage(const std::string& ticket_id, const std::string& linked_to,
                          const std::string& escalation, const std::string& route) {
  const std::string group = GroupOf(ticket_id, linked_to);
  v1::ProblemState state;
  if (!Load(group, &state)) return;
  Add(ticket_id, escalation, route, &state);
  Store(group, state);
}

void ProblemBook::RemovePage(const std::string& ticket_id, const std::string& linked_to,
                             const std::string& escalation, const std::string& route) {
  const std::string group = GroupOf(ticket_id, linked_to);
  v1::ProblemState state;
  if (!Load(group, &state)) return;
  RemoveIf(&state, [&](const v1::ProblemPage& page) {
    return page.ticket_id() == ticket_id && page.escalation() == escalation &&
           page.route() == route;
  });
  Store(group, state);
}

}  // namespace escalation
