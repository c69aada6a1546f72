// daemon/log/segment_reader.h
//
// Reads one file of an archive, block by block.
//
//   Input       a file, and what the manifest says about it
//   Output      its blocks, each checked against its hash before it is unpacked
//   Invariants  1. header, block heads and footer add up to exactly the file
//               2. memory holds the place of each block (24 bytes), and one block while it is read
//   Errors      kDataLoss: damaged, naming file, block and byte. Else as durable_file.h
//   Threads     any may read
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/archive_format.h"
#include "daemon/log/durable_file.h"
#include "escalation/v1/store.pb.h"

namespace escalation::archive {

class SegmentReader {
 public:
  static absl::StatusOr<std::unique_ptr<SegmentReader>> Open(const std::string& dir, Kind kind,
                                                             Partition partition,
                                                             const v1::ArchiveSegment& segment);

  // Of the stream before the first entry, and after the last one.
  const std::string& chain_before() const { return header_.chain; }
  const std::string& chain_after() const { return footer_.chain; }

  size_t blocks() const { return places_.size(); }
  // The block that holds `number` or, where that is missing, the next number after it.
  size_t BlockOf(uint64_t number) const;

  // Raw bytes of a block: entry*.
  absl::StatusOr<std::string> ReadBlock(size_t block) const;
  // Calls `visit` for the bodies of a raw block in order until it returns false. Numbers rise.
  using Visitor = std::function<bool(uint64_t number, std::string_view body)>;
  absl::Status ForEach(size_t block, std::string_view raw, const Visitor& visit) const;

  // "DIR/FILE: block 3 at byte 4711: what"
  absl::Status Damaged(size_t block, std::string_view what) const;

 private:
  struct Place {
    uint64_t first = 0;
    uint64_t position = 0;
    uint32_t entries = 0;
  };

  SegmentReader(std::string path, FileDescriptor file);
  absl::Status LoadEnds(Kind kind, Partition partition, const v1::ArchiveSegment& segment);
  absl::Status LoadPlaces();
  absl::Status Damaged(std::string_view what) const;

  const std::string path_;
  const FileDescriptor file_;
  uint64_t bytes_ = 0;
  Header header_;
  Footer footer_;
  std::vector<Place> places_;
};

}  // namespace escalation::archive
