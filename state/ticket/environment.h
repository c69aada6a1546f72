// state/ticket/environment.h
//
// What the fold of one ticket may know beside the ticket: published policies, calendars and
// accounts. Nothing else.
//
//   Output      references that live until the next record is folded
//   Invariants  1. every answer is a function of the log up to the present record
//   Errors      none: what is unknown has a defined stand-in; Damaged reports one
//   Threads     the folding thread
#pragma once

#include <string>

#include "escalation/v1/event.pb.h"
#include "state/calendar/calendar.h"
#include "state/policy/compiled_policy.h"

namespace escalation {

// What became of the wish to page somebody.
enum class PageAdmission {
  kAdmitted,
  kMuted,     // A mute covers it.
  kDigested,  // The route's storm bucket is empty: it is counted in a PageDigest.
  kJoined,    // Another ticket's page through the route stands for the problem of both.
};

namespace v1 {
class MuteState;
class TicketFacts;
}  // namespace v1

struct PageAnswer {
  PageAdmission admission = PageAdmission::kAdmitted;
  // kJoined: the other ticket.
  std::string standing = {};
  // kMuted: the mute that covers it.
  const v1::MuteState* mute = nullptr;
};

// Somebody is to be paged.
struct PageWish {
  const std::string& ticket_id;
  const v1::TicketFacts& facts;
  const std::string& escalation;
  const std::string& route;
  // When it was decided.
  Instant at;
};

class Environment {
 public:
  virtual ~Environment() = default;

  virtual const CompiledPolicy& CurrentPolicy() const = 0;
  // The policy of that revision; the oldest that is kept if that one is gone.
  virtual const CompiledPolicy& PolicyAt(int64_t revision) const = 0;
  // "always" and unknown names: 24x7.
  virtual const Calendar& FindCalendar(const std::string& name) const = 0;
  // The moment as people read it where the calendar is kept; where it has no place of its own
  // ("always"), in the policy's display zone.
  virtual std::string LocalText(const std::string& calendar, Instant t) const = 0;
  // Null: unknown account.
  virtual const v1::AccountState* FindAccount(const std::string& account) const = 0;

  // Takes one page from the route's bucket. `highest`: the ticket has the policy's highest
  // severity.
  virtual PageAnswer AdmitPage(const PageWish& wish, bool highest) = 0;
  // Of the mutes that cover such a page the one that ends last; null: none does. With an empty
  // route: of those that cover every route.
  virtual const v1::MuteState* MuteOf(const PageWish& wish) const = 0;
  // The last page that the ticket's escalation had open through the route is not open any more.
  virtual void EndPage(const std::string& ticket_id, const v1::TicketFacts& facts,
                       const std::string& escalation, const std::string& route) = 0;

  // What is stored about a ticket cannot be decoded: nothing of the present turn may be kept.
  virtual void Damaged(const std::string& what) = 0;
};

}  // namespace escalation
