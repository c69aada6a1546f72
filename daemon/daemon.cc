#include "daemon/daemon.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/api/api_gate.h"
#include "daemon/api/api_listeners.h"
#include "daemon/api/ingest.h"
#include "daemon/api/query_handler.h"
#include "daemon/configured_client.h"
#include "daemon/configured_log.h"
#include "daemon/daemon_health.h"
#include "daemon/deliver/dispatcher.h"
#include "daemon/log_writer.h"
#include "daemon/logging.h"
#include "daemon/metrics.h"
#include "daemon/page_outcome.h"
#include "daemon/partition_loop.h"
#include "daemon/pipeline.h"
#include "daemon/redactor_table.h"
#include "daemon/service.h"
#include "daemon/source_set.h"
#include "daemon/system_now.h"
#include "daemon/tenant_policies.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

// How long a stop waits for requests, and for pages that are under way.
constexpr std::chrono::milliseconds kHttpDrain{3'000};
constexpr Duration kDeliveryDrain = Duration::Seconds(5);
// How long the end of a process waits until the operators were told of it.
constexpr Duration kLastWords = Duration::Seconds(10);

}  // namespace

class Daemon::Impl {
 public:
  explicit Impl(Config config) : config_(std::move(config)) {}
  ~Impl() { StopAll(); }

  absl::Status Start(const Pause& pause);
  absl::Status Run();
  void Stop(absl::Status status);
  void Reload();
  // The process ends with this: if nobody pages any more, the operators are told.
  void Mourn(const absl::Status& status);
  std::string address() const { return server_->address(); }

 private:
  using Loop = PartitionLoop;

  absl::Status OpenLog(const Pause& pause);
  absl::Status OpenLoop(Partition partition);
  void StartLoop(Loop* loop);
  absl::Status BeginLead(const Loop& loop);
  absl::Status StartApi();
  absl::Status StartDispatcher();
  void StartGuard();
  PagerHealth Health() const;
  std::string NotReady() const;
  std::string Metrics() const;
  void StopAll();
  Loop& LoopOf(Partition partition);
  uint64_t Chance(uint64_t bound) {
    const std::lock_guard lock(chance_mutex_);
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_);
  }

  Config config_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<KafkaMembership> group_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<PageClient> client_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<PagerGuard> guard_;
  // All loops are there: from here on other threads look at them.
  std::atomic<bool> opened_ = false;
  RedactorTable redactors_;
  std::unique_ptr<TenantPolicies> policies_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<SourceSet> sources_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<QueryHandler> queries_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<ApiGate> gate_;
  std::unique_ptr<ApiListeners> server_;
  std::mutex chance_mutex_;
  std::mt19937_64 random_{std::random_device{}()};

  std::mutex mutex_;
  std::condition_variable stopped_;
  std::optional<absl::Status> end_;
};

absl::Status Daemon::Impl::OpenLog(const Pause& pause) {
  auto log = OpenConfiguredLog(config_, SystemNow, pause);
  if (!log.ok()) return log.status();
  log_ = *std::move(log);
  auto group = OpenConfiguredGroup(config_);
  if (!group.ok()) return group.status();
  group_ = *std::move(group);
  // Two processes may have one name.
  if (group_ != nullptr) CatTo(&config_.instance, "#", std::random_device{}());
  std::map<std::string, Partition> partitions;
  for (const TenantConfig& tenant : config_.tenants) partitions[tenant.name] = tenant.partition;
  writer_ = std::make_unique<LogWriter>(log_.get(), std::move(partitions));
  policies_ = std::make_unique<TenantPolicies>(writer_.get(), &redactors_, SystemNow);
  return absl::OkStatus();
}

Daemon::Impl::Loop& Daemon::Impl::LoopOf(Partition partition) {
  for (const auto& loop : loops_) {
    if (loop->partition == partition) return *loop;
  }
  return *loops_.front();  // Every tenant's partition has a loop.
}

absl::Status Daemon::Impl::OpenLoop(Partition partition) {
  auto loop = OpenPartitionLoop(
      config_, log_.get(), partition, [this](PartitionLoop* opened, Pipeline::World* world) {
        world->dispatcher = dispatcher_.get();
        world->now = SystemNow;
        world->policy_folded = [this, opened](const std::string& name) {
          redactors_.TakeInForce(*opened->store, name);
        };
        world->ownership = group_.get();
        world->lead_begins = [this, opened] { return BeginLead(*opened); };
        world->lead_ended = [this, opened] { sources_->Stop(opened->partition); };
      });
  if (!loop.ok()) return loop.status();
  loops_.push_back(*std::move(loop));
  return absl::OkStatus();
}

absl::Status Daemon::Impl::StartDispatcher() {
  auto client = StartConfiguredClient(config_);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  Dispatcher::World world;
  world.client = client_.get();
  world.compose = [client = client_.get()](const auto& route, auto delivery, auto done) {
    client->Compose(route, std::move(delivery), std::move(done));
  };
  world.now = SystemNow;
  world.chance = [this](uint64_t bound) { return Chance(bound); };
  world.report = [this](DispatchOutcome outcome, const Dispatcher::Kept& kept) {
    std::vector<v1::Event> events;
    events.push_back(EventOfOutcome(std::move(outcome), SystemNow()));
    writer_->Append(std::move(events), [kept](const auto& offsets) { kept(offsets.status()); });
  };
  world.lease_wanted = [this](Partition partition) { LoopOf(partition).pipeline->WantLease(); };
  dispatcher_ = std::make_unique<Dispatcher>(OptionsOf(config_.delivery), std::move(world));
  dispatcher_->SetRoutes(config_.routes);
  dispatcher_->Start();
  return absl::OkStatus();
}

absl::Status Daemon::Impl::Start(const Pause& pause) {
  if (absl::Status status = StartDispatcher(); !status.ok()) return status;
  StartGuard();
  if (absl::Status status = OpenLog(pause); !status.ok()) return status;
  std::set<Partition> partitions;
  for (const TenantConfig& tenant : config_.tenants) partitions.insert(tenant.partition);
  for (const Partition partition : partitions) {
    const absl::Status status =
        UntilAvailable("the log", pause, [&] { return OpenLoop(partition); });
    if (!status.ok()) return status;
  }
  opened_ = true;
  auto sources = OpenConfiguredSources(config_, {log_.get(), &redactors_, SystemNow});
  if (!sources.ok()) return sources.status();
  sources_ = *std::move(sources);
  for (const auto& loop : loops_) {
    const absl::Status status = loop->CatchUp(pause);
    if (!status.ok()) return status;
  }
  for (const TenantConfig& tenant : config_.tenants) {
    const StateReader& state = *LoopOf(tenant.partition).store;
    absl::Status status = policies_->Compare(tenant, state);
    // On a log that others write, too, the owner does it.
    if (status.ok() && group_ == nullptr) {
      status = policies_->PublishFirst(tenant, state, TenantPolicies::Wait::kUntilDurable);
    }
    if (!status.ok()) return status;
  }
  if (group_ != nullptr) {
    if (absl::Status status = group_->Join(); !status.ok()) return status;
  }
  for (const auto& loop : loops_) StartLoop(loop.get());
  dispatcher_->Resume();
  return StartApi();
}

void Daemon::Impl::StartLoop(Loop* loop) {
  Pipeline* const pipeline = loop->pipeline.get();
  pipeline->publisher().Start([this](absl::Status status) { Stop(std::move(status)); });
  loop->thread = std::thread([this, pipeline] {
    if (absl::Status status = pipeline->Run(); !status.ok()) Stop(std::move(status));
  });
}

absl::Status Daemon::Impl::BeginLead(const Loop& loop) {
  for (const TenantConfig& tenant : config_.tenants) {
    if (tenant.partition != loop.partition) continue;
    const absl::Status status =
        policies_->PublishFirst(tenant, *loop.store, TenantPolicies::Wait::kNot);
    if (!status.ok()) return status;
  }
  return sources_->Start(loop.partition, loop.store.get());
}

absl::Status Daemon::Impl::StartApi() {
  Ingest::Options options;
  std::map<std::string, Partition> partitions;
  std::vector<PartitionView> views;
  Service::World world;
  for (const TenantConfig& tenant : config_.tenants) {
    options.tenants.push_back(tenant.name);
    partitions[tenant.name] = tenant.partition;
    world.states[tenant.name] = LoopOf(tenant.partition).store.get();
  }
  options.default_tenant = config_.tenants.front().name;
  options.redactor = [this](const std::string& tenant) { return redactors_.Of(tenant); };
  for (const auto& loop : loops_) views.push_back({loop->partition, loop->store.get(), log_.get()});
  ingest_ = std::make_unique<Ingest>(options, SystemNow,
                                     [this](std::vector<v1::Event> events, AppendDone done) {
                                       writer_->Append(std::move(events), std::move(done));
                                     });
  queries_ = std::make_unique<QueryHandler>(std::move(views), std::move(partitions),
                                            options.default_tenant, SystemNow);
  world.ingest = ingest_.get();
  world.hooks = sources_->hooks();
  world.dead_letters = sources_->letters();
  world.queries = queries_.get();
  world.writer = writer_.get();
  world.redactors = &redactors_;
  world.now = SystemNow;
  world.metrics = [this] { return Metrics(); };
  world.not_ready = [this] { return NotReady(); };
  service_ = std::make_unique<Service>(std::move(world));
  gate_ = std::make_unique<ApiGate>(config_.api.tokens, service_.get());
  auto started = ApiListeners::Start({ToText(config_.listen), config_.api.socket}, gate_.get(),
                                     service_.get());
  if (!started.ok()) return started.status();
  server_ = *std::move(started);
  return absl::OkStatus();
}

std::string Daemon::Impl::NotReady() const {
  for (const auto& loop : loops_) {
    std::string why = WhyNotReady(loop->partition, loop->pipeline->Status());
    if (!why.empty()) return why;
  }
  return group_ == nullptr ? "" : group_->Trouble();
}

std::string Daemon::Impl::Metrics() const {
  std::vector<PartitionMetrics> partitions;
  for (const auto& loop : loops_) partitions.push_back({loop->partition, loop->pipeline->Status()});
  return MetricsText(partitions, dispatcher_->Statistics(), SystemNow()) + guard_->Metrics() +
         sources_->Metrics() + gate_->Metrics() + BodyMetricsText(client_->BodyFailures());
}

void Daemon::Impl::StartGuard() {
  PagerGuard::World world;
  world.client = client_.get();
  world.now = SystemNow;
  world.chance = [this](uint64_t bound) { return Chance(bound); };
  world.health = [this] { return Health(); };
  guard_ = std::make_unique<PagerGuard>(GuardOptionsOf(config_), std::move(world));
  guard_->Start();
}

PagerHealth Daemon::Impl::Health() const {
  if (!opened_) return HealthBefore(config_);
  PagerHealth health;
  for (const auto& loop : loops_) {
    health.partitions.push_back(HealthOf(loop->partition, loop->pipeline->Status()));
  }
  health.oldest_page = OldestPage(dispatcher_->Statistics());
  return health;
}

void Daemon::Impl::Mourn(const absl::Status& status) {
  if (guard_ == nullptr || !LeavesNobody(status)) return;
  guard_->Fatal(std::string(status.message()), kLastWords);
}

absl::Status Daemon::Impl::Run() {
  absl::Status end;
  {
    std::unique_lock lock(mutex_);
    stopped_.wait(lock, [this] { return end_.has_value(); });
    end = *end_;
  }
  Mourn(end);
  StopAll();
  return end;
}

void Daemon::Impl::Stop(absl::Status status) {
  const std::lock_guard lock(mutex_);
  if (!end_.has_value()) end_ = std::move(status);
  stopped_.notify_all();
}

// What makes work stops before what does it.
void Daemon::Impl::StopAll() {
  if (guard_ != nullptr) guard_->Stop();
  if (group_ != nullptr) {
    // The others need not wait until the rest has come to its end.
    if (dispatcher_ != nullptr) dispatcher_->Drain();
    for (const auto& loop : loops_) loop->pipeline->Stop();
    group_->Leave();
  }
  if (server_ != nullptr) server_->Stop(kHttpDrain);
  if (sources_ != nullptr) sources_->StopAll();
  if (dispatcher_ != nullptr) dispatcher_->Stop(kDeliveryDrain);
  for (const auto& loop : loops_) loop->pipeline->Stop();
  for (const auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
    loop->pipeline->publisher().Stop();
    if (absl::Status status = loop->store->Flush(); !status.ok()) {
      LogError("the store could not be flushed; it will be folded again",
               {{"error", std::string(status.message())}});
    }
  }
  if (log_ != nullptr) log_->Stop();
}

void Daemon::Impl::Reload() {
  absl::StatusOr<Config> fresh = LoadConfig(config_.path);
  // What may fail comes first: the old config stays whole.
  const absl::Status usable = fresh.ok() ? client_->SetRoutes(fresh->routes) : fresh.status();
  if (!usable.ok()) {
    const std::string why(usable.message());
    return LogError("the config was not reloaded; the old one stays", {{"error", why}});
  }
  Config before = config_;
  // Without what tells this process from another of its name.
  before.instance = before.instance.substr(0, before.instance.find('#'));
  for (const std::string& field : RestartFields(before, *fresh)) {
    LogWarning("a changed field takes a restart", {{"field", field}});
  }
  SetLogLevel(fresh->logging.level);
  dispatcher_->SetOptions(OptionsOf(fresh->delivery));
  dispatcher_->SetRoutes(fresh->routes);
  guard_->SetRoutes(fresh->routes);
  client_->AllowPrivateAddresses(fresh->delivery.allow_private_addresses);
  for (const auto& loop : loops_) loop->pipeline->SetSettle(fresh->settle);
  gate_->SetTokens(fresh->api.tokens);
  config_.routes = fresh->routes;
  config_.delivery = fresh->delivery;
  config_.settle = fresh->settle;
  config_.logging.level = fresh->logging.level;
  for (const TenantConfig& tenant : fresh->tenants) {
    if (config_.FindTenant(tenant.name) == nullptr) continue;
    const absl::Status status = policies_->Compare(tenant, *LoopOf(tenant.partition).store);
    if (!status.ok()) {
      LogError("the policy in force cannot be read",
               {{"tenant", tenant.name}, {"error", std::string(status.message())}});
    }
  }
  LogInfo("the config was reloaded", {{"file", config_.path}});
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(Config config, const Pause& pause) {
  auto impl = std::make_unique<Impl>(std::move(config));
  if (absl::Status status = impl->Start(pause); !status.ok()) {
    impl->Mourn(status);
    return status;
  }
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

absl::Status Daemon::Run() { return impl_->Run(); }
void Daemon::Stop() { impl_->Stop(absl::OkStatus()); }
void Daemon::Reload() { impl_->Reload(); }
std::string Daemon::address() const { return impl_->address(); }

}  // namespace escalation
