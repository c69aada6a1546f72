// daemon/log/acknowledged_file.h
//
// Remembers how far an embedded log has acknowledged, beside the log: the evidence that a reopened
// log still has its end.
//
//   Input       ends and seqs after each acknowledgement
//   Output      the latest ones, at the next opening
//   Invariants  1. never ahead of what is durable: Set is called after the fsync of the records
//   Errors      as durable_file.h
//   Threads     SetEnd and SetThrough each by one thread at a time; the two do not disturb each
//   other
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/durable_file.h"
#include "state/base/ids.h"

namespace escalation {

struct AcknowledgedEntry {
  uint64_t end = 0;
  uint64_t through = 0;
};

class AcknowledgedFile {
 public:
  // What the file says, one entry for each partition; no file: nothing.
  static absl::StatusOr<std::vector<AcknowledgedEntry>> Load(const std::string& path);
  static absl::StatusOr<AcknowledgedFile> Open(const std::string& path);

  absl::Status SetEnd(Partition partition, Offset end);
  absl::Status SetThrough(Partition partition, uint64_t through);

 private:
  AcknowledgedFile(FileDescriptor file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  absl::Status Set(uint64_t position, uint64_t value);

  FileDescriptor file_;
  std::string path_;
};

}  // namespace escalation
