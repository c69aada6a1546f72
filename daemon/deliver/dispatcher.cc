#include "daemon/deliver/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/deliver/redact.h"

namespace escalation {

// Outlives the dispatcher while replies and appends are under way.
struct Dispatcher::Shared {
  Shared(const DispatchOptions& options, World w)
      : world(std::move(w)), queue(options, world.chance) {
    queue.SetPaused(true);
  }

  // Changes the queue and lets the thread look at it.
  template <typename Change>
  auto With(const Change& change) {
    const std::lock_guard<std::mutex> lock(mutex);
    dirty = true;
    changed.notify_all();
    return change(queue);
  }

  const World world;
  mutable std::mutex mutex;
  std::condition_variable changed;
  DispatchQueue queue;  // Guarded by mutex, like all below.
  bool dirty = false;
  bool stopping = false;
  std::thread thread;
};

Dispatcher::Dispatcher(const DispatchOptions& options, World world)
    : shared_(std::make_shared<Shared>(options, std::move(world))) {}

Dispatcher::~Dispatcher() { Stop(Duration{0}); }

void Dispatcher::Start() {
  shared_->thread = std::thread([this] { Run(); });
}

void Dispatcher::SetRoutes(std::vector<DeliveryRoute> routes) {
  shared_->With([&](DispatchQueue& queue) { queue.SetRoutes(std::move(routes)); });
}

void Dispatcher::SetOptions(const DispatchOptions& options) {
  shared_->With([&](DispatchQueue& queue) { queue.SetOptions(options); });
}

absl::Status Dispatcher::Enqueue(Delivery delivery) {
  const Instant now = shared_->world.now();
  return shared_->With(
      [&](DispatchQueue& queue) { return queue.Enqueue(std::move(delivery), now); });
}

absl::StatusOr<size_t> Dispatcher::Enqueue(std::vector<Delivery> deliveries) {
  const Instant now = shared_->world.now();
  return shared_->With([&](DispatchQueue& queue) -> absl::StatusOr<size_t> {
    size_t taken = 0;
    for (Delivery& delivery : deliveries) {
      const absl::Status status = queue.Enqueue(std::move(delivery), now);
      if (absl::IsResourceExhausted(status)) break;
      if (!status.ok()) return status;
      ++taken;
    }
    return taken;
  });
}

void Dispatcher::Resume() {
  shared_->With([](DispatchQueue& queue) { queue.SetPaused(false); });
}

void Dispatcher::Pause() {
  shared_->With([](DispatchQueue& queue) { queue.SetPaused(true); });
}

void Dispatcher::Forget(Partition partition) {
  shared_->With([partition](DispatchQueue& queue) { queue.Forget(partition); });
}

void Dispatcher::SetLease(Partition partition, Lease lease) {
  shared_->With([&](DispatchQueue& queue) { queue.SetLease(partition, lease); });
}

void Dispatcher::Drain() {
  shared_->With([](DispatchQueue& queue) { queue.Drain(); });
}

void Dispatcher::Wake() {
  shared_->With([](DispatchQueue&) {});
}

std::map<std::string, RouteStatistics> Dispatcher::Statistics() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->queue.Statistics();
}

bool Dispatcher::empty() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->queue.empty();
}

void Dispatcher::Stop(Duration drain) {
  if (!shared_->thread.joinable()) return;
  {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->queue.Drain();
    shared_->dirty = true;
    shared_->changed.notify_all();
    shared_->changed.wait_for(lock, std::chrono::milliseconds(drain.ms),
                              [this] { return shared_->queue.under_way() == 0; });
    shared_->stopping = true;
    shared_->changed.notify_all();
  }
  shared_->thread.join();
}

void Dispatcher::Compose(const std::shared_ptr<Shared>& shared, DispatchAttempt attempt) {
  const bool asks = !attempt.delivery.receipt.empty();
  if (attempt.route.body == nullptr || !shared->world.compose || asks) {
    return Send(shared, std::move(attempt));
  }
  const DeliveryRoute route = attempt.route;
  Delivery delivery = std::move(attempt.delivery);
  shared->world.compose(route, std::move(delivery),
                        [shared, attempt = std::move(attempt)](Delivery composed) {
                          DispatchAttempt whole = attempt;
                          whole.delivery = std::move(composed);
                          Send(shared, std::move(whole));
                        });
}

void Dispatcher::Send(const std::shared_ptr<Shared>& shared, DispatchAttempt attempt) {
  const Provider& provider = ProviderOf(attempt.route.provider);
  const Redactor redact(attempt.route);
  const auto reply = [shared, redact, delivery = attempt.id, id = attempt.attempt,
                      trouble = attempt.delivery.body_trouble](Verdict verdict) {
    verdict.reason = redact(verdict.reason);
    if (!trouble.empty()) verdict.note = redact("with the standard body: " + trouble);
    const Instant now = shared->world.now();
    shared->With([&](DispatchQueue& queue) { queue.Reply(delivery, id, verdict, now); });
  };
  const std::string receipt = attempt.delivery.receipt;
  absl::StatusOr<HttpCall> call =
      receipt.empty() ? provider.Build(attempt.delivery, attempt.route, shared->world.now())
                      : provider.Ask(receipt, attempt.route);
  if (!call.ok()) {
    Verdict verdict;
    verdict.kind = Verdict::Kind::kFailed;
    verdict.reason = std::string(call.status().message());
    return reply(std::move(verdict));
  }
  shared->world.client->Send(*std::move(call), [reply, receipt, &provider](const HttpReply& got) {
    reply(receipt.empty() ? provider.Classify(got) : provider.ClassifyAnswer(receipt, got));
  });
}

void Dispatcher::ReportOutcome(const std::shared_ptr<Shared>& shared, DispatchOutcome outcome) {
  const DeliveryId id = outcome.id;
  shared->world.report(std::move(outcome), [shared, id](const absl::Status& status) {
    const Instant now = shared->world.now();
    shared->With([&](DispatchQueue& queue) { queue.OutcomeKept(id, status.ok(), now); });
  });
}

Instant Dispatcher::DispatchOnce() {
  const std::shared_ptr<Shared> shared = shared_;
  const Instant now = shared->world.now();
  DispatchActions actions;
  {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->dirty = false;
    actions = shared->queue.Step(now);
  }
  for (DispatchAttempt& attempt : actions.attempts) Compose(shared, std::move(attempt));
  for (DispatchOutcome& outcome : actions.outcomes) ReportOutcome(shared, std::move(outcome));
  for (const Partition partition : actions.lapsed) {
    if (shared->world.lease_wanted) shared->world.lease_wanted(partition);
  }
  return actions.next;
}

void Dispatcher::Run() {
  // Bounds a sleep, so that a clock that was set is noticed.
  static constexpr int64_t kSleepMsMax = 1'000;
  const std::shared_ptr<Shared> shared = shared_;
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (!shared->stopping) {
    lock.unlock();
    const Instant next = DispatchOnce();
    const Instant now = shared->world.now();
    lock.lock();
    shared->changed.notify_all();
    if (shared->dirty || shared->stopping) continue;
    const int64_t wait_ms =
        next == Instant::Never() ? kSleepMsMax : std::max<int64_t>((next - now).ms, 1);
    shared->changed.wait_for(lock, std::chrono::milliseconds(std::min(wait_ms, kSleepMsMax)),
                             [&] { return shared->dirty || shared->stopping; });
  }
}

}  // namespace escalation
