// ops/load_file.h
//
// How much comes, and how fast people answer: what `simulate --load` invents tickets from.
//
//   Input       a YAML file, below; the policy's calendars, which it may name
//   Output      the load
//   Errors      kInvalidArgument: file:line:col for each mistake, unknown keys among them
//   Threads     stateless; safe everywhere
//
//   load: spring                       # for people
//   seed: 1                            # the same seed, the same tickets
//   start: 2026-03-02T00:00:00+01:00
//   weeks: 8                           # 1 to 52
//   calendars: {busy: {...}}           # as in a policy
//   arrivals:                          # the first whose calendar is open counts
//     - {during: busy, per_hour: 6}
//     - {per_hour: 0.5}                # without during: always. At most 3600
//   tickets:                           # what comes, by weight
//     - {share: 3, plan: gold, severity: high, account: acme}
//   answers:                           # how fast, the first whose severity matches
//     - {severity: [high], after: {0: 1m, 50: 10m, 90: 40m, 100: 3h}}
//     - {after: {0: 5m, 50: 1h, 100: 1d}, during: busy, resolved: {0: 1h, 100: 3d}, never: 2}
//   acknowledged: {0: 1m, 50: 4m, 100: 20m}   # until somebody who is paged acts; left out: nobody
//   night: night                       # calendar of the hours that count as night
//
// A length is written as points of its distribution: percent and length, straight in between.
// `after` and `resolved` count the open time of `during`; `never`: percent that nobody answers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "state/calendar/calendar.h"
#include "state/policy/policy_loader.h"

namespace escalation {

// Points of a distribution: per cent from 0 to 100, and lengths that do not fall.
class LengthPoints {
 public:
  LengthPoints() = default;
  explicit LengthPoints(std::vector<std::pair<int64_t, Duration>> points)
      : points_(std::move(points)) {}

  bool empty() const { return points_.empty(); }
  Duration shortest() const { return points_.front().second; }
  // At a share of 0 to 999,999 millionths.
  Duration At(int64_t millionths) const;

 private:
  std::vector<std::pair<int64_t, Duration>> points_;
};

struct LoadArrivals {
  std::shared_ptr<const Calendar> during;
  // Thousandths of a ticket.
  int64_t per_hour_milli = 0;
};

struct LoadTickets {
  int64_t share = 1;
  std::string plan, severity, account;
};

struct LoadAnswers {
  std::vector<std::string> severities;
  std::shared_ptr<const Calendar> during;
  LengthPoints after, resolved;
  int64_t never_percent = 0;
};

struct Load {
  std::string name;
  uint64_t seed = 1;
  Instant start;
  int64_t weeks = 1;
  std::vector<LoadArrivals> arrivals;
  std::vector<LoadTickets> tickets;
  std::vector<LoadAnswers> answers;
  LengthPoints acknowledged;
  std::shared_ptr<const Calendar> night;

  Instant end() const { return start + Duration::Days(7 * weeks); }
};

absl::StatusOr<Load> ReadLoadFile(const std::string& path, const LoadedPolicy& policy);
// `name` stands in messages for the file.
absl::StatusOr<Load> ReadLoadText(const std::string& name, std::string_view text,
                                  const LoadedPolicy& policy);

}  // namespace escalation
