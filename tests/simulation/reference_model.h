// tests/simulation/reference_model.h
//
// What the clocks of every ticket must come to, computed the slow and plain way: all events of a
// ticket are sorted by the moment at which they happened and played from the beginning. Written
// from the rules, not from state/ticket, and shares no code with it; so the two judge each other.
//
//   Input       the policy and calendars in force from the beginning; the log's records in order
//   Output      Expected: each cycle of each promise as it stands net of everything late
//   Invariants  1. what the model does not know the rules of is named, never guessed: Make refuses
//                  such a policy, a ticket with such an event is in Unmodelled and not in Expected
//   Time        that of the records
//   Errors      Make: kUnimplemented, naming what the model does not know
//   Threads     one owner
//
// The rules it knows: one plan, targets in milliseconds on weekly calendars, at most one target of
// a metric and set for each severity; first_response, engagement, triage, next_response,
// periodic_update, requester_wait, agent_work, resolution; opened, messages, statuses, severities,
// assignments, acknowledgements at the pager; duplicates, lateness, marks and ticks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"
#include "escalation/v1/policy.pb.h"
#include "state/base/instant.h"
#include "tests/simulation/reference_calendar.h"
#include "tests/simulation/reference_player.h"

namespace escalation::simulation {

class ReferenceModel {
 public:
  // The policy and its calendars hold for every record that is added.
  static absl::StatusOr<ReferenceModel> Make(const v1::Policy& policy,
                                             const v1::CalendarSet& calendars);

  // The next record of the log, with the time at which the log took it.
  void Add(Instant appended, const v1::Event& event);

  // After the records so far.
  std::map<CycleKey, CycleOutcome> Expected() const;
  // Ticket -> why the model says nothing of it. The ticket "" stands for all.
  const std::map<std::string, std::string>& Unmodelled() const { return unmodelled_; }
  // Tickets that some event came late for: decisions told of them twice.
  const std::set<std::string>& Late() const { return late_; }
  // {metric, set} of a target's name; empty: the policy has no such target.
  std::optional<std::pair<std::string, std::string>> PromiseOf(const std::string& target) const;
  // Every due moment of an open ticket up to here has been decided.
  Instant fired_until() const { return fired_until_; }

  ReferenceModel(ReferenceModel&&) = default;
  ReferenceModel& operator=(ReferenceModel&&) = default;

 private:
  ReferenceModel() = default;

  absl::Status TakeTargets(const v1::Policy& policy);
  bool IsDuplicate(const v1::Event& event);
  Instant Place(Instant appended, const v1::Event& event) const;
  Duration LatenessOf(const std::string& source) const;
  Duration HoldOf(const std::string& source) const;
  void AddTick(Instant appended, const v1::Tick& tick);
  void AddToTicket(const std::string& ticket_id, Instant appended, const v1::Event& event);
  void AddPageEvent(Instant appended, const v1::Event& event);
  void Unmodel(const std::string& ticket_id, std::string why);

  v1::Policy policy_;
  std::map<std::string, ReferenceCalendar> calendars_;
  std::vector<ReferencePromise> promises_;
  std::map<std::string, std::vector<ReferenceEntry>> tickets_;  // In order of arrival.
  std::map<std::string, std::string> unmodelled_;
  std::set<std::string> late_;
  std::set<std::pair<std::string, std::string>> seen_;  // Source and id.
  std::map<std::tuple<std::string, std::string, int>, std::pair<int64_t, int>> positions_;
  struct Mark {
    std::string generation;
    Instant through;
    Instant marked;
    bool stale = false;
  };
  std::map<std::string, Mark> marks_;
  Instant fired_until_ = Instant::Past();
};

}  // namespace escalation::simulation
