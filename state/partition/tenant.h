// state/partition/tenant.h
//
// One tenant of a partition: its policies, calendars, accounts, source marks, mutes and storm
// buckets, as the fold of a ticket asks for them.
//
//   Input       TenantState and what it names, from the overlay
//   Output      the Environment of the tenant's tickets; changes of TenantState
//   Invariants  1. policies are kept for as long as a ticket may name them: the latest
//                  kPoliciesMax revisions
//               2. calendars are compiled for the years around the log's time; what they answer
//                  does not depend on it
//   Time        the log's time of the present record, by BeginRecord
//   Errors      failed reads go to the overlay's status
//   Threads     the folding thread
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/calendar/zone.h"
#include "state/partition/account_book.h"
#include "state/partition/overlay.h"
#include "state/partition/problem_book.h"
#include "state/partition/record_sink.h"
#include "state/ticket/environment.h"

namespace escalation {

inline constexpr int kPoliciesMax = 16;
// All are looked through for each page.
inline constexpr int kMutesMax = 256;

// A tenant's calendars of one publication, by name.
class CalendarBook {
 public:
  static absl::StatusOr<std::unique_ptr<CalendarBook>> Compile(const v1::CalendarSet& set,
                                                               Instant around);

  // "always" and unknown names: 24x7.
  const Calendar& Find(const std::string& name) const;
  bool Has(const std::string& name) const { return calendars_.contains(name); }
  // "2026-03-11 01:00 MDT"; in UTC where the publication does not have the zone.
  std::string Format(const std::string& zone, Instant t) const;
  // Its local date, as days since 1970-01-01; likewise.
  int32_t LocalDay(const std::string& zone, Instant t) const;
  bool Covers(Instant t) const { return t >= window_.from && t < window_.to; }

 private:
  const Zone& ZoneNamed(const std::string& name) const;

  Window window_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Calendar>> calendars_;
  absl::flat_hash_map<std::string, Zone> zones_;
};

class Tenant : public Environment {
 public:
  // Borrows both. Loads what `name` has in the committed state.
  Tenant(std::string name, Overlay* overlay, RecordSink* sink, const v1::PartitionState* partition);

  const std::string& name() const { return name_; }
  v1::TenantState& state() { return state_; }
  void MarkDirty() { dirty_ = true; }
  // Writes accounts and TenantState and registers their wake-ups, where they changed.
  void Save(Instant cursor);

  // `appended`: log time of the record that comes next.
  void BeginRecord(Instant appended);

  // Environment.
  const CompiledPolicy& CurrentPolicy() const override;
  const CompiledPolicy& PolicyAt(int64_t revision) const override;
  const Calendar& FindCalendar(const std::string& name) const override;
  std::string LocalText(const std::string& calendar, Instant t) const override;
  const v1::AccountState* FindAccount(const std::string& account) const override;
  PageAnswer AdmitPage(const PageWish& wish, bool highest) override;
  const v1::MuteState* MuteOf(const PageWish& wish) const override;
  void EndPage(const std::string& ticket_id, const v1::TicketFacts& facts,
               const std::string& escalation, const std::string& route) override {
    problems_.RemovePage(ticket_id, facts.problem(), escalation, route);
  }
  void Damaged(const std::string& what) override {
    overlay_.Fail(absl::DataLossError("tenant " + name_ + ", " + what));
  }

  // The local date in the policy's display zone.
  CivilDay LocalDate(Instant t) const;
  // Empty and "always" are known too.
  bool HasCalendar(const std::string& name) const;
  bool has_policy() const { return state_.policy_revisions_size() > 0; }

  // A checked policy of a new revision.
  void AddPolicy(const v1::Policy& policy);
  // A checked set of a new revision; the previous one is kept for the fan-out. Calendars that it
  // leaves out stay as they were.
  absl::Status AddCalendars(const v1::CalendarSet& published);
  // The environment with the calendars of an earlier publication; `revision` 0: none but "always".
  class WithCalendars;
  AccountBook& accounts() { return accounts_; }

  ProblemBook& problems() { return problems_; }

  // Due moments up to here may fire: the sources' lowest mark. Never: no source holds time back.
  Instant Safe() const;
  // Alarms sources that are silent for longer than their hold.
  void CheckSources(Instant appended);
  // Ends storm periods that are over.
  void EndPeriods(Instant limit);
  // Forgets mutes that are over.
  void EndMutes(Instant limit);
  // End of the first mute, or of the first storm period with something to tell; Never: none.
  Instant NextMoment() const;

  // Null: there is none of this name.
  v1::MuteState* FindMute(const std::string& mute_id);
  void RemoveMute(const std::string& mute_id);
  // Decides that it is so; `state` as MuteChanged has it.
  void TellMute(const v1::MuteState& mute, const char* state, Instant at);

 private:
  std::unique_ptr<CalendarBook> LoadBook(int64_t revision) const;
  v1::BucketState& Bucket(const v1::Route& route);
  // Takes one page from the route's bucket.
  PageAdmission TakePage(const std::string& ticket_id, const std::string& route, bool highest);
  void Digest(v1::BucketState* bucket, Instant at);

  const std::string name_;
  Overlay& overlay_;
  RecordSink& sink_;
  v1::TenantState state_;
  bool dirty_ = false;
  Instant appended_;
  // By revision. Never empty: revision 0 stands for "no policy yet".
  std::map<int64_t, std::unique_ptr<CompiledPolicy>> policies_;
  const CompiledPolicy* current_ = nullptr;
  std::unique_ptr<CalendarBook> book_;
  ProblemBook problems_;
  mutable AccountBook accounts_;
};

class Tenant::WithCalendars : public Environment {
 public:
  WithCalendars(Tenant& tenant, int64_t revision)
      : tenant_(tenant), book_(tenant.LoadBook(revision)) {}

  const CompiledPolicy& CurrentPolicy() const override { return tenant_.CurrentPolicy(); }
  const CompiledPolicy& PolicyAt(int64_t revision) const override {
    return tenant_.PolicyAt(revision);
  }
  const Calendar& FindCalendar(const std::string& name) const override { return book_->Find(name); }
  std::string LocalText(const std::string& calendar, Instant t) const override {
    return tenant_.LocalText(calendar, t);
  }
  const v1::AccountState* FindAccount(const std::string& account) const override {
    return tenant_.FindAccount(account);
  }
  PageAnswer AdmitPage(const PageWish& wish, bool highest) override {
    return tenant_.AdmitPage(wish, highest);
  }
  const v1::MuteState* MuteOf(const PageWish& wish) const override { return tenant_.MuteOf(wish); }
  void EndPage(const std::string& ticket_id, const v1::TicketFacts& facts,
               const std::string& escalation, const std::string& route) override {
    tenant_.EndPage(ticket_id, facts, escalation, route);
  }
  void Damaged(const std::string& what) override { tenant_.Damaged(what); }

 private:
  Tenant& tenant_;
  std::unique_ptr<CalendarBook> book_;
};

}  // namespace escalation
