#include "state/partition/tenant.h"

#include <algorithm>
#include <set>
#include <utility>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/calendar/check.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

// Calendars of the set, by the zone definitions in it.
const v1::ZoneDefinition* FindZone(const v1::CalendarSet& set, const std::string& name) {
  for (const v1::ZoneDefinition& zone : set.zones()) {
    if (zone.name() == name) return &zone;
  }
  return nullptr;
}

// What `set` leaves out stays as it was: clocks that run, policies that are kept and accounts may
// name it, and a calendar that nobody knows counts around the clock.
void KeepWhatIsLeftOut(const v1::CalendarSet& before, v1::CalendarSet* set) {
  std::set<std::string, std::less<>> named;
  for (const v1::CalendarDefinition& calendar : set->calendars()) named.insert(calendar.name());
  for (const v1::CalendarDefinition& old : before.calendars()) {
    if (set->calendars_size() >= kCalendarsMax) return;
    if (named.contains(old.name())) continue;
    *set->add_calendars() = old;
    if (FindZone(*set, old.zone()) != nullptr) continue;
    if (const v1::ZoneDefinition* const zone = FindZone(before, old.zone())) {
      *set->add_zones() = *zone;
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CalendarBook>> CalendarBook::Compile(const v1::CalendarSet& set,
                                                                    Instant around) {
  auto book = std::make_unique<CalendarBook>();
  book->window_ = Window::Around(around);
  for (const v1::CalendarDefinition& definition : set.calendars()) {
    const v1::ZoneDefinition* const zone = FindZone(set, definition.zone());
    if (zone == nullptr) {
      return absl::InvalidArgumentError(Cat("calendar \"", definition.name(), "\": zone ",
                                            definition.zone(), " is not in the set"));
    }
    absl::StatusOr<std::shared_ptr<const Calendar>> calendar =
        Calendar::Compile(definition, *zone, book->window_);
    if (!calendar.ok()) return calendar.status();
    book->calendars_[definition.name()] = *std::move(calendar);
  }
  for (const v1::ZoneDefinition& definition : set.zones()) {
    absl::StatusOr<Zone> zone = Zone::Make(definition);
    if (!zone.ok()) return zone.status();
    book->zones_.insert_or_assign(definition.name(), *std::move(zone));
  }
  return book;
}

const Calendar& CalendarBook::Find(const std::string& name) const {
  static const auto* const kAlways = new std::shared_ptr<const Calendar>(Calendar::Always());
  const auto found = calendars_.find(name);
  return found == calendars_.end() ? **kAlways : *found->second;
}

const Zone& CalendarBook::ZoneNamed(const std::string& name) const {
  static const auto* const kUtc = new Zone(Zone::Utc());
  const auto found = zones_.find(name);
  return found == zones_.end() ? *kUtc : found->second;
}

std::string CalendarBook::Format(const std::string& zone, Instant t) const {
  return ZoneNamed(zone).Format(t);
}

int32_t CalendarBook::LocalDay(const std::string& zone, Instant t) const {
  return ZoneNamed(zone).LocalDay(t);
}

Tenant::Tenant(std::string name, Overlay* overlay, RecordSink* sink,
               const v1::PartitionState* partition)
    : name_(std::move(name)),
      overlay_(*overlay),
      sink_(*sink),
      appended_{partition->appended_ms()},
      problems_(name_, overlay),
      accounts_(name_, overlay) {
  state_.set_tenant(name_);
  if (const auto value = overlay_.Get(keys::Tenant(name_));
      value && !state_.ParseFromString(*value)) {
    overlay_.Fail(absl::DataLossError(Cat("tenant ", name_, ": stored state cannot be decoded")));
  }
  for (const int64_t revision : state_.policy_revisions()) {
    v1::Policy policy;
    const auto value = overlay_.Get(keys::Policy(name_, revision));
    if (!value || !policy.ParseFromString(*value)) {
      overlay_.Fail(absl::DataLossError(Cat("tenant ", name_, ": policy revision ", revision,
                                            " is missing or cannot be decoded")));
      continue;
    }
    policies_[revision] = std::make_unique<CompiledPolicy>(std::move(policy));
  }
  if (policies_.empty()) policies_[0] = std::make_unique<CompiledPolicy>(v1::Policy());
  current_ = policies_.rbegin()->second.get();
  book_ = LoadBook(state_.calendars_revision());
}

std::unique_ptr<CalendarBook> Tenant::LoadBook(int64_t revision) const {
  if (revision == 0) return std::make_unique<CalendarBook>();
  v1::CalendarSet set;
  const auto value = overlay_.Get(keys::Calendars(name_, revision));
  if (value && set.ParseFromString(*value)) {
    absl::StatusOr<std::unique_ptr<CalendarBook>> book = CalendarBook::Compile(set, appended_);
    if (book.ok()) return *std::move(book);
  }
  overlay_.Fail(absl::DataLossError(Cat("tenant ", name_, ": calendars of revision ", revision,
                                        " are missing or cannot be used")));
  return std::make_unique<CalendarBook>();
}

void Tenant::Save(Instant cursor) {
  accounts_.Save(cursor);
  if (!dirty_) return;
  dirty_ = false;
  const Instant next = NextMoment();
  const int64_t wake_ms = next == Instant::Never() ? 0 : std::max(next.ms, cursor.ms + 1);
  if (wake_ms != state_.wake_ms()) {
    if (state_.wake_ms() != 0) overlay_.Delete(keys::WakeUp(Instant{state_.wake_ms()}, name_, ""));
    if (wake_ms != 0) overlay_.Put(keys::WakeUp(Instant{wake_ms}, name_, ""), "");
    state_.set_wake_ms(wake_ms);
  }
  overlay_.Put(keys::Tenant(name_), state_.SerializeAsString());
}

void Tenant::BeginRecord(Instant appended) {
  appended_ = appended;
  accounts_.BeginRecord();
  // Answers do not depend on the window; their speed does.
  if (state_.calendars_revision() != 0 && !book_->Covers(appended)) {
    book_ = LoadBook(state_.calendars_revision());
  }
}

const CompiledPolicy& Tenant::CurrentPolicy() const { return *current_; }

const CompiledPolicy& Tenant::PolicyAt(int64_t revision) const {
  if (revision == current_->revision()) return *current_;
  const auto found = policies_.find(revision);
  return found != policies_.end() ? *found->second : *policies_.begin()->second;
}

const Calendar& Tenant::FindCalendar(const std::string& name) const { return book_->Find(name); }

std::string Tenant::LocalText(const std::string& calendar, Instant t) const {
  if (book_->Has(calendar)) return book_->Find(calendar).FormatLocal(t);
  return book_->Format(current_->policy().display_zone(), t);
}

const v1::AccountState* Tenant::FindAccount(const std::string& account) const {
  return accounts_.Find(account);
}

bool Tenant::HasCalendar(const std::string& name) const {
  return name.empty() || name == "always" || book_->Has(name);
}

CivilDay Tenant::LocalDate(Instant t) const {
  return CivilFromDays(book_->LocalDay(current_->policy().display_zone(), t));
}

void Tenant::AddPolicy(const v1::Policy& policy) {
  overlay_.Put(keys::Policy(name_, policy.revision()), policy.SerializeAsString());
  policies_.erase(0);
  auto* const revisions = state_.mutable_policy_revisions();
  revisions->Add(policy.revision());
  while (revisions->size() > kPoliciesMax) {
    overlay_.Delete(keys::Policy(name_, revisions->Get(0)));
    policies_.erase(revisions->Get(0));
    revisions->erase(revisions->begin());
  }
  state_.set_policy_hash(Sha256({policy.SerializeAsString()}));
  auto& slot = policies_[policy.revision()] = std::make_unique<CompiledPolicy>(policy);
  current_ = slot.get();
  MarkDirty();
}

absl::Status Tenant::AddCalendars(const v1::CalendarSet& published) {
  v1::CalendarSet set = published;
  v1::CalendarSet before;
  const int64_t current = state_.calendars_revision();
  if (current != 0) {
    const auto value = overlay_.Get(keys::Calendars(name_, current));
    if (!value || !before.ParseFromString(*value)) {
      Damaged(Cat("calendars of revision ", current, " are missing or cannot be decoded"));
    }
    KeepWhatIsLeftOut(before, &set);
  }
  absl::StatusOr<std::unique_ptr<CalendarBook>> book = CalendarBook::Compile(set, appended_);
  if (!book.ok()) return book.status();
  book_ = *std::move(book);
  overlay_.Put(keys::Calendars(name_, set.revision()), set.SerializeAsString());
  state_.set_calendars_revision(set.revision());
  state_.set_calendars_hash(Sha256({published.SerializeAsString()}));
  MarkDirty();
  return absl::OkStatus();
}

Instant Tenant::Safe() const {
  Instant safe = Instant::Never();
  for (const v1::MarkState& mark : state_.marks()) {
    if (!mark.stale() && current_->Hold(mark.source()).ms > 0) {
      safe = std::min(safe, Instant{mark.through_ms()});
    }
  }
  return safe;
}

void Tenant::CheckSources(Instant appended) {
  for (v1::MarkState& mark : *state_.mutable_marks()) {
    const Duration hold = current_->Hold(mark.source());
    if (mark.stale() || hold.ms == 0 || appended - Instant{mark.marked_ms()} <= hold) continue;
    mark.set_stale(true);
    MarkDirty();
    sink_.About(name_, "", current_->revision());
    v1::Alarm* const alarm = sink_.Add(appended, Instant::Never(), "time.hold").mutable_alarm();
    alarm->set_reason("source_stale");
    alarm->set_detail(Cat("source ", mark.source(), " sent its last mark at ",
                          Instant{mark.marked_ms()}, " for events up to ",
                          Instant{mark.through_ms()}, "; it no longer holds time back"));
  }
}

}  // namespace escalation
