// ops/altered_history.h
//
// A log's events with a tenant's policy or calendars exchanged.
//
//   Input       the events of a log in order
//   Output      the events of the changed log
//   Invariants  as what_if.h, 1
//   Errors      none
//   Threads     one owner
#pragma once

#include <vector>

#include "escalation/v1/event.pb.h"
#include "ops/what_if.h"

namespace escalation {

class AlteredHistory {
 public:
  // `change` outlives it.
  explicit AlteredHistory(const WhatIfChange& change);

  // What comes before the first event.
  std::vector<v1::Event> Beginning();
  // False: the event is left out. It may be changed.
  bool Keep(v1::Event* event);

 private:
  bool KeepCalendars(v1::CalendarSet* calendars);

  const WhatIfChange& change_;
  // Publications of calendars are numbered anew.
  int64_t calendars_revision_ = 0;
};

}  // namespace escalation
