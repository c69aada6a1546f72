// state/partition/problem_book.h
//
// The problems of a tenant: tickets with one cause, for all of which one page through a route is
// enough.
//
//   Input       which ticket is linked to which; which pages are open
//   Output      ProblemState and the index of linked tickets (keys.h); whose page stands
//   Invariants  1. of a route the first ticket with an open page stands, until it has none; then
//                  the next one does
//               2. a problem is a ticket too: its own pages stand like those of the others
//   Time        none of its own
//   Errors      what is stored and cannot be decoded goes to the overlay's status
//   Threads     the folding thread
#pragma once

#include <string>

#include "escalation/v1/state.pb.h"
#include "state/partition/overlay.h"

namespace escalation {

class ProblemBook {
 public:
  // Borrows `overlay`.
  ProblemBook(const std::string& tenant, Overlay* overlay) : tenant_(tenant), overlay_(*overlay) {}

  // Some ticket is linked to it.
  bool IsProblem(const std::string& ticket_id);

  void Link(const std::string& problem, const std::string& ticket_id);
  // Also where it is not linked: nothing happens then.
  void Unlink(const std::string& problem, const std::string& ticket_id);
  // The problem became part of another ticket.
  void Merge(const std::string& problem, const std::string& into);

  // Every page of the ticket that is open now stands, or waits for its turn.
  void AddPages(const std::string& problem, const std::string& ticket_id,
                const v1::TicketState& ticket);

  // `linked_to`: the ticket's problem; empty: it is linked to none.
  // Another ticket, whose page through the route stands; empty: none.
  std::string Standing(const std::string& ticket_id, const std::string& linked_to,
                       const std::string& route);
  void AddPage(const std::string& ticket_id, const std::string& linked_to,
               const std::string& escalation, const std::string& route);
  void RemovePage(const std::string& ticket_id, const std::string& linked_to,
                  const std::string& escalation, const std::string& route);

 private:
  // The problem, or what lives on where it was merged; of a ticket without one, the ticket itself.
  std::string GroupOf(const std::string& ticket_id, const std::string& linked_to);
  // False: no ticket is linked to it.
  bool Load(const std::string& problem, v1::ProblemState* state);
  void Store(const std::string& problem, const v1::ProblemState& state);

  const std::string tenant_;
  Overlay& overlay_;
};

}  // namespace escalation
