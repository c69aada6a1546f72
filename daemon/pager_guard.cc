#include "daemon/pager_guard.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "daemon/deliver/dispatcher.h"
#include "daemon/log/durable_file.h"
#include "daemon/logging.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr Duration kBeatTimeout = Duration::Seconds(10);

DispatchOptions QueueOptions() {
  DispatchOptions options;
  // Nobody else is left to page.
  options.give_up_after = options.give_up_closing_after;
  options.backoff_max = Duration::Minutes(1);
  return options;
}

std::string MarkerOf(const std::string& state_dir, Partition partition) {
  return Cat(state_dir, "/break-glass-", partition);
}

std::set<Partition> OpenedBefore(const PagerGuard::Options& options) {
  std::set<Partition> opened;
  for (const Partition partition : options.partitions) {
    std::error_code error;
    if (std::filesystem::exists(MarkerOf(options.state_dir, partition), error)) {
      opened.insert(partition);
    }
  }
  return opened;
}

}  // namespace

// Outlives the guard while replies are under way.
struct PagerGuard::Shared {
  Shared(Options o, World w)
      : options(std::move(o)),
        world(std::move(w)),
        watch({options.heartbeat.url.empty() ? Duration{0} : options.heartbeat.every,
               options.break_glass.route.empty() ? Duration{0} : options.break_glass.after},
              OpenedBefore(options), world.now()) {}

  std::string KeyOf(Partition partition) const {
    return Cat("escalationd//break-glass/", options.log_name, "/", partition);
  }
  void Report(const DispatchOutcome& outcome);
  void Beaten(const HttpReply& reply);

  const Options options;
  const World world;
  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex, like all below.
  PagerWatch watch;
  bool stopping = false;
  // The process ends: nothing is well any more, whatever it looks like.
  bool mourns = false;
  bool beating = false;  // A heartbeat is under way.
  bool beat_failed = false;
  uint64_t beats = 0;
  uint64_t seq = 0;
  size_t pages_under_way = 0;
  std::unique_ptr<Dispatcher> dispatcher;
  std::thread thread;
};

PagerGuard::PagerGuard(Options options, World world)
    : shared_(std::make_shared<Shared>(std::move(options), std::move(world))) {
  Dispatcher::World dispatch;
  dispatch.client = shared_->world.client;
  dispatch.now = shared_->world.now;
  dispatch.chance = shared_->world.chance;
  dispatch.report = [weak = std::weak_ptr(shared_)](const DispatchOutcome& outcome,
                                                    const Dispatcher::Kept& kept) {
    // There is no log that could keep it.
    if (const auto shared = weak.lock(); shared != nullptr) shared->Report(outcome);
    kept(absl::OkStatus());
  };
  shared_->dispatcher = std::make_unique<Dispatcher>(QueueOptions(), std::move(dispatch));
  shared_->dispatcher->SetRoutes(shared_->options.routes);
  shared_->dispatcher->Resume();
}

PagerGuard::~PagerGuard() { Stop(); }

void PagerGuard::Start() {
  shared_->dispatcher->Start();
  shared_->thread = std::thread([this] {
    const std::shared_ptr<Shared> shared = shared_;
    std::unique_lock lock(shared->mutex);
    while (!shared->stopping) {
      lock.unlock();
      WatchOnce();
      lock.lock();
      shared->changed.wait_for(lock, kLook, [&] { return shared->stopping; });
    }
  });
}

void PagerGuard::SetRoutes(std::vector<DeliveryRoute> routes) {
  shared_->dispatcher->SetRoutes(std::move(routes));
}

void PagerGuard::WatchOnce() {
  const PagerHealth health = shared_->world.health();
  PagerWatch::Actions actions;
  std::string silent;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->mourns) return;
    const std::string before = shared_->watch.WhySilent();
    actions = shared_->watch.Observe(health, shared_->world.now());
    if (shared_->watch.WhySilent() != before) silent = shared_->watch.WhySilent();
  }
  if (!silent.empty() && !shared_->options.heartbeat.url.empty()) {
    LogWarning("no heartbeat goes out", {{"why", silent}});
  }
  for (const PagerWatch::Opened& opened : actions.opened) Page(opened.partition, opened.why);
  for (const Partition partition : actions.closed) Close(partition);
  if (actions.beats) Beat();
}

void PagerGuard::Beat() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (std::exchange(shared_->beating, true)) return;
  }
  HttpCall call;
  call.method = HttpCall::Method::kGet;
  call.url = shared_->options.heartbeat.url.Reveal();
  call.timeout = kBeatTimeout;
  shared_->world.client->Send(
      std::move(call), [shared = shared_](const HttpReply& reply) { shared->Beaten(reply); });
}

void PagerGuard::Shared::Beaten(const HttpReply& reply) {
  const bool heard = reply.kind == HttpReply::Kind::kResponse && reply.status / 100 == 2;
  bool news = false;
  {
    const std::lock_guard lock(mutex);
    beating = false;
    if (heard) ++beats;
    news = std::exchange(beat_failed, !heard) == heard;
  }
  // What was said may hold the address, which is a secret.
  if (news && !heard) LogWarning("the heartbeat was not taken", {{"status", Cat(reply.status)}});
}

void PagerGuard::Page(Partition partition, const std::string& why) {
  const std::string key = shared_->KeyOf(partition);
  LogError("the log does not work; the operators are paged",
           {{"partition", Cat(partition)}, {"why", why}, {"key", key}});
  // On a full disk there may be none; then the page is closed by this process only.
  const std::string marker = MarkerOf(shared_->options.state_dir, partition);
  if (const absl::Status status = WriteDurably(marker, Cat(key, "\n")); !status.ok()) {
    LogWarning("the next start will not know of the break-glass page",
               {{"error", std::string(status.message())}});
  }
  Delivery page;
  page.partition = partition;
  page.severity_rank = 1;
  v1::Decision& decision = page.decision;
  ToProto(shared_->world.now(), decision.mutable_at());
  decision.set_tenant("escalationd");
  v1::PageRequested* const requested = decision.mutable_page_requested();
  requested->set_route(shared_->options.break_glass.route);
  requested->set_key(key);
  requested->set_escalation("break_glass");
  requested->set_generation(1);
  requested->set_severity("critical");
  requested->set_subject(Cat("escalationd pages nobody: the log of partition ", partition, " of ",
                             shared_->options.log_name, " does not work"));
  requested->set_why(why);
  requested->set_next("none: repair the log; this page is closed when it works again");
  {
    const std::lock_guard lock(shared_->mutex);
    decision.set_seq(++shared_->seq);
    ++shared_->pages_under_way;
  }
  decision.set_id(Cat(key, "/", decision.at().seconds()));
  (void)shared_->dispatcher->Enqueue(std::move(page));
}

void PagerGuard::Close(Partition partition) {
  LogInfo("the log works again", {{"partition", Cat(partition)}});
  Delivery close;
  close.partition = partition;
  v1::Decision& decision = close.decision;
  ToProto(shared_->world.now(), decision.mutable_at());
  decision.set_tenant("escalationd");
  v1::PageClosed* const closed = decision.mutable_page_closed();
  closed->set_route(shared_->options.break_glass.route);
  closed->set_key(shared_->KeyOf(partition));
  closed->set_generation(1);
  closed->set_reason("the log works again");
  {
    const std::lock_guard lock(shared_->mutex);
    decision.set_seq(++shared_->seq);
  }
  decision.set_id(Cat(closed->key(), "/", decision.at().seconds(), "/closed"));
  (void)shared_->dispatcher->Enqueue(std::move(close));
}

void PagerGuard::Shared::Report(const DispatchOutcome& outcome) {
  const v1::PageOutcome& what = outcome.outcome;
  if (what.outcome() == v1::PageOutcome::FAILED) {
    LogError("a break-glass page could not be delivered",
             {{"key", what.key()}, {"reason", what.reason()}});
  }
  if (what.operation() == v1::PageOutcome::CLOSE) {
    std::error_code ignored;
    std::filesystem::remove(MarkerOf(options.state_dir, outcome.id.partition), ignored);
    return;
  }
  const std::lock_guard lock(mutex);
  --pages_under_way;
  changed.notify_all();
}

void PagerGuard::Fatal(const std::string& why, Duration wait) {
  if (shared_->options.break_glass.route.empty()) return;
  for (const Partition partition : shared_->options.partitions) {
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->mourns = true;
      if (shared_->watch.opened().contains(partition)) continue;
      shared_->watch.Open(partition);
    }
    Page(partition, why);
  }
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_for(lock, std::chrono::milliseconds(wait.ms),
                            [this] { return shared_->pages_under_way == 0; });
}

void PagerGuard::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
  }
  if (shared_->thread.joinable()) shared_->thread.join();
  shared_->dispatcher->Stop(Duration{0});
}

std::string PagerGuard::Metrics() const {
  const std::lock_guard lock(shared_->mutex);
  return Cat("# HELP escalationd_heartbeats_total Heartbeats that were taken.\n",
             "# TYPE escalationd_heartbeats_total counter\n", "escalationd_heartbeats_total ",
             shared_->beats, "\n# HELP escalationd_pager_healthy 1 while everything that a page ",
             "needs works.\n# TYPE escalationd_pager_healthy gauge\nescalationd_pager_healthy ",
             shared_->watch.WhySilent().empty() ? 1 : 0,
             "\n# HELP escalationd_break_glass_open Partitions whose log does not work, and of ",
             "which the operators were told.\n# TYPE escalationd_break_glass_open gauge\n",
             "escalationd_break_glass_open ", shared_->watch.opened().size(), "\n");
}

}  // namespace escalation
