// Bytes as what happens to three tickets under the simulation's policy: events in time, late, ahead
// and twice, marks, ticks, pages. The clocks that the fold decides are those of the reference
// model, and in other batches, with restarts, the same bytes are decided and stored.
//
//   input := when:u16 terms:u8 batch:u8 step*
//   step  := what:u8 time:u8 how:u8 detail*; what: kind in the low half, ticket in the high half

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/folding.h"
#include "tests/simulation/decided_clocks.h"

using namespace escalation;

namespace {

constexpr Instant kFirstDay{1'767'225'600'000};  // 2026-01-01
constexpr int kRecordsMax = 150;
// The model plays everything from the beginning each time.
constexpr int kLooksMax = 3;
// No ticket is forgotten within it.
constexpr Duration kSpan = Duration::Days(25);
// Events that come twice within it are known to be the same.
constexpr Duration kKnown = Duration::Days(3);

const LoadedPolicy& Loaded() {
  static const LoadedPolicy* const loaded = [] {
    auto read = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/simulation/small_policy.yaml");
    ESCALATION_CHECK(read.ok(), read.status().ToString());
    return new LoadedPolicy(*std::move(read));
  }();
  return *loaded;
}

// Short ones in milliseconds, long ones on the minute: moments coincide with due moments.
Duration Span(ByteSource* source) {
  static constexpr Duration kUnits[] = {Duration{1}, Duration::Seconds(15), Duration::Minutes(1),
                                        Duration::Minutes(15)};
  const uint8_t byte = source->Byte();
  return kUnits[byte >> 6] * (byte & 63);
}

class Sequence {
 public:
  explicit Sequence(ByteSource* source) : source_(*source) {
    now_ = begin_ = kFirstDay + Duration::Minutes(15) * static_cast<int64_t>(source_.Below(65'536));
    policy_ = Loaded().policy;
    const uint8_t terms = source_.Byte();
    static constexpr Duration kLateness[] = {Duration::Days(7), Duration{0}, Duration::Hours(1)};
    policy_.set_max_lateness_ms(kLateness[terms % 3].ms);
    if ((terms & 4) != 0) policy_.set_hold_ms(0);
    auto model = simulation::ReferenceModel::Make(policy_, Loaded().calendars);
    ESCALATION_CHECK(model.ok(), model.status().ToString());
    model_.emplace(*std::move(model));
    decided_.emplace(&*model_);
    batch_ = source_.Byte();
    ESCALATION_CHECK(folding_.Open().ok(), "an empty store opens");
    v1::Event event = Record();
    *event.mutable_calendars_published()->mutable_calendars() = Loaded().calendars;
    Add(event);
    event = Record();
    *event.mutable_policy_published()->mutable_policy() = policy_;
    Add(event);
  }

  void Play() {
    while (!source_.empty() && records_.size() < kRecordsMax && now_ - begin_ < kSpan) Step();
    TickAndCompare();
    now_ = now_ + Duration::Days(4);
    TickAndCompare();
  }

  // Folds all of it again, some records at a time, now and then from the store alone.
  void FoldAgain() const {
    Folding again;
    ESCALATION_CHECK(again.Open().ok(), "");
    const size_t size = 1 + batch_ % 16;
    const size_t restart_every = batch_ >> 4;
    size_t batches = 0;
    for (std::span<const FoldRecord> rest = records_; !rest.empty();) {
      if (restart_every > 0 && ++batches % restart_every == 0) {
        ESCALATION_CHECK(again.Open().ok(), "what was committed opens");
      }
      const std::span<const FoldRecord> batch = rest.subspan(0, std::min(size, rest.size()));
      const absl::Status status = again.Fold(batch);
      ESCALATION_CHECK(status.ok(), status.ToString());
      rest = rest.subspan(batch.size());
    }
    const auto& first = folding_.decisions();
    ESCALATION_CHECK(again.decisions().size() == first.size(), "batches change decisions");
    for (size_t i = 0; i < first.size(); ++i) {
      ESCALATION_CHECK(
          first[i].SerializeAsString() == again.decisions()[i].SerializeAsString(),
          first[i].ShortDebugString() + "\n" + again.decisions()[i].ShortDebugString());
    }
    ESCALATION_CHECK(*StateDigest(folding_.store()) == *StateDigest(again.store()),
                     "batches change the state");
  }

 private:
  v1::Event Record() const {
    v1::Event event;
    event.set_tenant("default");
    return event;
  }

  void Add(const v1::Event& event) {
    records_.push_back({Offset{static_cast<int64_t>(records_.size())}, now_, event});
    const absl::Status status = folding_.Fold(std::span(&records_.back(), 1));
    ESCALATION_CHECK(status.ok(), status.ToString() + "\n" + event.ShortDebugString());
    model_->Add(now_, event);
    for (; told_ < folding_.decisions().size(); ++told_) {
      decided_->Add(folding_.decisions()[told_]);
    }
  }

  void Tick(Instant until) {
    v1::Event event;
    ToProto(until, event.mutable_tick()->mutable_until());
    Add(event);
  }

  // A ticket that came late has its due moments decided by the next tick, and a tick must pass the
  // one before.
  void TickAndCompare() {
    now_ = now_ + Duration{1};
    Tick(now_);
    Compare();
  }

  void Compare() const {
    std::string text;
    for (const std::string& line : decided_->Differences()) CatTo(&text, "\n", line);
    if (text.empty()) return;
    for (const FoldRecord& record : records_) {
      if (record.event.has_calendars_published() || record.event.has_policy_published()) continue;
      CatTo(&text, "\n", record.appended, " ", record.event.ShortDebugString());
    }
    ESCALATION_CHECK(text.empty(), text);
  }

  void Step() {
    const uint8_t what = source_.Byte();
    now_ = now_ + Span(&source_);
    const uint8_t how = source_.Byte();
    const uint8_t kind = what % 16;
    if (kind == 0) return Tick(now_);
    if (kind == 1) return Tick(now_ - Span(&source_));
    if (kind == 2) {
      if (++looks_ <= kLooksMax) TickAndCompare();
      return;
    }
    v1::Event event = Record();
    if (kind == 3) {
      v1::SourceMark& mark = *event.mutable_source_mark();
      mark.set_source((how & 1) != 0 ? "stream" : "hook");
      mark.set_generation((how & 2) != 0 ? "b" : "a");
      ToProto(now_ - Span(&source_), mark.mutable_through_time());
      return Add(event);
    }
    if (kind == 4) {
      if (sent_.empty()) return;
      const FoldRecord& earlier = source_.OneOf(sent_);
      if (now_ - earlier.appended < kKnown) Add(earlier.event);
      return;
    }
    event.set_ticket_id(Cat("T-", (what >> 4) % 3));
    event.mutable_actor()->set_id("someone");
    event.mutable_actor()->set_kind(static_cast<v1::Actor::Kind>(1 + how % 4));
    Place(&event, how);
    Fill(&event, kind);
    if (event.body_case() == v1::Event::BODY_NOT_SET) return;
    sent_.push_back({Offset{}, now_, event});
    Add(event);
  }

  // Source and times, as the upper bits of `how` say.
  void Place(v1::Event* event, uint8_t how) {
    v1::Origin& origin = *event->mutable_origin();
    if ((how & 4) != 0) {
      origin.set_source("stream");
      origin.set_generation("a");
      origin.set_positioned(true);
      origin.set_offset(static_cast<int64_t>(sent_.size()) + 1);
    } else {
      origin.set_source("hook");
      event->set_id(Cat("e", sent_.size()));
    }
    if ((how & 8) != 0) ToProto(now_ - Span(&source_), event->mutable_occurred_at());
    if ((how & 16) != 0) ToProto(now_ + Span(&source_), event->mutable_occurred_at());
    if ((how & 32) != 0) ToProto(now_ - Span(&source_), event->mutable_written_at());
    if ((how & 64) != 0) ToProto(now_ + Span(&source_), event->mutable_written_at());
  }

  std::string Severity() {
    static constexpr const char* kSeverities[] = {"low", "high", "urgent", "odd"};
    return source_.OneOf(kSeverities);
  }

  void Fill(v1::Event* event, uint8_t kind) {
    switch (kind) {
      case 5:
        event->mutable_opened()->set_severity(Severity());
        if (source_.Flag()) event->mutable_opened()->set_assignee("maria");
        return;
      case 6:
        event->mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
        return;
      case 7:
        event->mutable_message_added()->set_visibility(v1::MessageAdded::INTERNAL);
        return;
      case 8:
        event->mutable_status_changed()->set_status(
            static_cast<v1::StatusChanged::Status>(1 + source_.Below(5)));
        return;
      case 9:
        event->mutable_severity_changed()->set_severity(Severity());
        return;
      case 10:
        event->mutable_assigned()->set_assignee(source_.Flag() ? "maria" : "");
        return;
      case 11:
        return FillPageEvent(event);
      case 12:
        event->mutable_fields_changed()->add_add_tags("seen");
        return;
      case 13:
        event->mutable_escalation_requested()->set_escalation(source_.Flag() ? "wake_up"
                                                                             : "wake_lead");
        return;
      case 14:
        event->mutable_escalation_stopped()->set_reason("by hand");
        return;
      default:
        // What the model knows no rules of: such a ticket only has to fold the same again.
        if (source_.Flag()) {
          event->mutable_merged()->set_into(Cat("T-", source_.Below(3)));
        } else {
          ToProto(now_ + Span(&source_), event->mutable_update_agreed()->mutable_until());
        }
    }
  }

  // About one of the pages so far.
  void FillPageEvent(v1::Event* event) {
    std::vector<std::string> keys;
    for (const v1::Decision& decision : folding_.decisions()) {
      if (decision.has_page_requested()) keys.push_back(decision.page_requested().key());
    }
    if (keys.empty()) return;
    const std::string& key = source_.OneOf(keys);
    event->clear_ticket_id();
    switch (source_.Below(4)) {
      case 0:
        event->mutable_page_resolved()->set_key(key);
        return;
      case 1:
        event->mutable_page_outcome()->set_key(key);
        event->mutable_page_outcome()->set_outcome(
            static_cast<v1::PageOutcome::Outcome>(1 + source_.Below(3)));
        return;
      default:
        event->mutable_page_acknowledged()->set_key(key);
    }
  }

  ByteSource& source_;
  Instant begin_;
  Instant now_;
  uint8_t batch_ = 0;
  v1::Policy policy_;
  std::optional<simulation::ReferenceModel> model_;
  std::optional<simulation::DecidedClocks> decided_;
  Folding folding_;
  std::vector<FoldRecord> records_;
  // Events of tickets and pages, with the time at which the log first took them.
  std::vector<FoldRecord> sent_;
  size_t told_ = 0;
  int looks_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  Sequence sequence(&source);
  sequence.Play();
  sequence.FoldAgain();
  return 0;
}
