// daemon/log/segment_writer.h
//
// Writes one file of an archive.
//
//   Input       bodies of entries, in order
//   Output      a file in the grammar of archive_format.h, under its final name once it is whole
//   Invariants  1. memory holds one block
//   Errors      as durable_file.h
//   Threads     one at a time
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/archive_format.h"
#include "daemon/log/durable_file.h"
#include "escalation/v1/store.pb.h"

namespace escalation::archive {

class SegmentWriter {
 public:
  // `chain`: of the stream before `first`; empty at its beginning. The partition's folder exists.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(const std::string& dir, Kind kind,
                                                               Partition partition, uint64_t first,
                                                               std::string chain);
  absl::Status Append(uint64_t number, std::string_view body);
  // Nothing may be appended afterwards.
  absl::StatusOr<v1::ArchiveSegment> Close();

  uint64_t raw_bytes() const { return raw_bytes_; }
  const std::string& chain() const { return footer_.chain; }

 private:
  SegmentWriter(std::string dir, std::string file, FileDescriptor handle);
  absl::Status WriteBlock();

  const std::string dir_;
  const std::string file_;
  const std::string temporary_;
  FileDescriptor handle_;
  Footer footer_;
  uint64_t raw_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  std::string block_;
  uint32_t block_entries_ = 0;
  uint64_t block_first_ = 0;
};

}  // namespace escalation::archive
