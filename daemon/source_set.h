// daemon/source_set.h
//
// The sources of this instance: Kafka topics are read while it owns the partition of their tenant,
// HTTP hooks are answered always. And the dead letters that they leave.
//
//   Input       the sources of the config; messages and requests
//   Output      events and marks in the log; dead letters
//   Invariants  1. a source that is read holds back time from before the owner's first tick on:
//                  what waits in it is folded before anything that it might answer fires
//               2. two instances may read a source for a moment: the fold counts each message once
//                  (source_reader.h says why no gap can arise)
//   Time        the given clock; marks are dated by it
//   Errors      of Open: kInvalidArgument, a mapping or setting that cannot be used. Later nothing
//               is fatal: a source that fails tries again, and says so in log and metrics
//   Threads     Open and the destructor once; the rest from any thread. One thread of its own for
//               each source
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

class DeadLetters;
class HttpHandler;
class Log;
class RedactorTable;
class StateReader;
struct Config;
struct SourceConfig;
struct SourceStatus;

class SourceSet {
 public:
  // All outlive the set.
  struct World {
    Log* log = nullptr;
    const RedactorTable* redactors = nullptr;
    std::function<Instant()> now;
  };
  static absl::StatusOr<std::unique_ptr<SourceSet>> Open(const std::vector<SourceConfig>& sources,
                                                         std::unique_ptr<DeadLetters> letters,
                                                         World world);
  ~SourceSet();
  SourceSet(const SourceSet&) = delete;
  SourceSet& operator=(const SourceSet&) = delete;

  // This instance takes the partition. MUST be called after its OwnerTook was appended and before
  // its first tick is: the marks that hold time back are appended here, in order behind the one and
  // before the other. Does not block and does nothing while the partition's sources are read
  // already. `state` is the partition's committed state, and outlives the set. Not OK:
  // the log did not take the marks; no tick, and the same call again.
  absl::Status Start(Partition partition, const StateReader* state);
  // This instance loses the partition, or ends. Returns once the readers appended their last; what
  // is under way in the log then may still land. Does nothing where nothing is read.
  void Stop(Partition partition);
  // Of all partitions, and Start does nothing any more.
  void StopAll();

  // Answers POST /v1/hooks/NAME. Lives as long as the set.
  HttpHandler* hooks();
  // Answers /v1/dead-letters...
  HttpHandler* letters();
  // Of every source, in the order of the config.
  std::vector<SourceStatus> Status() const;
  // Prometheus text.
  std::string Metrics() const;

 private:
  class Impl;
  explicit SourceSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Dead letters are where the log is: a topic beside a log in Kafka, else a directory of state_dir.
absl::StatusOr<std::unique_ptr<SourceSet>> OpenConfiguredSources(const Config& config,
                                                                 SourceSet::World world);

}  // namespace escalation
