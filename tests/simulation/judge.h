// tests/simulation/judge.h
//
// Whether a run kept what escalationd promises: README.md has the rules.
//
//   Input       all that a run left: the log, the decisions stream, requests, open pages
//   Output      one line for each broken rule, for people; none: all were kept
//   Invariants  1. the judge folds the log itself and trusts no process
//   Threads     stateless
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/log.h"
#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"
#include "tests/simulation/random.h"
#include "tests/simulation/simulated_pager.h"

namespace escalation::simulation {

struct Evidence {
  v1::Policy policy;
  v1::CalendarSet calendars;
  std::vector<Record> records;
  std::vector<PublishedDecision> published;
  // Of the last process's store, its identity left out; empty: not known.
  std::string state_digest;
  std::vector<PagerCall> calls;
  std::map<std::pair<std::string, std::string>, Instant> open_pages;
  // Seen while it ran.
  std::vector<std::string> problems;
};

std::vector<std::string> Judge(const Evidence& evidence, uint64_t seed);

}  // namespace escalation::simulation
