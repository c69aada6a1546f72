// ops/load_simulation.h
//
// How many pages a policy would cause with an invented load: tickets come by chance, people answer
// by chance, and whoever is paged acts.
//
//   Input       a policy; a load
//   Output      per route the pages of each night and of the whole time
//   Invariants  1. the same seed gives the same tickets and answers on every machine, whatever the
//                  policy: chance is ours, in integers, and each ticket has its own
//               2. nothing random reaches the fold but in the events
//               3. an arrival is a second that happens with a chance of per_hour / 3600
//   Time        that of the load
//   Errors      as the fold
//   Threads     one thread
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/load_file.h"
#include "state/policy/policy_loader.h"

namespace escalation {

struct RouteLoad {
  int64_t pages = 0;
  // One entry a night of the load, in order.
  std::vector<int64_t> nights;

  int64_t night_pages() const;
  int64_t quiet_nights() const;
  // Pages of the night that `percent` of the nights do not exceed: the nearest rank.
  int64_t Quantile(int percent) const;
};

struct LoadResult {
  int64_t tickets = 0;
  int64_t events = 0;
  int64_t breaches = 0;
  int64_t nights = 0;
  // Every route of the policy, also those that nobody was paged on.
  std::map<std::string, RouteLoad> routes;
};

absl::StatusOr<LoadResult> SimulateLoad(const LoadedPolicy& policy, const Load& load);

}  // namespace escalation
