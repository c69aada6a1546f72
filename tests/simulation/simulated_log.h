// tests/simulation/simulated_log.h
//
// A log that several processes share, and one process's connection to it, which fails in all the
// ways that a network and a broker can.
//
//   Input       as Log; faults drawn from the stage
//   Output      as Log. An append may be refused, in the log although it is said to have failed, in
//               the log later, or in it twice; a view that is held shows nothing new
//   Invariants  1. append times never decrease, whatever the broker's clock does
//               2. a connection's records enter in the order of its appends
//               3. the decisions stream is contiguous; a decision that comes again with other bytes
//                  is kept as a problem
//   Time        the broker's clock: true time and an offset
//   Errors      as Log
//   Threads     one owner
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/log/log.h"
#include "tests/simulation/life.h"

namespace escalation::simulation {

class SimulatedLog {
 public:
  explicit SimulatedLog(Stage* stage) : stage_(*stage) {}

  Appended Take(std::string value);
  absl::Status Publish(const std::vector<PublishedDecision>& decisions);

  const std::vector<Record>& records() const { return records_; }
  const std::vector<PublishedDecision>& decisions() const { return decisions_; }
  const std::vector<std::string>& problems() const { return problems_; }
  Instant log_time() const { return records_.empty() ? Instant::Past() : records_.back().appended; }

  // Wakes who waits for records.
  void set_on_append(std::function<void()> on_append) { on_append_ = std::move(on_append); }
  void set_clock_offset(Duration offset) { clock_offset_ = offset; }
  // Nothing can be read, appended or published.
  void set_down(bool down) { down_ = down; }
  bool down() const { return down_; }

 private:
  Stage& stage_;
  std::vector<Record> records_;
  std::vector<PublishedDecision> decisions_;
  std::vector<std::string> problems_;
  std::function<void()> on_append_;
  Duration clock_offset_;
  bool down_ = false;
};

class LogConnection : public Log {
 public:
  LogConnection(Stage* stage, SimulatedLog* log, std::shared_ptr<Life> life,
                std::function<void()> acknowledged)
      : stage_(*stage),
        log_(*log),
        life_(std::move(life)),
        acknowledged_(std::move(acknowledged)) {}

  // Shows nothing that comes after now.
  void HoldView() { view_end_ = log_.records().size(); }
  void ReleaseView() { view_end_ = SIZE_MAX; }

  const LogIdentity& identity() const override { return identity_; }
  int32_t partitions() const override { return 1; }
  absl::StatusOr<Offset> Begin(Partition) const override { return Offset{0}; }
  absl::StatusOr<Offset> End(Partition) const override { return ViewEnd(); }
  absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                   size_t bytes_max) const override;
  bool WaitFor(Partition, Offset seen, absl::Duration) const override { return ViewEnd() > seen; }
  void Append(Partition partition, std::string value, Done done) override;
  absl::Status Publish(Partition partition,
                       const std::vector<PublishedDecision>& decisions) override;
  absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const override;
  absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition, uint64_t,
                                                               size_t) const override {
    return absl::UnimplementedError("nobody asks");
  }
  void Stop() override {}

 private:
  Offset ViewEnd() const {
    return Offset{static_cast<int64_t>(std::min(view_end_, log_.records().size()))};
  }
  void Acknowledge(Done done, absl::StatusOr<Appended> appended);

  Stage& stage_;
  SimulatedLog& log_;
  const std::shared_ptr<Life> life_;
  const std::function<void()> acknowledged_;
  const LogIdentity identity_{"memory", "", "", "simulation"};
  size_t view_end_ = SIZE_MAX;
  Instant latest_landing_ = Instant::Past();
  Instant latest_acknowledgement_ = Instant::Past();
};

}  // namespace escalation::simulation
