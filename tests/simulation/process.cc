#include "tests/simulation/process.h"

#include <algorithm>

#include "escalation/v1/event.pb.h"
#include "state/base/text.h"

namespace escalation::simulation {
namespace {

constexpr Duration kRetry = Duration::Seconds(1);
constexpr Duration kJitterMax{15};
// The publisher says now and then how far it came.
constexpr Duration kMarkEvery{5'100};

DispatchOptions DeliveryOptions() {
  DispatchOptions options;
  options.backoff_max = Duration::Seconds(15);
  options.retry_after_max = Duration::Seconds(15);
  return options;
}

}  // namespace

Process::Process(World world, std::string name)
    : world_(std::move(world)),
      life_(std::make_shared<Life>(world_.stage, std::move(name))),
      next_(kTasks, Instant::Never()),
      reached_at_(world_.stage->agenda.now()) {}

Process::~Process() { life_->End("the end"); }

void Process::Start() {
  world_.stage->trace.Add(world_.stage->agenda.now(), life_->name(), " starts");
  const absl::Status status = Open();
  if (life_->dead() || !status.ok()) return End(status);
  Later(kLoop, Duration{0});
}

absl::Status Process::Open() {
  auto store = SimulatedStore::Open(world_.machine->disk.get(), world_.stage, life_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  log_ = std::make_unique<LogConnection>(world_.stage, world_.log, life_, [this] { Wake(); });
  client_ = std::make_unique<PagerConnection>(
      world_.stage, world_.pager, life_, [this](PagerCall* call) { Describe(call); },
      [this] { Later(kDispatch, Duration{0}); });
  Dispatcher::World delivery;
  delivery.client = client_.get();
  delivery.now = [this] { return Now(); };
  delivery.chance = [this](uint64_t bound) { return world_.stage->random.Below(bound); };
  delivery.report = [this](DispatchOutcome outcome, const Dispatcher::Kept& kept) {
    Report(std::move(outcome), kept);
  };
  dispatcher_ = std::make_unique<Dispatcher>(DeliveryOptions(), std::move(delivery));
  dispatcher_->SetRoutes(SimulatedPager::Routes());
  PipelineOptions options;
  options.instance = world_.machine->name;
  options.severities["default"] = {"low", "high", "urgent"};
  auto pipeline = Pipeline::Open(
      std::move(options), {log_.get(), store_.get(), dispatcher_.get(), [this] { return Now(); }});
  if (!pipeline.ok()) return pipeline.status();
  pipeline_ = *std::move(pipeline);
  dispatcher_->Resume();
  return absl::OkStatus();
}

void Process::Report(DispatchOutcome outcome, const Dispatcher::Kept& kept) {
  v1::Event event;
  event.set_tenant(outcome.tenant);
  event.set_ticket_id(outcome.ticket_id);
  ToProto(Now(), event.mutable_written_at());
  event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
  *event.mutable_page_outcome() = std::move(outcome.outcome);
  log_->Append(Partition{0}, event.SerializeAsString(),
               [kept](const absl::StatusOr<Appended>& appended) { kept(appended.status()); });
}

void Process::Describe(PagerCall* call) const {
  call->log_time = world_.log->log_time();
  call->committed_seq = store_->committed_seq();
  // ".../offset/index": handed over when the end was reached with that offset behind it.
  const size_t index = call->decision_id.rfind('/');
  const size_t offset = call->decision_id.rfind('/', index - 1);
  const int64_t decided = std::stoll(call->decision_id.substr(offset + 1, index - offset - 1));
  const auto reached = std::upper_bound(reached_.begin(), reached_.end(), decided);
  call->handed_over = Offset{reached == reached_.end() ? decided + 1 : *reached};
}

void Process::Later(Task task, Duration wait) {
  const Agenda& agenda = world_.stage->agenda;
  const Instant at = std::max(agenda.now() + wait, life_->frozen_until());
  if (at >= next_[task]) return;
  next_[task] = at;
  world_.stage->agenda.At(at, [this, life = life_, task, at] {
    if (life->dead() || next_[task] != at) return;
    const Instant thaw = life->frozen_until();
    next_[task] = Instant::Never();
    if (thaw > at) return Later(task, thaw - at);
    RunTask(task);
  });
}

void Process::Wake() {
  Random& random = world_.stage->random;
  Later(kLoop, random.Between(Duration{0}, kJitterMax));
  Later(kDispatch, random.Between(Duration{0}, kJitterMax));
}

void Process::RunTask(Task task) {
  Random& random = world_.stage->random;
  switch (task) {
    case kLoop:
      Loop();
      break;
    case kPublish: {
      const uint64_t before = pipeline_->publisher().published_through();
      const absl::Status status = pipeline_->publisher().PublishOnce();
      if (life_->dead()) break;
      if (absl::IsUnavailable(status)) {
        Later(kPublish, kRetry);
      } else if (!status.ok()) {
        return End(status);
      } else if (pipeline_->publisher().published_through() != before) {
        Later(kPublish, kMarkEvery);
      }
      break;
    }
    default: {
      const Instant next = dispatcher_->DispatchOnce();
      if (life_->dead() || next == Instant::Never()) break;
      Later(kDispatch, std::max(next - Now(), Duration{1}));
      return;
    }
  }
  if (life_->dead()) return End(absl::OkStatus());
  if (task == kLoop) {
    Later(kPublish, random.Between(Duration{0}, kJitterMax));
    Later(kDispatch, random.Between(Duration{0}, kJitterMax));
  }
}

void Process::Loop() {
  const absl::StatusOr<bool> caught_up = pipeline_->RunOnce();
  if (life_->dead()) return;
  if (!caught_up.ok()) {
    if (!absl::IsUnavailable(caught_up.status())) return End(caught_up.status());
    return Later(kLoop, kRetry);
  }
  const PipelineStatus status = pipeline_->Status();
  const Instant now = world_.stage->agenda.now();
  // What waited too long for the end is handed over without it.
  if (*caught_up || now - reached_at_ > Pipeline::kReleaseHold) {
    reached_.push_back(status.position.value);
    reached_at_ = now;
  }
  if (!*caught_up) return Later(kLoop, Duration{0});
  const absl::StatusOr<Duration> idle = pipeline_->Lead();
  if (life_->dead()) return;
  if (!idle.ok()) return End(idle.status());
  Later(kLoop, std::max(status.held > 0 ? std::min(*idle, kRetry) : *idle, Duration{10}));
}

void Process::Kill(const char* why) {
  life_->End(why);
  End(absl::OkStatus());
}

void Process::Freeze(Duration how_long) {
  life_->Freeze(world_.stage->agenda.now() + how_long);
  world_.stage->trace.Add(world_.stage->agenda.now(), life_->name(), " freezes for ", how_long);
}

void Process::Strand(Duration how_long) {
  stranded_ = true;
  log_->HoldView();
  world_.stage->trace.Add(world_.stage->agenda.now(), life_->name(), " is stranded for ", how_long);
  world_.stage->agenda.After(how_long, [this, life = life_] {
    if (life->dead()) return;
    stranded_ = false;
    log_->ReleaseView();
    Wake();
  });
}

bool Process::FoldedUntil(Instant log_time) const {
  if (pipeline_ == nullptr || life_->dead() || stranded_) return false;
  const auto position = static_cast<size_t>(pipeline_->Status().position.value);
  const std::vector<Record>& records = world_.log->records();
  return position == records.size() || records[position].appended >= log_time;
}

void Process::End(const absl::Status& status) {
  if (told_) return;
  told_ = true;
  if (!life_->dead() && !status.ok()) life_->End(std::string(status.message()).c_str());
  // Not from within its own steps.
  world_.stage->agenda.After(Duration{0}, [ended = world_.ended, status] { ended(status); });
}

}  // namespace escalation::simulation
