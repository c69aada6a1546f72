// daemon/log/archive_writer.h
//
// Writes an archive: a log's records, and its decisions if wanted, as files that are never changed.
//
//   Input       the log's identity, records in order of offset, decisions in order of seq
//   Output      a directory in the grammar of archive_format.h
//   Invariants  1. a directory without its manifest is no archive: a crash leaves none
//               2. memory holds one block for each stream
//   Errors      kFailedPrecondition: `dir` is not empty, or entries are out of order.
//               kInvalidArgument: no such partition, or an entry too large. Else as durable_file.h
//   Threads     one at a time
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/archive_format.h"
#include "daemon/log/log.h"
#include "daemon/log/segment_writer.h"
#include "escalation/v1/store.pb.h"

namespace escalation {

struct ArchiveOptions {
  // A file is closed once it has so many raw bytes.
  uint64_t segment_bytes = uint64_t{256} << 20;
};

class ArchiveWriter {
 public:
  // `dir` is created; it must be empty or not exist.
  static absl::StatusOr<std::unique_ptr<ArchiveWriter>> Create(const std::string& dir,
                                                               const LogIdentity& identity,
                                                               int32_t partitions,
                                                               const ArchiveOptions& options = {});

  // Offsets rise within a partition, append times do not decrease.
  absl::Status Append(Partition partition, const Record& record);
  // Seqs rise by one.
  absl::Status AppendDecision(Partition partition, const PublishedDecision& decision);
  // Completes the archive. Nothing may be appended afterwards.
  absl::Status Close();

 private:
  struct Stream {
    std::unique_ptr<archive::SegmentWriter> segment;
    std::string chain;
    uint64_t next = 0;
    Instant appended = Instant::Past();
  };

  ArchiveWriter(std::string dir, const LogIdentity& identity, int32_t partitions,
                const ArchiveOptions& options);
  absl::Status CheckAppend(Partition partition, size_t bytes) const;
  absl::Status Write(archive::Kind kind, Partition partition, uint64_t number,
                     const std::string& body);
  absl::Status CloseSegment(archive::Kind kind, Partition partition);

  const std::string dir_;
  const ArchiveOptions options_;
  bool closed_ = false;
  // One for each partition.
  std::vector<Stream> records_;
  std::vector<Stream> decisions_;
  v1::ArchiveManifest manifest_;
};

enum class WithDecisions { kNo, kYes };

// Writes everything that `log` holds now. `progress`, if set, is told the records done and the
// records to do.
absl::Status ArchiveLogTo(const Log& log, const std::string& dir, WithDecisions with_decisions,
                          const ArchiveOptions& options = {},
                          const std::function<void(int64_t, int64_t)>& progress = nullptr);

}  // namespace escalation
