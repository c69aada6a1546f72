// Bytes as an archive whose hashes all match, since nobody guesses those: reading it all gives
// entries in order, or says what is damaged.
//
//   input := form:u8 manifest_bytes:u16 MANIFEST SEGMENT; form 1: MANIFEST is taken as it is, else
//   made to fit SEGMENT

#include <google/protobuf/stubs/logging.h>
#include <zstd.h>

#include "daemon/log/archive_format.h"
#include "daemon/log/archive_log.h"
#include "daemon/log/archive_manifest.h"
#include "daemon/log/bytes.h"
#include "state/base/check.h"
#include "state/base/text.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/scratch_folder.h"

using namespace escalation;

namespace {

using archive::kBlockHeadBytes;
using archive::kFooterBytes;
using archive::kHeaderBytes;

// The last 32 of `count` bytes from `at` on become the hash of those before and of `payload`.
void FixHash(std::string* file, size_t at, size_t count, size_t payload) {
  const std::string_view text(*file);
  const std::string hash =
      Sha256({text.substr(at, count - kSha256Bytes), text.substr(at + count, payload)});
  file->replace(at + count - kSha256Bytes, kSha256Bytes, hash);
}

// Gives header, blocks and footer their hashes, as far as they can be told apart.
void FixHashes(std::string* file) {
  if (file->size() < kHeaderBytes + kFooterBytes) return;
  FixHash(file, 0, kHeaderBytes, 0);
  const size_t footer = file->size() - kFooterBytes;
  for (size_t at = kHeaderBytes; at + kBlockHeadBytes <= footer;) {
    const auto head = archive::ParseBlockHead(std::string_view(*file).substr(at, kBlockHeadBytes));
    if (!head || head->stored > footer - at - kBlockHeadBytes) break;
    FixHash(file, at, kBlockHeadBytes, head->stored);
    at += kBlockHeadBytes + head->stored;
  }
  FixHash(file, footer, kFooterBytes, 0);
}

std::string Pack(const std::string& raw) {
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
  return packed;
}

// A segment with entries that are in order, unless a byte of them is turned over.
std::string MakeSegment(ByteSource* source) {
  archive::Header header;
  header.kind = source->Flag() ? archive::Kind::kRecords : archive::Kind::kDecisions;
  header.first = source->Below(4);
  archive::Footer footer;
  footer.first = header.first;
  uint64_t next = header.first;
  std::string file = archive::ToBytes(header);
  for (footer.blocks = 0; footer.blocks < 4 && !source->empty(); ++footer.blocks) {
    archive::BlockHead head;
    head.first = next;
    std::string raw;
    for (; head.entries < 6 && !source->empty(); ++head.entries) {
      std::string body;
      AppendU64(&body, footer.last = next);
      next += 1 + source->Below(8) / 7;
      body.append(source->Piece(200));
      AppendU32(&raw, static_cast<uint32_t>(body.size()));
      raw.append(body);
      footer.chain = ChainHash(footer.chain, body);
    }
    footer.entries += head.entries;
    if (source->Flag()) raw[source->Below(raw.size())] ^= static_cast<char>(source->Byte());
    const std::string payload = Pack(raw);
    head.stored = static_cast<uint32_t>(payload.size());
    head.raw = static_cast<uint32_t>(raw.size() + source->Below(8) / 7);
    file += archive::ToBytes(head, payload) + payload;
  }
  return file + archive::ToBytes(footer);
}

// A manifest with one stream that says of the segment what the segment says of itself.
v1::ArchiveManifest ManifestOf(const std::string& file) {
  v1::ArchiveManifest manifest;
  manifest.set_format_version(archive::kArchiveFormatVersion);
  manifest.set_kind("embedded");
  manifest.set_incarnation("0123456789abcdef0123456789abcdef");
  v1::ArchivePartition* const partition = manifest.add_partitions();
  const std::string_view text(file);
  const auto header = archive::ParseHeader(text.substr(0, kHeaderBytes));
  const auto footer =
      archive::ParseFooter(text.substr(file.size() - std::min(file.size(), kFooterBytes)));
  if (!header || !footer) return manifest;
  const bool records = header->kind == archive::Kind::kRecords;
  v1::ArchiveSegment* const segment =
      records ? partition->add_records() : partition->add_decisions();
  segment->set_first(static_cast<int64_t>(footer->first));
  segment->set_last(static_cast<int64_t>(footer->last));
  segment->set_count(static_cast<int64_t>(footer->entries));
  segment->set_bytes(static_cast<int64_t>(file.size()));
  segment->set_chain(ToHex(footer->chain));
  segment->set_file(archive::SegmentFile(
      records ? archive::Kind::kRecords : archive::Kind::kDecisions, Partition{0}, footer->first));
  if (records) {
    partition->set_begin(segment->first());
    // As unsigned: the last offset may be anything.
    partition->set_end(static_cast<int64_t>(footer->last + 1));
  }
  return manifest;
}

void CheckStatus(const absl::Status& status) {
  ESCALATION_CHECK(status.ok() || absl::IsDataLoss(status) || absl::IsFailedPrecondition(status) ||
                       absl::IsOutOfRange(status) || absl::IsInvalidArgument(status),
                   status.ToString());
}

// Everything that is served is in order.
void ReadAll(const Log& log, Partition partition) {
  const auto begin = log.Begin(partition);
  const auto end = log.End(partition);
  if (!begin.ok() || !end.ok()) return CheckStatus(begin.status());
  Offset next = *begin;
  while (next < *end) {
    const absl::StatusOr<RecordBatch> batch = log.Read(partition, next, 1 << 16);
    if (!batch.ok()) return CheckStatus(batch.status());
    if (batch->records.empty()) break;
    for (const Record& record : batch->records) {
      ESCALATION_CHECK(record.offset >= next, "offsets rise");
      next = record.offset + 1;
    }
  }
  uint64_t seq = 1;
  for (int rounds = 0; rounds < 1000; ++rounds) {
    const auto decisions = log.ReadDecisions(partition, seq, 100);
    if (!decisions.ok()) return CheckStatus(decisions.status());
    if (decisions->empty()) return;
    for (const PublishedDecision& decision : *decisions) {
      ESCALATION_CHECK(decision.seq >= seq, "seqs rise");
      seq = decision.seq + 1;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // Text that is not UTF-8 is nothing to tell.
  static const ScratchFolder folder;
  ByteSource source(data, size);
  const uint8_t form = source.Byte();
  const bool own_manifest = (form & 1) != 0;
  const std::string json(source.Piece(0xffff));
  std::string file = (form & 2) != 0 ? MakeSegment(&source) : std::string(source.Rest());
  FixHashes(&file);
  std::filesystem::remove_all(folder / "partition-0");
  const v1::ArchiveManifest manifest = ManifestOf(file);
  for (const v1::ArchivePartition& partition : manifest.partitions()) {
    for (const auto& segment : partition.records()) folder.Write(segment.file(), file);
    for (const auto& segment : partition.decisions()) folder.Write(segment.file(), file);
  }
  if (own_manifest) {
    folder.Write("manifest.json", json);
    folder.Write("manifest.sha256", ToHex(Sha256({json})) + "  manifest.json\n");
  } else if (!archive::WriteManifest(folder.path(), manifest).ok()) {
    return 0;
  }
  CheckStatus(VerifyArchive(folder.path()).status());
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenArchiveLog(folder.path());
  if (!log.ok()) {
    CheckStatus(log.status());
    return 0;
  }
  for (int32_t i = 0; i < std::min((*log)->partitions(), 8); ++i) ReadAll(**log, Partition{i});
  return 0;
}
