#include <filesystem>
#include <set>
#include <system_error>

#include "daemon/log/archive_format.h"
#include "daemon/log/archive_log.h"
#include "daemon/log/archive_manifest.h"
#include "daemon/log/durable_file.h"
#include "daemon/log/segment_reader.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using archive::Kind;
using archive::SegmentReader;

// Folds the hash chain over one stream and compares it at every file.
class StreamVerifier {
 public:
  StreamVerifier(const std::string& dir, Kind kind, Partition partition)
      : dir_(dir), kind_(kind), partition_(partition) {}

  absl::Status Verify(const v1::ArchiveSegment& segment) {
    absl::StatusOr<std::unique_ptr<SegmentReader>> reader =
        SegmentReader::Open(dir_, kind_, partition_, segment);
    if (!reader.ok()) return reader.status();
    if ((*reader)->chain_before() != chain_) {
      return absl::DataLossError(
          Cat(dir_, "/", segment.file(), ": does not continue the file before it"));
    }
    for (size_t block = 0; block < (*reader)->blocks(); ++block) {
      if (absl::Status status = VerifyBlock(**reader, block); !status.ok()) return status;
    }
    if ((*reader)->chain_after() == chain_ && last_ == static_cast<uint64_t>(segment.last())) {
      return absl::OkStatus();
    }
    return absl::DataLossError(
        Cat(dir_, "/", segment.file(), ": its hash chain does not match its entries"));
  }

  int64_t entries() const { return entries_; }
  std::string chain() const { return ToHex(chain_); }

 private:
  absl::Status VerifyBlock(const SegmentReader& reader, size_t block) {
    absl::StatusOr<std::string> raw = reader.ReadBlock(block);
    if (!raw.ok()) return raw.status();
    absl::Status wrong;
    const absl::Status status =
        reader.ForEach(block, *raw, [&](uint64_t number, std::string_view body) {
          const std::string what = Problem(number, body);
          if (!what.empty()) wrong = reader.Damaged(block, what);
          chain_ = ChainHash(chain_, body);
          last_ = number;
          ++entries_;
          return what.empty();
        });
    return status.ok() ? wrong : status;
  }

  // Empty: none.
  std::string Problem(uint64_t number, std::string_view body) {
    if (kind_ == Kind::kDecisions) {
      if (!archive::ParseDecisionBody(body)) return Cat("decision ", number, " is no decision");
      if (entries_ > 0 && number != last_ + 1) return Cat("decision ", last_ + 1, " is missing");
      return "";
    }
    const std::optional<Record> record = archive::ParseRecordBody(body);
    if (!record) return Cat("record ", number, " is no record");
    if (record->appended < appended_) {
      return Cat("record ", number, " was appended ", record->appended, ", before the one before");
    }
    appended_ = record->appended;
    return "";
  }

  const std::string dir_;
  const Kind kind_;
  const Partition partition_;
  std::string chain_;
  uint64_t last_ = 0;
  int64_t entries_ = 0;
  Instant appended_ = Instant::Past();
};

absl::Status CheckFiles(const std::string& dir, std::set<std::string> expected) {
  expected.insert("manifest.json");
  expected.insert("manifest.sha256");
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(dir, error);
  for (; !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error)) continue;
    const std::string name = std::filesystem::relative(it->path(), dir, error).string();
    if (expected.count(name) == 0) {
      return absl::DataLossError(Cat(dir, "/", name, ": not named by manifest.json"));
    }
  }
  if (error) return FromErrno(error.value(), dir, "cannot list");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ArchiveSummary> VerifyArchive(const std::string& dir) {
  absl::StatusOr<v1::ArchiveManifest> manifest = archive::ReadManifest(dir);
  if (!manifest.ok()) return manifest.status();
  ArchiveSummary summary;
  summary.identity = {manifest->kind(), manifest->cluster(), manifest->topic(),
                      manifest->incarnation()};
  std::set<std::string> files;
  for (const v1::ArchivePartition& entry : manifest->partitions()) {
    const Partition partition{entry.partition()};
    StreamVerifier records(dir, Kind::kRecords, partition);
    StreamVerifier decisions(dir, Kind::kDecisions, partition);
    for (const v1::ArchiveSegment& segment : entry.records()) {
      if (absl::Status status = records.Verify(segment); !status.ok()) return status;
      files.insert(segment.file());
      summary.bytes += segment.bytes();
    }
    for (const v1::ArchiveSegment& segment : entry.decisions()) {
      if (absl::Status status = decisions.Verify(segment); !status.ok()) return status;
      files.insert(segment.file());
      summary.bytes += segment.bytes();
    }
    summary.partitions.push_back({Offset{entry.begin()}, Offset{entry.end()}, records.entries(),
                                  decisions.entries(), records.chain(), decisions.chain()});
  }
  summary.files = static_cast<int64_t>(files.size());
  if (absl::Status status = CheckFiles(dir, std::move(files)); !status.ok()) return status;
  return summary;
}

}  // namespace escalation
