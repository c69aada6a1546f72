// daemon/partition_loop.h
//
// What the daemon holds for one partition: its store, its loop, and the loop's thread.
//
//   Input       the config; the partition; what the loop is connected to
//   Output      an open loop, folded as far as its store goes; CatchUp folds the rest of the log
//   Errors      those of the store and of the log. kCancelled: a stop was asked for
//   Threads     CatchUp before the thread begins
#pragma once

#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/configured_log.h"
#include "daemon/pipeline.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

struct PartitionLoop {
  Partition partition;
  std::unique_ptr<RocksdbStore> store;
  std::unique_ptr<Pipeline> pipeline;
  std::thread thread;

  // What is in the log is folded before anything is added to it, and before this instance may lead.
  absl::Status CatchUp(const Pause& pause) const;
};

// `connect` fills in what depends on the daemon: dispatcher, ownership and what is told of policies
// and leads. It gets the loop before it has a pipeline.
using ConnectLoop = std::function<void(PartitionLoop*, Pipeline::World*)>;
absl::StatusOr<std::unique_ptr<PartitionLoop>> OpenPartitionLoop(const Config& config, Log* log,
                                                                 Partition partition,
                                                                 const ConnectLoop& connect);

}  // namespace escalation
