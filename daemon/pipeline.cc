#include "daemon/pipeline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/answered_page.h"
#include "daemon/deliver/delivery.h"
#include "daemon/logging.h"
#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

constexpr size_t kBatchBytesMax = 1 << 20;
// Pages handed to the dispatcher at once.
constexpr size_t kReleaseMax = 1'000;
// The loop looks at the clock at least and at most this often.
constexpr Duration kLookMax = Duration::Seconds(1);
constexpr Duration kLookMin{1};
constexpr Duration kLookInFlight{10};
// A page this much after its moment says how late it is.
constexpr Duration kLateAfter = Duration::Minutes(1);

std::string KindOf(size_t body) {
  const auto* const field = v1::Decision::descriptor()->FindFieldByNumber(static_cast<int>(body));
  return field == nullptr ? "none" : field->name();
}

}  // namespace

Pipeline::Pipeline(PipelineOptions options, World world)
    : options_(std::move(options)),
      world_(std::move(world)),
      publisher_(world_.log, world_.store, options_.partition, world_.now),
      settle_(options_.settle) {}

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
  if (absl::Status status = Own(); !status.ok()) return status;
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
  status.published_through = published;
  return status;
}

absl::StatusOr<bool> Pipeline::RunOnce() {
  const absl::StatusOr<RecordBatch> batch =
      world_.log->Read(options_.partition, fold_->position(), kBatchBytesMax);
  if (!batch.ok()) return batch.status();
  const absl::StatusOr<std::span<const FoldRecord>> records = Decode(*batch);
  if (!records.ok()) return records.status();
  if (absl::Status status = FoldAndCommit(*records); !status.ok()) return status;
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
  const bool caught_up = fold_->position() >= batch->end;
  if (absl::Status status = Release(caught_up); !status.ok()) return status;
  if (absl::Status status = world_.store->MaybeFlush(world_.now()); !status.ok()) return status;
  UpdateStatus(batch->end);
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

absl::Status Pipeline::FoldAndCommit(std::span<const FoldRecord> records) {
  return fold_->FoldAll(records, [this](const FoldResult& result) {
    if (absl::Status status = world_.store->Commit(result.turn); !status.ok()) return status;
    due_from_ = std::min(due_from_, FirstWakeUpOf(result.turn));
    Note(result);
    return absl::OkStatus();
  });
}

void Pipeline::Note(const FoldResult& result) {
  if (result.decisions.empty()) return;
  publisher_.Wake();
  if (result.notices.empty()) return;
  const Instant now = world_.now();
  const std::lock_guard lock(mutex_);
  for (const v1::Decision& decision : result.notices) {
    // While old records are folded again, what they alarmed was told before.
    if (status_.caught_up && decision.has_alarm()) {
      LogWarning("alarm", {{"tenant", decision.tenant()},
                           {"ticket", decision.ticket_id()},
                           {"reason", decision.alarm().reason()},
                           {"detail", decision.alarm().detail()}});
    }
    // Before the first end of the log, all that is pending comes from the store.
    if (status_.caught_up && IsPageDecision(decision)) {
      held_.push_back({decision, now, Held::Sent::kNot});
    }
  }
}

absl::Status Pipeline::Release(bool caught_up) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = caught_up && !status_.caught_up;
    if (first) status_.caught_up = true;
  }
  if (first) return ReleasePending();
  if (caught_up) MarkSuperseded();
  while (!held_.empty()) {
    // Together, so that a page whose close is known already does not leave.
    std::vector<Delivery> leaving;
    for (const Held& held : held_) {
      if (!caught_up && world_.now() < held.since + kReleaseHold) break;
      if (leaving.size() == kReleaseMax) break;
      leaving.push_back(DeliveryOf(held.decision, held.sent == Held::Sent::kPerhaps));
      if (held.superseded) leaving.back().kept_back = "superseded";
    }
    const size_t offered = leaving.size();
    size_t taken = offered;
    if (world_.dispatcher != nullptr) {
      const absl::StatusOr<size_t> enqueued = world_.dispatcher->Enqueue(std::move(leaving));
      if (!enqueued.ok()) return enqueued.status();
      taken = *enqueued;
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(taken));
    // What was not taken is offered again with the next turn.
    if (taken < offered || offered == 0) break;
  }
  return absl::OkStatus();
}

void Pipeline::MarkSuperseded() {
  // By run of an escalation and route: the newest generation that waits.
  const auto run_of = [](const v1::PageRequested& page) {
    return std::pair(page.key().substr(0, page.key().rfind('/')), page.route());
  };
  std::map<std::pair<std::string, std::string>, int> newest;
  for (const Held& held : held_) {
    if (!held.decision.has_page_requested()) continue;
    int& generation = newest[run_of(held.decision.page_requested())];
    generation = std::max(generation, held.decision.page_requested().generation());
  }
  for (Held& held : held_) {
    if (!held.decision.has_page_requested()) continue;
    const v1::PageRequested& page = held.decision.page_requested();
    held.superseded = page.generation() < newest[run_of(page)];
  }
}

// What an earlier process left: it may have been sent already, so its outcome is what counts.
absl::Status Pipeline::ReleasePending() {
  absl::Status status;
  std::vector<Delivery> leaving;
  const absl::Status scanned = world_.store->Scan(
      keys::Pending(0), keys::PrefixEnd("d"), [&](std::string_view key, std::string_view value) {
        v1::PendingDelivery pending;
        if (!pending.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = absl::DataLossError(
              Cat("pending delivery ", keys::ReadU64(key.substr(1)), " cannot be decoded"));
          return false;
        }
        leaving.push_back(DeliveryOf(pending.decision(), true));
        return true;
      });
  if (!scanned.ok() || !status.ok()) return scanned.ok() ? status : scanned;
  for (Delivery& delivery : leaving) {
    absl::StatusOr<std::string> why = WhyKeptBack(*world_.store, delivery.decision);
    if (!why.ok()) return why.status();
    delivery.kept_back = *std::move(why);
  }
  if (world_.dispatcher == nullptr) return absl::OkStatus();
  // Together, as in Release.
  const absl::StatusOr<size_t> taken = world_.dispatcher->Enqueue(leaving);
  if (!taken.ok()) return taken.status();
  for (size_t i = *taken; i < leaving.size(); ++i) {
    held_.push_back({std::move(leaving[i].decision), world_.now(), Held::Sent::kPerhaps});
  }
  return absl::OkStatus();
}

Delivery Pipeline::DeliveryOf(v1::Decision decision, bool maybe_sent) const {
  Delivery delivery;
  const auto severities = options_.severities.find(decision.tenant());
  if (severities != options_.severities.end()) {
    const auto& names = severities->second;
    const auto found = std::find(names.begin(), names.end(), decision.page_requested().severity());
    if (found != names.end()) delivery.severity_rank = static_cast<int>(found - names.begin());
  }
  const Duration late = world_.now() - FromProto(decision.at());
  if (decision.has_page_requested() && late > kLateAfter) {
    delivery.late_by = Duration::Seconds(late.ms / 1000);  // People read it.
  }
  delivery.maybe_sent = maybe_sent;
  delivery.decision = std::move(decision);
  return delivery;
}

// Written once the log was read to its end.
absl::Status Pipeline::Own() {
  {
    const std::lock_guard lock(mutex_);
    owned_ = owned_ && !taking_failed_;
    taking_failed_ = false;
  }
  if (owned_) return absl::OkStatus();
  owned_ = true;
  epoch_ = fold_->owner_epoch() + 1;
  v1::Event event;
  ToProto(world_.now(), event.mutable_written_at());
  event.mutable_owner_took()->set_instance(options_.instance);
  event.mutable_owner_took()->set_epoch(epoch_);
  world_.log->Append(options_.partition, event.SerializeAsString(),
                     [this](const absl::StatusOr<Appended>& appended) {
                       const std::lock_guard lock(mutex_);
                       taking_failed_ = !appended.ok();
                     });
  return absl::OkStatus();
}

absl::Status Pipeline::CheckOwner(std::span<const FoldRecord> records) {
  for (const FoldRecord& record : records) {
    if (!record.event.has_owner_took()) continue;
    const v1::OwnerTook& taken = record.event.owner_took();
    if (taken.instance() == options_.instance && taken.epoch() == epoch_) {
      took_ = true;
    } else if (took_) {
      return absl::AbortedError(Cat("partition ", options_.partition, ": instance ",
                                    taken.instance(), " took it with epoch ", taken.epoch(),
                                    ", this is ", options_.instance, " with epoch ", epoch_));
    }
  }
  return absl::OkStatus();
}

absl::Status Pipeline::Tick() {
  const absl::StatusOr<Instant> due = NextDue(*world_.store, due_from_);
  if (!due.ok()) return due.status();
  due_from_ = *due;
  next_due_ = *due;
  tick_due_ = *due;
  const Instant now = world_.now();
  // Where the fold puts what a source holds back.
  const Instant behind_cursor = fold_->cursor() + Duration{1};
  {
    const std::lock_guard lock(mutex_);
    ticker_.set_settle(settle_);
    ticker_.Look(now);
    ticker_.Hurry(fold_->is_changing());
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
  v1::Event event;
  ToProto(now, event.mutable_written_at());
  ToProto(*until, event.mutable_tick()->mutable_until());
  event.mutable_tick()->set_tickets_max(kTickTicketsMax);
  world_.log->Append(options_.partition, event.SerializeAsString(),
                     [this](const absl::StatusOr<Appended>& appended) {
                       const std::lock_guard lock(mutex_);
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
  status_.held = held_.size();
  status_.counts = fold_->counts();
  const auto& by_body = status_.counts.decisions_by_body;
  for (size_t body = 0; body < by_body.size(); ++body) {
    if (by_body[body] == 0) continue;
    status_.decisions_by_kind[KindOf(body)] = static_cast<uint64_t>(by_body[body]);
  }
}

}  // namespace escalation
