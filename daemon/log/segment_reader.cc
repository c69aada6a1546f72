#include "daemon/log/segment_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/log/bytes.h"
#include "state/base/text.h"

namespace escalation::archive {

SegmentReader::SegmentReader(std::string path, FileDescriptor file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::Status SegmentReader::Damaged(std::string_view what) const {
  return absl::DataLossError(Cat(path_, ": ", what));
}

absl::Status SegmentReader::Damaged(size_t block, std::string_view what) const {
  return absl::DataLossError(
      Cat(path_, ": block ", block, " at byte ", places_[block].position, ": ", what));
}

absl::StatusOr<std::unique_ptr<SegmentReader>> SegmentReader::Open(
    const std::string& dir, Kind kind, Partition partition, const v1::ArchiveSegment& segment) {
  const std::string path = Cat(dir, "/", segment.file());
  absl::StatusOr<FileDescriptor> file = FileDescriptor::Open(path, O_RDONLY);
  if (absl::IsNotFound(file.status())) {
    return absl::DataLossError(Cat(path, ": missing, but named by manifest.json"));
  }
  if (!file.ok()) return file.status();
  std::unique_ptr<SegmentReader> self(new SegmentReader(path, *std::move(file)));
  if (absl::Status status = self->LoadEnds(kind, partition, segment); !status.ok()) return status;
  if (absl::Status status = self->LoadPlaces(); !status.ok()) return status;
  return self;
}

absl::Status SegmentReader::LoadEnds(Kind kind, Partition partition,
                                     const v1::ArchiveSegment& segment) {
  struct stat info = {};
  if (::fstat(file_.get(), &info) != 0) return FromErrno(errno, path_, "cannot read");
  bytes_ = static_cast<uint64_t>(info.st_size);
  if (bytes_ != static_cast<uint64_t>(segment.bytes()) || bytes_ < kHeaderBytes + kFooterBytes) {
    return Damaged(Cat("has ", bytes_, " bytes, expected ", segment.bytes()));
  }
  absl::StatusOr<std::string> bytes = ReadAt(file_.get(), 0, kHeaderBytes, path_);
  if (!bytes.ok()) return bytes.status();
  const std::optional<Header> header = ParseHeader(*bytes);
  if (!header) return Damaged("the header at byte 0 is damaged");
  bytes = ReadAt(file_.get(), bytes_ - kFooterBytes, kFooterBytes, path_);
  if (!bytes.ok()) return bytes.status();
  const std::optional<Footer> footer = ParseFooter(*bytes);
  if (!footer) return Damaged(Cat("the footer at byte ", bytes_ - kFooterBytes, " is damaged"));
  header_ = *header;
  footer_ = *footer;
  if (header_.kind != kind || header_.partition != partition ||
      header_.first != static_cast<uint64_t>(segment.first())) {
    return Damaged("is another file than the one that manifest.json names");
  }
  if (footer_.first != header_.first || footer_.last != static_cast<uint64_t>(segment.last()) ||
      footer_.entries != static_cast<uint64_t>(segment.count()) ||
      ToHex(footer_.chain) != segment.chain()) {
    return Damaged("holds other entries than manifest.json says");
  }
  return absl::OkStatus();
}

absl::Status SegmentReader::LoadPlaces() {
  const uint64_t end = bytes_ - kFooterBytes;
  uint64_t position = kHeaderBytes;
  uint64_t entries = 0;
  while (position < end) {
    absl::StatusOr<std::string> bytes = ReadAt(file_.get(), position, kBlockHeadBytes, path_);
    if (!bytes.ok()) return bytes.status();
    const std::optional<BlockHead> head = ParseBlockHead(*bytes);
    const size_t block = places_.size();
    places_.push_back({head ? head->first : 0, position, head ? head->entries : 0});
    if (!head || head->entries == 0 || position + kBlockHeadBytes + head->stored > end) {
      return Damaged(block, "its head is damaged");
    }
    if (block == 0 ? head->first != header_.first : head->first <= places_[block - 1].first) {
      return Damaged(block, Cat("begins with ", head->first, ", which is out of order"));
    }
    entries += head->entries;
    position += kBlockHeadBytes + head->stored;
  }
  if (position != end || places_.size() != footer_.blocks || entries != footer_.entries) {
    return Damaged(Cat("has ", places_.size(), " blocks with ", entries, " entries, expected ",
                       footer_.blocks, " and ", footer_.entries));
  }
  return absl::OkStatus();
}

size_t SegmentReader::BlockOf(uint64_t number) const {
  const auto after =
      std::upper_bound(places_.begin(), places_.end(), number,
                       [](uint64_t wanted, const Place& place) { return wanted < place.first; });
  return after == places_.begin() ? 0 : static_cast<size_t>(after - places_.begin()) - 1;
}

absl::StatusOr<std::string> SegmentReader::ReadBlock(size_t block) const {
  const uint64_t position = places_[block].position;
  absl::StatusOr<std::string> bytes = ReadAt(file_.get(), position, kBlockHeadBytes, path_);
  if (!bytes.ok()) return bytes.status();
  const std::optional<BlockHead> head = ParseBlockHead(*bytes);
  if (!head) return Damaged(block, "its head is damaged");
  absl::StatusOr<std::string> payload =
      ReadAt(file_.get(), position + kBlockHeadBytes, head->stored, path_);
  if (!payload.ok()) return payload.status();
  // The hash comes first: zstd never sees damaged bytes.
  if (payload->size() != head->stored || !HashMatches(*head, *payload)) {
    return Damaged(block, Cat("its hash does not match its bytes; it begins with ", head->first));
  }
  std::string raw(head->raw, '\0');
  const size_t size = ZSTD_decompress(raw.data(), raw.size(), payload->data(), payload->size());
  if (ZSTD_isError(size) != 0u || size != raw.size()) {
    return Damaged(block, "cannot be unpacked");
  }
  return raw;
}

absl::Status SegmentReader::ForEach(size_t block, std::string_view raw,
                                    const Visitor& visit) const {
  ByteReader reader(raw);
  std::optional<uint64_t> previous;
  for (uint32_t i = 0; i < places_[block].entries; ++i) {
    uint32_t bytes = 0;
    std::string_view body;
    if (!reader.U32(&bytes) || !reader.Bytes(bytes, &body)) {
      return Damaged(block, Cat("entry ", i, " is cut off"));
    }
    const std::optional<uint64_t> number = NumberOf(body);
    const bool in_order = previous ? number > previous : number == places_[block].first;
    if (!number || !in_order || *number > footer_.last) {
      return Damaged(
          block, Cat("entry ", i, " has number ", number.value_or(0), ", which is out of order"));
    }
    previous = number;
    if (!visit(*number, body)) return absl::OkStatus();
  }
  if (!reader.rest().empty()) return Damaged(block, "has bytes after its last entry");
  return absl::OkStatus();
}

}  // namespace escalation::archive
