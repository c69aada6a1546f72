#include "daemon/partition_loop.h"

#include <utility>

#include "state/base/text.h"

namespace escalation {

absl::StatusOr<std::unique_ptr<PartitionLoop>> OpenPartitionLoop(const Config& config, Log* log,
                                                                 Partition partition,
                                                                 const ConnectLoop& connect) {
  auto loop = std::make_unique<PartitionLoop>();
  loop->partition = partition;
  const LogIdentity& of_log = log->identity();
  const StoreIdentity identity{of_log.kind, of_log.cluster, of_log.topic, of_log.incarnation,
                               partition};
  auto store = RocksdbStore::Open(Cat(config.state_dir, "/partition-", partition), identity);
  if (!store.ok()) return store.status();
  loop->store = *std::move(store);
  PipelineOptions options;
  options.partition = partition;
  options.instance = config.instance;
  options.settle = config.settle;
  options.tickets_max = static_cast<size_t>(config.tickets_max);
  for (const TenantConfig& tenant : config.tenants) {
    const auto& severities = tenant.policy.policy.severities();
    options.severities[tenant.name].assign(severities.begin(), severities.end());
  }
  Pipeline::World world;
  world.log = log;
  world.store = loop->store.get();
  connect(loop.get(), &world);
  auto pipeline = Pipeline::Open(std::move(options), std::move(world));
  if (!pipeline.ok()) return pipeline.status();
  loop->pipeline = *std::move(pipeline);
  return loop;
}

absl::Status PartitionLoop::CatchUp(const Pause& pause) const {
  bool caught_up = false;
  while (!caught_up) {
    const absl::Status status = UntilAvailable("the log", pause, [&] {
      const absl::StatusOr<bool> end = pipeline->RunOnce();
      caught_up = end.ok() && *end;
      return end.status();
    });
    if (!status.ok()) return status;
    if (pause(Duration{0})) return absl::CancelledError("stopped while the log was folded");
  }
  return absl::OkStatus();
}

}  // namespace escalation
