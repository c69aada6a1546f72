#include "daemon/log/segment_writer.h"

#include <fcntl.h>
#include <zstd.h>

#include <filesystem>
#include <utility>

#include "daemon/log/bytes.h"
#include "state/base/text.h"

namespace escalation::archive {
namespace {
constexpr int kZstdLevel = 3;
}  // namespace

SegmentWriter::SegmentWriter(std::string dir, std::string file, FileDescriptor handle)
    : dir_(std::move(dir)),
      file_(std::move(file)),
      temporary_(Cat(dir_, "/", file_, ".tmp")),
      handle_(std::move(handle)) {}

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(const std::string& dir,
                                                                     Kind kind, Partition partition,
                                                                     uint64_t first,
                                                                     std::string chain) {
  const std::string file = SegmentFile(kind, partition, first);
  absl::StatusOr<FileDescriptor> handle =
      FileDescriptor::Open(Cat(dir, "/", file, ".tmp"), O_WRONLY | O_CREAT | O_TRUNC);
  if (!handle.ok()) return handle.status();
  std::unique_ptr<SegmentWriter> self(new SegmentWriter(dir, file, *std::move(handle)));
  const std::string header = ToBytes(Header{kind, partition, first, chain});
  self->footer_.first = first;
  self->footer_.chain = std::move(chain);
  self->file_bytes_ = header.size();
  absl::Status status = WriteAll(self->handle_.get(), header, self->temporary_);
  if (!status.ok()) return status;
  return self;
}

absl::Status SegmentWriter::Append(uint64_t number, std::string_view body) {
  if (block_entries_ == 0) block_first_ = number;
  AppendU32(&block_, static_cast<uint32_t>(body.size()));
  block_.append(body);
  ++block_entries_;
  ++footer_.entries;
  footer_.last = number;
  footer_.chain = ChainHash(footer_.chain, body);
  raw_bytes_ += 4 + body.size();
  return block_.size() >= kBlockRawBytes ? WriteBlock() : absl::OkStatus();
}

absl::Status SegmentWriter::WriteBlock() {
  if (block_entries_ == 0) return absl::OkStatus();
  std::string payload(ZSTD_compressBound(block_.size()), '\0');
  const size_t stored =
      ZSTD_compress(payload.data(), payload.size(), block_.data(), block_.size(), kZstdLevel);
  if (ZSTD_isError(stored) != 0u) {
    return absl::InternalError(Cat(temporary_, ": zstd: ", ZSTD_getErrorName(stored)));
  }
  payload.resize(stored);
  BlockHead head;
  head.stored = static_cast<uint32_t>(stored);
  head.raw = static_cast<uint32_t>(block_.size());
  head.entries = block_entries_;
  head.first = block_first_;
  const std::string bytes = ToBytes(head, payload) + payload;
  if (absl::Status status = WriteAll(handle_.get(), bytes, temporary_); !status.ok()) {
    return status;
  }
  file_bytes_ += bytes.size();
  ++footer_.blocks;
  block_.clear();
  block_entries_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<v1::ArchiveSegment> SegmentWriter::Close() {
  if (absl::Status status = WriteBlock(); !status.ok()) return status;
  const std::string footer = ToBytes(footer_);
  absl::Status status = WriteAll(handle_.get(), footer, temporary_);
  if (status.ok()) status = SyncFile(handle_.get(), temporary_);
  const std::string path = Cat(dir_, "/", file_);
  if (status.ok()) {
    status = RenameDurably(temporary_, path, std::filesystem::path(path).parent_path().string());
  }
  if (!status.ok()) return status;
  v1::ArchiveSegment segment;
  segment.set_file(file_);
  segment.set_first(static_cast<int64_t>(footer_.first));
  segment.set_last(static_cast<int64_t>(footer_.last));
  segment.set_count(static_cast<int64_t>(footer_.entries));
  segment.set_bytes(static_cast<int64_t>(file_bytes_ + footer.size()));
  segment.set_chain(ToHex(footer_.chain));
  return segment;
}

}  // namespace escalation::archive
