#include "tests/simulation/reference_model.h"

#include <algorithm>

#include "state/base/text.h"
#include "tests/simulation/reference_rules.h"

namespace escalation::simulation {
namespace {

using v1::Event;

// More events than this are not kept for putting a late one in its place.
constexpr size_t kEntriesMax = 64;

std::string TicketOfPage(const std::string& key) {
  const size_t first = key.find('/');
  if (first == std::string::npos) return "";
  const size_t second = key.find('/', first + 1);
  return second == std::string::npos ? "" : key.substr(first + 1, second - first - 1);
}

const std::string& PageKeyOf(const Event& event) {
  if (event.has_page_acknowledged()) return event.page_acknowledged().key();
  if (event.has_page_resolved()) return event.page_resolved().key();
  return event.page_outcome().key();
}

bool IsPublicBy(const Event& event, v1::Actor::Kind kind) {
  return event.has_message_added() && event.actor().kind() == kind &&
         event.message_added().visibility() == v1::MessageAdded::PUBLIC;
}

// Empty: the model knows what it does to clocks.
std::string WhyUnmodelled(const Event& event) {
  switch (event.body_case()) {
    case Event::kMerged:
      return "merged";
    case Event::kObserved:
      return "observed";
    case Event::kUpdateAgreed:
      return "an update was agreed";
    default:
      return "";
  }
}

absl::Status Unknown(std::string what) { return absl::UnimplementedError(std::move(what)); }

}  // namespace

absl::StatusOr<ReferenceModel> ReferenceModel::Make(const v1::Policy& policy,
                                                    const v1::CalendarSet& calendars) {
  ReferenceModel model;
  model.policy_ = policy;
  if (policy.plans_size() != 1) return Unknown("more than one plan");
  if (policy.permissions().set_severity_size() > 0) return Unknown("permissions");
  if (policy.metrics_size() > 0) return Unknown("own metrics");
  if (policy.workaround_steps_size() > 0) return Unknown("workarounds");
  model.calendars_["always"] = ReferenceCalendar();
  for (const v1::CalendarDefinition& definition : calendars.calendars()) {
    for (const v1::ZoneDefinition& zone : calendars.zones()) {
      if (zone.name() != definition.zone()) continue;
      absl::StatusOr<ReferenceCalendar> calendar = ReferenceCalendar::Make(definition, zone);
      if (!calendar.ok()) return calendar.status();
      model.calendars_[definition.name()] = *std::move(calendar);
    }
  }
  if (absl::Status status = model.TakeTargets(policy); !status.ok()) return status;
  return model;
}

absl::Status ReferenceModel::TakeTargets(const v1::Policy& policy) {
  const v1::Plan& plan = policy.plans(0);
  if (!plan.severity_ceiling().empty() || plan.no_tickets()) return Unknown("a limited plan");
  std::set<std::string> taken;
  for (const v1::Target& target : plan.targets()) {
    const auto rule = ReferenceRules().find(target.metric());
    if (rule == ReferenceRules().end()) return Unknown(Cat("metric ", target.metric()));
    if (target.has_when() || target.stop_size() > 0 || target.due_at_next_opening() ||
        target.within().business_days() > 0 || target.calendar() == "account") {
      return Unknown(Cat("target ", target.name()));
    }
    ReferencePromise promise;
    promise.target = target;
    std::string calendar = target.calendar();
    if (calendar.empty()) calendar = plan.calendar();
    if (calendar.empty()) calendar = policy.default_calendar();
    const auto found = calendars_.find(calendar.empty() ? "always" : calendar);
    if (found == calendars_.end()) return Unknown(Cat("calendar ", calendar));
    promise.calendar = &found->second;
    promise.pauses = rule->second.pauses;
    if (target.overrides_pauses()) {
      promise.pauses = {target.pause_while().begin(), target.pause_while().end()};
    }
    for (const std::string& severity : policy.severities()) {
      const auto& named = target.severities();
      if (!named.empty() && std::find(named.begin(), named.end(), severity) == named.end())
        continue;
      if (!taken.insert(Cat(target.metric(), "/", target.set(), "/", severity)).second) {
        return Unknown(Cat("a second target like ", target.name()));
      }
    }
    promises_.push_back(std::move(promise));
  }
  return absl::OkStatus();
}

void ReferenceModel::Unmodel(const std::string& ticket_id, std::string why) {
  unmodelled_.try_emplace(ticket_id, std::move(why));
}

void ReferenceModel::Add(Instant appended, const Event& event) {
  if (event.has_tick()) return AddTick(appended, event.tick());
  if (event.has_owner_took() || event.has_published() || event.has_semantics_raised()) return;
  if (event.tenant() != policy_.tenant()) return Unmodel("", "another tenant");
  if (IsDuplicate(event)) return;
  switch (event.body_case()) {
    case Event::kSourceMark: {
      Mark& mark = marks_[event.source_mark().source()];
      const Instant through = FromProto(event.source_mark().through_time());
      const bool goes_on =
          mark.generation == event.source_mark().generation() && mark.marked.ms > 0;
      mark.through = goes_on ? std::max(mark.through, through) : through;
      mark.generation = event.source_mark().generation();
      mark.marked = appended;
      mark.stale = false;
      return;
    }
    case Event::kPolicyPublished:
    case Event::kCalendarsPublished:
      // The first of each is what the model was made with.
      if (!tickets_.empty()) Unmodel("", "policy or calendars changed under tickets");
      return;
    case Event::kAccountChanged:
      return Unmodel("", "an account changed");
    case Event::kPageAcknowledged:
    case Event::kPageResolved:
    case Event::kPageOutcome:
      return AddPageEvent(appended, event);
    case Event::kOpened:
    case Event::kMessageAdded:
    case Event::kStatusChanged:
    case Event::kSeverityChanged:
    case Event::kWorkaroundRecorded:
    case Event::kAssigned:
    case Event::kHandoverRequested:
    case Event::kFieldsChanged:
    case Event::kUpdateAgreed:
    case Event::kEscalationRequested:
    case Event::kEscalationStopped:
    case Event::kMerged:
    case Event::kObserved:
      if (event.ticket_id().empty()) return;
      if (event.has_merged()) Unmodel(event.merged().into(), "another was merged into it");
      return AddToTicket(event.ticket_id(), appended, event);
    default:
      return;  // Says nothing of clocks.
  }
}

bool ReferenceModel::IsDuplicate(const Event& event) {
  const v1::Origin& origin = event.origin();
  if (origin.source().empty()) return false;
  if (!origin.positioned()) {
    return !event.id().empty() && !seen_.emplace(origin.source(), event.id()).second;
  }
  const std::pair<int64_t, int> position{origin.offset(), origin.index()};
  const auto [found, is_new] = positions_.try_emplace(
      std::tuple(origin.source(), origin.generation(), origin.partition()), position);
  if (is_new) return false;
  if (position <= found->second) return true;
  found->second = position;
  return false;
}

Duration ReferenceModel::LatenessOf(const std::string& source) const {
  for (const v1::SourceTime& time : policy_.sources()) {
    if (time.source() == source) return Duration{time.max_lateness_ms()};
  }
  return Duration{policy_.max_lateness_ms()};
}

Duration ReferenceModel::HoldOf(const std::string& source) const {
  for (const v1::SourceTime& time : policy_.sources()) {
    if (time.source() == source) return Duration{time.hold_ms()};
  }
  return Duration{policy_.hold_ms()};
}

Instant ReferenceModel::Place(Instant appended, const Event& event) const {
  if (!event.has_occurred_at()) return appended;
  const Instant written = event.has_written_at() ? FromProto(event.written_at()) : appended;
  const Instant occurred = FromProto(event.occurred_at());
  const Duration lateness = LatenessOf(event.origin().source());
  if (occurred > std::max(appended, written)) return std::max(appended, written);
  if (lateness.ms == 0) return std::max(occurred, kInstantMin);
  return std::max(occurred, std::min(appended, written) - lateness);
}

void ReferenceModel::AddTick(Instant appended, const v1::Tick& tick) {
  Instant limit = std::min(FromProto(tick.until()), appended);
  for (auto& [source, mark] : marks_) {
    const Duration hold = HoldOf(source);
    if (hold.ms == 0) continue;
    if (appended - mark.marked > hold) mark.stale = true;
    if (!mark.stale) limit = std::min(limit, mark.through);
  }
  fired_until_ = std::max(fired_until_, limit);
}

void ReferenceModel::AddPageEvent(Instant appended, const Event& event) {
  const std::string ticket_id = TicketOfPage(PageKeyOf(event));
  if (tickets_.contains(ticket_id)) AddToTicket(ticket_id, appended, event);
}

void ReferenceModel::AddToTicket(const std::string& ticket_id, Instant appended,
                                 const Event& event) {
  if (std::string why = WhyUnmodelled(event); !why.empty()) Unmodel(ticket_id, std::move(why));
  std::vector<ReferenceEntry>& entries = tickets_[ticket_id];
  ReferenceEntry entry{Place(appended, event), event, false};
  bool late = entry.at <= fired_until_;
  for (const ReferenceEntry& other : entries) {
    late = late || other.at > entry.at;
    if (other.at > entry.at && IsPublicBy(event, v1::Actor::CUSTOMER) &&
        IsPublicBy(other.event, v1::Actor::AGENT)) {
      entry.starts_nothing = true;
    }
  }
  if (late) late_.insert(ticket_id);
  entries.push_back(std::move(entry));
  if (late && entries.size() > kEntriesMax) Unmodel(ticket_id, "late after many events");
}

std::map<CycleKey, CycleOutcome> ReferenceModel::Expected() const {
  std::map<CycleKey, CycleOutcome> expected;
  if (unmodelled_.contains("")) return expected;
  for (const auto& [ticket_id, entries] : tickets_) {
    if (unmodelled_.contains(ticket_id)) continue;
    expected.merge(PlayTicket(ticket_id, policy_, promises_, entries, fired_until_));
  }
  return expected;
}

std::optional<std::pair<std::string, std::string>> ReferenceModel::PromiseOf(
    const std::string& target) const {
  for (const ReferencePromise& promise : promises_) {
    if (promise.target.name() == target) {
      return std::pair(promise.target.metric(), promise.target.set());
    }
  }
  return std::nullopt;
}

}  // namespace escalation::simulation
