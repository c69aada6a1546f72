// ops/promise_book.h
//
// What came of every promise, counted by account and month.
//
//   A promise   one cycle of one clock of a ticket (or of an account: plan_setup), whatever becomes
//               of its target meanwhile: another severity gives it another target and length
//   met         it ended as was asked, and no breach of it stands
//   breached    its time ran out, and that was not retracted. It stays breached, also when it ends
//               later, is cancelled, or goes on after a reopening. Counted in the month of the due
//               moment
//   excused     it was cancelled before it broke: merged, closed, customer_message, target_gone,
//               plan_changed ... Neither kept nor broken
//   retracted   breaches that were decided and taken back, because a late event showed that they
//               never happened; in the month of that due moment. Besides, such a promise counts as
//               what it came to
//   open        not decided yet: in no month
//   nothing     a cycle that a late event undid; clocks that break no promise when they run out
//               (expiry: resolve)
//   attainment  met / (met + breached), cut, never rounded up
//
//   Input       decisions of one tenant in order, each with the ticket's account
//   Output      promises; rows by month, account and plan. A month is one of the zone that is asked
//               for; a promise is of the account and plan that it had last
//   Invariants  1. each promise is in one row at most; the figures of a row are its promises
//               2. where targets of one metric apply together and change places with the severity,
//                  which of them is which may be exchanged; the figures are the same
//   Errors      none
//   Threads     one owner; memory: about 200 bytes a promise
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/calendar/zone.h"

namespace escalation {

struct LogPosition {
  Partition partition;
  Offset offset;
};

enum class PromiseOutcome { kOpen, kMet, kBreached, kExcused, kNothing };
std::string_view ToWord(PromiseOutcome outcome);

struct Promise {
  std::string ticket_id;  // Empty: the account's own.
  std::string account;
  std::string plan;
  std::string metric;
  std::string target;
  int32_t cycle = 0;
  PromiseOutcome outcome = PromiseOutcome::kOpen;
  // When it was met, due or cancelled, the record that decided it, and why it was cancelled.
  Instant at;
  LogPosition position;
  std::string reason;
  // Breaches that were taken back.
  struct Retraction {
    Instant at;
    LogPosition position;
  };
  std::vector<Retraction> retracted;
  // Ended as was asked, after its breach.
  bool ended_late = false;
  Instant ended_at;
};

struct PromiseCounts {
  int64_t met = 0;
  int64_t breached = 0;
  int64_t retracted = 0;
  int64_t excused = 0;
};
// Basis points; -1: nothing was due.
int64_t Attainment(const PromiseCounts& counts);

struct PromiseRow {
  std::string month;  // "2026-03"
  std::string account;
  std::string plan;
  PromiseCounts counts;
  std::map<std::string, PromiseCounts> by_target;
};

// "2026-03", as people in this zone say.
std::string MonthOf(Instant at, const Zone& zone);

class PromiseBook {
 public:
  // Whether a decision says something about a promise.
  static bool Concerns(const v1::Decision& decision);

  // `account` empty: none, or not known any more.
  void Add(const v1::Decision& decision, const std::string& account, Partition partition);

  // Forgets promises of other targets. Comes last.
  void KeepTargets(const std::vector<std::string>& targets);

  const std::vector<Promise>& promises() const { return promises_; }
  int64_t open() const;
  // In order of month, account, plan.
  std::vector<PromiseRow> Rows(const Zone& zone) const;

 private:
  struct Said;
  Promise* Find(const v1::Decision& decision, const Said& said);
  void End(const v1::Decision& decision, const Said& said, LogPosition position, Promise* promise);

  std::vector<Promise> promises_;
  // Those of a ticket or account, by index, in order of their beginnings.
  std::map<std::string, std::vector<size_t>, std::less<>> of_subject_;
};

}  // namespace escalation
