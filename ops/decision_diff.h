// ops/decision_diff.h
//
// How two runs of decisions differ: what only the first decided, what only the second did, and what
// that means for the pages that people get.
//
//   Input       decisions of each run, batch by batch; the zone in which people read hours
//   Output      lines in order of their moments: "- ..." only before, "+ ..." only after; figures
//   Invariants  1. ids, positions and log times do not count: only what was decided, about what,
//                  and when it holds
//               2. of the pages of one ticket and route, those at the same moment are the same
//                  page; the others are paired in order of time: earlier or later. What is left
//                  over was removed or added. Broken promises are compared likewise, by ticket,
//                  metric and target; one that was retracted does not count
//               3. memory follows what differs, not what was decided. Beyond kLinesMax lines only
//                  the figures go on, and `unlisted` says how many lines are missing
//   Errors      none
//   Threads     one owner
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "state/calendar/zone.h"

namespace escalation {

struct ChangeFigures {
  int64_t before = 0;
  int64_t after = 0;
  int64_t added = 0;
  int64_t removed = 0;
  int64_t earlier = 0;
  int64_t later = 0;
};

struct ChangedTicket {
  std::string ticket_id;
  // Pages that were added, removed, or moved; promises likewise; all changed decisions.
  int64_t pages = 0;
  int64_t breaches = 0;
  int64_t decisions = 0;
  // The first of them, each with the part of the policy that decided it.
  std::vector<std::string> lines;
};

struct DiffSummary {
  ChangeFigures pages;
  ChangeFigures breaches;
  // Of pages.
  std::map<std::string, ChangeFigures> by_plan, by_severity, by_route;
  std::array<ChangeFigures, 24> by_hour;
  std::array<ChangeFigures, 7> by_weekday;  // From Monday.
  int64_t tickets_changed = 0;
  int64_t decisions_added = 0;
  int64_t decisions_removed = 0;
  int64_t unlisted = 0;
  // The most changed first, at most kTicketsMax.
  std::vector<ChangedTicket> most_changed;
};

class DecisionDiff {
 public:
  static constexpr size_t kLinesMax = 1'000'000;
  static constexpr size_t kTicketsMax = 10;
  static constexpr size_t kTicketLinesMax = 30;

  explicit DecisionDiff(Zone zone = Zone::Utc()) : zone_(std::move(zone)) {}

  void AddBefore(const v1::Decision& decision) { Add(decision, -1); }
  void AddAfter(const v1::Decision& decision) { Add(decision, 1); }
  // What both sides decided since the last call is forgotten.
  void Settle();

  void PrintLines(std::ostream& out);
  // One JSON object a line: {"change":"added","decision":"clock T-1 ...","ticket_id":..., ...}
  void PrintJsonLines(std::ostream& out);
  // "clock_breached 12 -> 7", one line for each kind whose count changed.
  void PrintCounts(std::ostream& out) const;
  DiffSummary Summary();

 private:
  struct Kind {
    int64_t before = 0;
    int64_t after = 0;
  };
  // What a page is counted under.
  struct Mark {
    std::string plan;
    std::string severity;
    std::string route;
    Instant at;
  };
  struct Line {
    int64_t surplus = 0;
    std::string ticket_id;
    std::string rule;
  };
  enum class Subject { kPage, kBreach };
  // Subject, ticket, and route or promise; then by moment: how many more there are after.
  using SubjectKey = std::tuple<Subject, std::string, std::string>;
  struct Surplus {
    int64_t count = 0;
    Mark mark;
  };

  void Add(const v1::Decision& decision, int step);
  void Tell(const v1::Decision& decision, int64_t surplus);
  void CountPage(const Mark& mark, int step);
  void Note(const SubjectKey& key, const Mark& mark, int64_t surplus);
  void CountMoves(DiffSummary* summary, std::map<std::string, ChangedTicket>* tickets) const;
  static std::vector<ChangeFigures*> FiguresOf(const Mark& mark, const Zone& zone,
                                               DiffSummary* summary);

  const Zone zone_;
  // Of the decisions since the last Settle, without ids and positions.
  std::unordered_map<std::string, std::pair<int64_t, v1::Decision>> unsettled_;
  // By moment and text.
  std::map<std::pair<int64_t, std::string>, Line> lines_;
  std::map<SubjectKey, std::map<int64_t, Surplus>> moves_;
  std::map<std::string, Kind> kinds_;
  // Totals of both sides.
  DiffSummary totals_;
};

}  // namespace escalation
