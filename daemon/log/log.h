// daemon/log/log.h
//
// The log: the only input of the fold. One interface over Kafka, the embedded log, a log in memory
// and read-only archives.
//
//   Input       Append: a serialized Event for a partition; Publish: decisions, in order of seq
//   Output      Read: records in order of offset, each with the time at which the log took it
//   Invariants  1. a record is visible only once it is durable; what was acknowledged survives any
//                  crash
//               2. offsets rise; append times never decrease within a partition
//               3. the incarnation of a log never changes; a recreated log has another one
//               4. acknowledgements come in the order of the appends to a partition
//   Time        append times come from the log's own clock
//   Errors      kUnavailable: the same call may succeed later. kDataLoss: corrupt, or the disk
//               failed; stop. kFailedPrecondition: this log is read-only or stopped, or a decision
//               is not the next one. kInvalidArgument: no such partition, or a record too large.
//               kOutOfRange: the position is before the first or beyond the last record.
//               kResourceExhausted: too many appends under way, or the disk is full.
//               An append that failed with kDataLoss or for a full disk was never acknowledged, but
//               may be found in the log after a restart: a producer repeats it with the same id.
//   Threads     all methods from any thread. `done` runs on a thread of the log, or before Append
//               returns when the record is refused; it MUST NOT block or call back into the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

// Which log this is: a store folded from one log refuses another.
struct LogIdentity {
  // "embedded", "kafka", "memory". An archive has the kind of the log that was archived.
  std::string kind;
  // Kafka cluster id; empty for embedded logs.
  std::string cluster;
  // Kafka topic; empty for embedded logs.
  std::string topic;
  // 32 hexadecimal digits, or the Kafka topic id.
  std::string incarnation;
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

// Bytes of one record's value, and of one decision.
inline constexpr size_t kRecordBytesMax = size_t{16} << 20;

struct Record {
  Offset offset;
  Instant appended;
  // Serialized escalation.v1.Event.
  std::string value;
};

struct RecordBatch {
  // May be empty: nothing after `from` yet.
  std::vector<Record> records;
  // The log's end when the batch was read: the offset that the next appended record gets.
  Offset end;
};

struct Appended {
  Offset offset;
  Instant appended;
};

struct PublishedDecision {
  // From 1.
  uint64_t seq = 0;
  std::string id;
  // Serialized escalation.v1.Decision.
  std::string value;
};

// How a log on disk is opened.
enum class Access {
  kReadWrite,
  // For looking at a log that another process may be writing: what is there at opening.
  kReadOnly,
};

class Log {
 public:
  virtual ~Log() = default;

  virtual const LogIdentity& identity() const = 0;
  virtual int32_t partitions() const = 0;

  // First offset that can be read, and the offset that the next record gets.
  virtual absl::StatusOr<Offset> Begin(Partition partition) const = 0;
  virtual absl::StatusOr<Offset> End(Partition partition) const = 0;

  // Records from `from` on, at most about bytes_max of values but at least one if there is one.
  virtual absl::StatusOr<RecordBatch> Read(Partition partition, Offset from,
                                           size_t bytes_max) const = 0;

  // Returns true once End(partition) > seen, false after `timeout` or Stop.
  virtual bool WaitFor(Partition partition, Offset seen, absl::Duration timeout) const = 0;

  using Done = std::function<void(absl::StatusOr<Appended>)>;
  // Takes the record; `done` runs exactly once, after the record is durable or has failed.
  virtual void Append(Partition partition, std::string value, Done done) = 0;
  struct ToAppend {
    std::string value;
    Done done;
  };
  // Several in order. A log that can takes all or none, and shows them together where they fit into
  // one write.
  virtual void AppendTogether(Partition partition, std::vector<ToAppend> records);

  // OK; or what every further Append and Publish fails with until the log is opened again.
  virtual absl::Status Health() const { return absl::OkStatus(); }

  // The decisions stream. `decisions` continue at the stream's end; those already there (same seq)
  // are skipped, so a repeated call is harmless. Durable on return.
  virtual absl::Status Publish(Partition partition,
                               const std::vector<PublishedDecision>& decisions) = 0;
  // The highest seq in the decisions stream, 0: none.
  virtual absl::StatusOr<uint64_t> PublishedThrough(Partition partition) const = 0;
  // Decisions with seq >= from, at most `count`.
  virtual absl::StatusOr<std::vector<PublishedDecision>> ReadDecisions(Partition partition,
                                                                       uint64_t from,
                                                                       size_t count) const = 0;

  // Waits for appends under way, then refuses new ones and wakes every WaitFor.
  virtual void Stop() = 0;
};

// Appends and waits until the record is durable or has failed. MUST NOT be called from `done`.
absl::StatusOr<Appended> AppendAndWait(Log& log, Partition partition, std::string value);

}  // namespace escalation
