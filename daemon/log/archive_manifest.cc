#include "daemon/log/archive_manifest.h"

#include <google/protobuf/util/json_util.h>

#include "daemon/log/archive_format.h"
#include "daemon/log/durable_file.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation::archive {
namespace {

constexpr size_t kManifestBytesMax = size_t{64} << 20;

std::string HashLine(const std::string& json) {
  return ToHex(Sha256({json})) + "  manifest.json\n";
}

absl::Status Wrong(const std::string& dir, const std::string& what) {
  return absl::DataLossError(Cat(dir, kManifestFile, ": ", what));
}

absl::Status CheckStream(const std::string& dir, Kind kind, Partition partition,
                         const google::protobuf::RepeatedPtrField<v1::ArchiveSegment>& segments) {
  int64_t after = -1;
  for (const v1::ArchiveSegment& segment : segments) {
    const std::string expected =
        SegmentFile(kind, partition, static_cast<uint64_t>(segment.first()));
    if (segment.file() != expected) {
      return Wrong(dir, Cat("names the file ", segment.file(), ", expected ", expected));
    }
    if (segment.first() <= after || segment.last() < segment.first() || segment.count() < 1) {
      return Wrong(dir, Cat(segment.file(), " is out of order: ", segment.first(), " to ",
                            segment.last(), " after ", after));
    }
    after = segment.last();
  }
  return absl::OkStatus();
}

absl::Status CheckPartitions(const std::string& dir, const v1::ArchiveManifest& manifest) {
  for (int i = 0; i < manifest.partitions_size(); ++i) {
    const v1::ArchivePartition& partition = manifest.partitions(i);
    if (partition.partition() != i) {
      return Wrong(dir, Cat("partition ", partition.partition(), " stands where ", i, " belongs"));
    }
    absl::Status status = CheckStream(dir, Kind::kRecords, Partition{i}, partition.records());
    if (!status.ok()) return status;
    status = CheckStream(dir, Kind::kDecisions, Partition{i}, partition.decisions());
    if (!status.ok()) return status;
    const int count = partition.records_size();
    const int64_t begin = count == 0 ? partition.end() : partition.records(0).first();
    const int64_t end = count == 0 ? partition.end() : partition.records(count - 1).last() + 1;
    if (partition.begin() != begin || partition.end() != end) {
      return Wrong(dir, Cat("partition ", i, " holds ", begin, " up to before ", end,
                            ", but claims ", partition.begin(), " up to before ", partition.end()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteManifest(const std::string& dir, const v1::ArchiveManifest& manifest) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(manifest, &json, options).ok()) {
    return absl::InternalError(Cat(dir, kManifestFile, ": cannot be written as JSON"));
  }
  if (absl::Status status = WriteDurably(dir + kManifestHashFile, HashLine(json)); !status.ok()) {
    return status;
  }
  return WriteDurably(dir + kManifestFile, json);
}

absl::StatusOr<v1::ArchiveManifest> ReadManifest(const std::string& dir) {
  absl::StatusOr<std::string> json = ReadSmallFile(dir + kManifestFile, kManifestBytesMax);
  if (absl::IsNotFound(json.status())) {
    return absl::NotFoundError(Cat(dir,
                                   ": not an archive, or one that was never completed: there "
                                   "is no manifest.json"));
  }
  if (!json.ok()) return json.status();
  absl::StatusOr<std::string> hash = ReadSmallFile(dir + kManifestHashFile, 1 << 10);
  if (absl::IsNotFound(hash.status())) return Wrong(dir, "there is no manifest.sha256 beside it");
  if (absl::IsInvalidArgument(hash.status()) || (hash.ok() && *hash != HashLine(*json))) {
    return Wrong(dir, "damaged: its SHA-256 is not what manifest.sha256 says");
  }
  if (!hash.ok()) return hash.status();
  v1::ArchiveManifest manifest;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &manifest);
  if (manifest.format_version() > kArchiveFormatVersion) {
    return absl::FailedPreconditionError(
        Cat(dir, kManifestFile, ": written in format ", manifest.format_version(),
            ", this program knows formats up to ", kArchiveFormatVersion));
  }
  if (!parsed.ok()) return Wrong(dir, "not the JSON of a manifest");
  if (absl::Status status = CheckPartitions(dir, manifest); !status.ok()) return status;
  return manifest;
}

}  // namespace escalation::archive
