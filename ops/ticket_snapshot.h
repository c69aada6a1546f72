// ops/ticket_snapshot.h
//
// A ticket's state as of a moment, from the events that led to it: what a day-one import tells the
// fold (Observed in event.proto).
//
//   Input       the events of one ticket, in order of time
//   Output      events that take the ticket over: Observed, and its problem if it has one
//   Invariants  1. what the ticket's clocks depend on is there: opening, first and last public
//                  reply, oldest unanswered message, first action of an agent, status, severity,
//                  fields
//               2. the same events give the same ids and bytes
//   Time        that of the events
//   Errors      none; nothing to take over: no event
//   Threads     one at a time
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation {

class TicketSnapshot {
 public:
  void Apply(const v1::Event& event, Instant at);

  // Closed, merged, erased: there is nothing to take over.
  bool gone() const { return gone_ || observed_.status() == v1::StatusChanged::CLOSED; }
  // Its opening was among the events. Else the first one stands for it.
  bool opened() const { return opened_; }

  std::vector<v1::Event> TakenOver(const std::string& tenant, const std::string& ticket_id,
                                   Instant as_of) const;

 private:
  void ApplyMessage(const v1::Event& event, Instant at);
  void ApplyFields(const v1::FieldsChanged& changed);
  void ApplyStatus(const v1::StatusChanged& changed);

  v1::Observed observed_;
  std::string problem_;
  std::optional<Instant> unanswered_;
  bool opened_ = false;
  bool gone_ = false;
};

}  // namespace escalation
