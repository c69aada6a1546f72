#include "daemon/pipeline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/logging.h"
#include "escalation/v1/event.pb.h"
#include "state/base/text.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

// The loop looks at the clock at least and at most this often.
constexpr Duration kLookMax = Duration::Seconds(1);
constexpr Duration kLookMin{1};
constexpr Duration kLookInFlight{10};
// One that stands by looks more often whether it should lead.
constexpr Duration kLookStandby{200};

std::string KindOf(size_t body) {
  const auto* const field = v1::Decision::descriptor()->FindFieldByNumber(static_cast<int>(body));
  return field == nullptr ? "none" : field->name();
}

}  // namespace

Pipeline::Pipeline(PipelineOptions options, World world)
    : options_(std::move(options)),
      world_(std::move(world)),
      publisher_(world_.log, world_.store, options_.partition, world_.now),
      tenure_(options_.instance,
              world_.ownership == nullptr ? Tenure::Writers::kSole : Tenure::Writers::kShared),
      release_(options_.partition, std::move(options_.severities),
               {world_.store, world_.dispatcher, world_.now}),
      settle_(options_.settle) {
  if (!tenure_.shared()) return;
  publisher_.SetLease(Tenure::kNoLease);
  release_.Forget();
  ticker_.set_heartbeat(kHeartbeat);
}

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Open(PipelineOptions options, World world) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(options), std::move(world)));
  FoldOptions fold;
  fold.partition = pipeline->options_.partition;
  fold.incarnation = pipeline->world_.log->identity().incarnation;
  fold.tickets_max = pipeline->options_.tickets_max;
  auto opened = PartitionFold::Open(*pipeline->world_.store, std::move(fold));
  if (!opened.ok()) return opened.status();
  pipeline->fold_ = *std::move(opened);
  const absl::StatusOr<Offset> begin = pipeline->world_.log->Begin(pipeline->options_.partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = pipeline->world_.log->End(pipeline->options_.partition);
  if (!end.ok()) return end.status();
  const Offset position = pipeline->fold_->position();
  if (position < *begin || position > *end) {
    return absl::FailedPreconditionError(Cat(
        "the store is folded up to offset ", position, ", the log holds ", *begin, " to ", *end,
        position > *end ? ": it is not the log that was folded" : ": records in between are gone"));
  }
  pipeline->UpdateStatus(*end);
  return pipeline;
}

absl::Status Pipeline::Run() {
  for (;;) {
    const absl::StatusOr<bool> caught_up = RunOnce();
    if (!caught_up.ok() && !absl::IsUnavailable(caught_up.status())) return caught_up.status();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && (!caught_up.ok() || *caught_up)) return absl::OkStatus();
      if (!caught_up.ok()) status_.trouble = std::string(caught_up.status().message());
    }
    if (caught_up.ok() && !*caught_up) continue;
    // Nothing more can be promised: a start on a repaired disk goes on.
    if (absl::Status status = world_.log->Health(); !status.ok()) return status;
    Duration wait = kLookMax;
    if (caught_up.ok()) {
      const absl::StatusOr<Duration> idle = Lead();
      if (!idle.ok()) return idle.status();
      wait = std::clamp(*idle, kLookMin, kLookMax);
    }
    world_.log->WaitFor(options_.partition, fold_->position(), absl::Milliseconds(wait.ms));
  }
}

absl::StatusOr<Duration> Pipeline::Lead() {
  Take();
  if (!tenure_.leads()) return kLookStandby;
  if (absl::Status status = Begin(); !status.ok()) return Tenure::kTryAgain;
  if (absl::Status status = Tick(); !status.ok()) return status;
  // A tick under way is read back, or refused.
  if (ticker_.in_flight()) return kLookInFlight;
  return std::max(ticker_.NextLook(tick_due_) - world_.now(), Duration{0});
}

void Pipeline::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
}

void Pipeline::SetSettle(Duration settle) {
  const std::lock_guard lock(mutex_);
  settle_ = settle;
}

PipelineStatus Pipeline::Status() const {
  const uint64_t published = publisher_.published_through();
  // Asked now: a loop that hangs must not look as if it had caught up.
  const absl::StatusOr<Offset> end = world_.log->End(options_.partition);
  const std::lock_guard lock(mutex_);
  PipelineStatus status = status_;
  if (end.ok()) status.end = std::max(*end, status.position);
  status.published_through = std::max(status.published_through, published);
  return status;
}

absl::StatusOr<bool> Pipeline::RunOnce() {
  CheckClaim();
  const absl::StatusOr<RecordBatch> batch =
      world_.log->Read(options_.partition, fold_->position(), kBatchBytesMax);
  if (!batch.ok()) return batch.status();
  const absl::StatusOr<std::span<const FoldRecord>> records = Decode(*batch);
  if (!records.ok()) return records.status();
  if (absl::Status status = FoldAndCommit(*records, EndOf(*records, batch->end)); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckOwner(*records); !status.ok()) return status;
  for (const FoldRecord& record : *records) {
    if (record.event.has_policy_published() && world_.policy_folded) {
      world_.policy_folded(record.event.tenant());
    }
  }
  const bool marked = std::any_of(records->begin(), records->end(), [](const FoldRecord& record) {
    return record.event.has_source_mark();
  });
  if (marked) ticker_.Marked();
  if (!records->empty()) heard_ = world_.now();
  const bool caught_up = fold_->position() >= batch->end;
  if (caught_up) {
    const std::lock_guard lock(mutex_);
    status_.caught_up = true;
  }
  if (absl::Status status = Release(caught_up); !status.ok()) return status;
  if (absl::Status status = world_.store->MaybeFlush(world_.now()); !status.ok()) return status;
  UpdateStatus(batch->end);
  ReportProgress();
  return caught_up;
}

absl::StatusOr<std::span<const FoldRecord>> Pipeline::Decode(const RecordBatch& batch) {
  if (records_.size() < batch.records.size()) records_.resize(batch.records.size());
  for (size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    records_[i].offset = record.offset;
    records_[i].appended = record.appended;
    if (!records_[i].event.ParseFromString(record.value)) {
      return absl::DataLossError(Cat("log partition ", options_.partition, ", offset ",
                                     record.offset, ": ", record.value.size(),
                                     " bytes are not an event"));
    }
  }
  return std::span(records_).first(batch.records.size());
}

TurnEnd Pipeline::EndOf(std::span<const FoldRecord> records, Offset end) {
  const Instant now = world_.now();
  const bool far = !records.empty() && records.back().offset.value + kFarRecords < end.value;
  // A policy is read from the store once it was folded.
  const bool wait =
      far && std::none_of(records.begin(), records.end(), [](const FoldRecord& record) {
        return record.event.has_policy_published();
      });
  turn_open_ = std::min(turn_open_, now);
  if (wait && now < turn_open_ + kTurnOpenMax) return TurnEnd::kWhenFull;
  turn_open_ = Instant::Never();
  return TurnEnd::kNow;
}

absl::Status Pipeline::FoldAndCommit(std::span<const FoldRecord> records, TurnEnd end) {
  const auto commit = [this](const FoldResult& result) {
    if (absl::Status status = world_.store->Commit(result.turn); !status.ok()) return status;
    due_from_ = std::min(due_from_, FirstWakeUpOf(result.turn));
    Note(result);
    return absl::OkStatus();
  };
  return fold_->FoldAll(records, commit, end);
}

void Pipeline::Note(const FoldResult& result) {
  if (result.decisions.empty()) return;
  publisher_.Wake();
  for (const v1::Decision& decision : result.notices) {
    // While old records are folded again, what they alarmed was told before.
    if (delivers_ && decision.has_alarm()) {
      LogWarning("alarm", {{"tenant", decision.tenant()},
                           {"ticket", decision.ticket_id()},
                           {"reason", decision.alarm().reason()},
                           {"detail", decision.alarm().detail()}});
    }
    if (delivers_ && IsPageDecision(decision)) release_.Hold(decision, result.turn.next);
  }
}

absl::Status Pipeline::Release(bool caught_up) {
  if (!tenure_.leads()) return absl::OkStatus();
  NoteTick();
  if (tenure_.shared()) publisher_.SetLease({world_.now(), world_.now() + Tenure::kFresh});
  if (delivers_) return release_.Release(caught_up, tenure_);
  // Before the first end of the log, all that is pending comes from the store.
  if (!caught_up) return absl::OkStatus();
  delivers_ = true;
  if (tenure_.shared()) {
    LogInfo("leads", {{"partition", Cat(options_.partition)}, {"epoch", Cat(tenure_.epoch())}});
    if (world_.dispatcher != nullptr) {
      world_.dispatcher->SetLease(options_.partition, tenure_.lease());
    }
  }
  return release_.ReleasePending();
}

void Pipeline::StandDown(std::string_view why) {
  publisher_.SetLease(Tenure::kNoLease);
  release_.Forget();
  delivers_ = false;
  armed_ = false;
  next_due_ = Instant::Never();
  ForgetTick();
  if (std::exchange(begun_, false) && world_.lead_ended) world_.lead_ended();
  LogInfo("stands by", {{"partition", Cat(options_.partition)}, {"why", std::string(why)}});
}

// What becomes of a tick that is under way says nothing about the next one, nor about the next
// lead.
void Pipeline::ForgetTick() {
  ticker_.Refused();
  const std::lock_guard lock(mutex_);
  ++tick_;
  tick_landed_.reset();
}

void Pipeline::ReportProgress() {
  const Instant now = world_.now();
  const bool back = !ticker_.in_flight() || now < tick_written_ + kOwnBackMax;
  if (back && world_.ownership != nullptr) world_.ownership->Progress(options_.partition);
  heard_ = std::min(heard_, now);
  const bool heard = !tenure_.shared() || tenure_.leads() || now < heard_ + kSilenceMax;
  const std::lock_guard lock(mutex_);
  status_.trouble.clear();
  if (!back) {
    status_.trouble = Cat("the log has not taken a record of this instance for ", kOwnBackMax);
  } else if (!heard) {
    status_.trouble = Cat("nothing came from the log for ", kSilenceMax,
                          ": it cannot be reached, or nobody leads");
  }
}

absl::Status Pipeline::Tick() {
  const absl::StatusOr<Instant> due = NextDue(*world_.store, due_from_);
  if (!due.ok()) return due.status();
  due_from_ = *due;
  next_due_ = *due;
  tick_due_ = *due;
  if (tenure_.took() && !std::exchange(armed_, true)) {
    const std::lock_guard lock(mutex_);
    status_.armed = true;
  }
  const Instant now = world_.now();
  // Where the fold puts what a source holds back.
  const Instant behind_cursor = fold_->cursor() + Duration{1};
  {
    const std::lock_guard lock(mutex_);
    ticker_.set_settle(settle_);
    ticker_.Look(now);
    ticker_.Hurry(fold_->is_changing());
    ticker_.WantBarrier(tenure_.shared() && (lease_wanted_ || release_.WantsLease(tenure_)));
    if (tick_landed_.has_value() && *tick_landed_ < 0) ticker_.Refused();
    if (tick_landed_.has_value() && *tick_landed_ < fold_->position().value) {
      if (*tick_landed_ >= 0) {
        ticker_.Stamped(tick_stamp_);
        ticker_.Landed(now, next_due_ <= behind_cursor,
                       fold_->tick_was_cut() ? Ticker::End::kCut : Ticker::End::kReached);
      }
      tick_landed_.reset();
    }
  }
  if (ticker_.held_back() && next_due_ <= behind_cursor) {
    const absl::StatusOr<Instant> behind = NextDue(*world_.store, behind_cursor + Duration{1});
    if (!behind.ok()) return behind.status();
    tick_due_ = *behind;
  }
  const std::optional<Instant> until = ticker_.TickNow(now, tick_due_);
  if (!until.has_value()) return absl::OkStatus();
  ticker_.Appended(now);
  uint64_t tick = 0;
  {
    const std::lock_guard lock(mutex_);
    tick = ++tick_;
    tick_written_ = now;
    lease_wanted_ = false;
  }
  v1::Event event;
  ToProto(now, event.mutable_written_at());
  ToProto(*until, event.mutable_tick()->mutable_until());
  event.mutable_tick()->set_tickets_max(kTickTicketsMax);
  world_.log->Append(options_.partition, event.SerializeAsString(),
                     [this, tick](const absl::StatusOr<Appended>& appended) {
                       const std::lock_guard lock(mutex_);
                       if (tick != tick_) return;
                       tick_landed_ = appended.ok() ? appended->offset.value : -1;
                       if (appended.ok()) tick_stamp_ = appended->appended;
                     });
  return absl::OkStatus();
}

void Pipeline::UpdateStatus(Offset end) {
  const std::lock_guard lock(mutex_);
  status_.position = fold_->position();
  status_.end = end;
  status_.cursor = fold_->cursor();
  status_.next_due = next_due_;
  status_.seq = fold_->seq();
  status_.published_through = fold_->published_through();
  status_.held = release_.held();
  status_.leads = tenure_.leads();
  status_.armed = armed_ || !tenure_.leads();
  status_.looked = world_.now();
  status_.counts = fold_->counts();
  const auto& by_body = status_.counts.decisions_by_body;
  for (size_t body = 0; body < by_body.size(); ++body) {
    if (by_body[body] == 0) continue;
    status_.decisions_by_kind[KindOf(body)] = static_cast<uint64_t>(by_body[body]);
  }
}

}  // namespace escalation
