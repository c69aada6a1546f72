// daemon/log/archive_format.h
//
// What an archive holds on disk, and nothing else.
//
//   DO NOT CHANGE: stored on disk. A new layout takes a new kArchiveFormatVersion.
//
//   DIR/manifest.json     ArchiveManifest (store.proto) as JSON; written last: without it, no
//   archive DIR/manifest.sha256   what `sha256sum manifest.json` prints
//   DIR/partition-N/FIRST.segment     records, FIRST: offset of the first one in 20 digits
//   DIR/partition-N/FIRST.decisions   decisions, FIRST: seq of the first one in 20 digits
//
//   file     := header block* footer
//   header   := "ESCSEG01" kind:u8 partition:u32be first:u64be chain[32] hash[32]
//   block    := head payload
//   head     := 'B' stored:u32be raw:u32be entries:u32be first:u64be hash[32]
//   payload  := one zstd frame of `stored` bytes, of entry* in `raw` bytes
//   entry    := bytes:u32be body
//   body     := offset:u64be appended_ms:u64be Event          kind 'r'
//             | seq:u64be id_bytes:u32be id Decision          kind 's'
//   footer   := 'F' blocks:u32be entries:u64be first:u64be last:u64be chain[32] hash[32]
//
//   hash of header and footer: SHA-256 of the fields before it; of a block: of the head's fields
//   before it and the payload. chain: ChainHash (sha256.h) over all bodies of the stream so far,
//   across files; 32 zero bytes before the first. Every byte of every file is covered by a hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/log/log.h"
#include "state/base/sha256.h"

namespace escalation::archive {

inline constexpr int32_t kArchiveFormatVersion = 1;

inline constexpr char kManifestFile[] = "/manifest.json";
inline constexpr char kManifestHashFile[] = "/manifest.sha256";

inline constexpr std::string_view kMagic = "ESCSEG01";
inline constexpr size_t kHeaderBytes = 8 + 1 + 4 + 8 + kSha256Bytes + kSha256Bytes;
inline constexpr size_t kBlockHeadBytes = 1 + 4 + 4 + 4 + 8 + kSha256Bytes;
inline constexpr size_t kFooterBytes = 1 + 4 + 8 + 8 + 8 + kSha256Bytes + kSha256Bytes;

// A block is closed once it has so many raw bytes; a larger entry makes a block of its own.
inline constexpr size_t kBlockRawBytes = size_t{256} << 10;
// No valid block has more: a reader allocates no more than this, whatever a file says.
inline constexpr size_t kBlockRawBytesMax = kBlockRawBytes + kRecordBytesMax + 64;

enum class Kind : char { kRecords = 'r', kDecisions = 's' };

struct Header {
  Kind kind = Kind::kRecords;
  Partition partition;
  uint64_t first = 0;
  std::string chain;
};

struct BlockHead {
  uint32_t stored = 0;
  uint32_t raw = 0;
  uint32_t entries = 0;
  uint64_t first = 0;
  std::string hash;
};

struct Footer {
  uint32_t blocks = 0;
  uint64_t entries = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  std::string chain;
};

std::string ToBytes(const Header& header);
std::string ToBytes(const Footer& footer);
// Computes the hash.
std::string ToBytes(const BlockHead& head, std::string_view payload);

// Empty optional: not that, or its hash does not match.
std::optional<Header> ParseHeader(std::string_view bytes);
std::optional<Footer> ParseFooter(std::string_view bytes);
// The hash is not checked yet: that needs the payload.
std::optional<BlockHead> ParseBlockHead(std::string_view bytes);
bool HashMatches(const BlockHead& head, std::string_view payload);

std::string RecordBody(const Record& record);
std::string DecisionBody(const PublishedDecision& decision);
std::optional<Record> ParseRecordBody(std::string_view body);
std::optional<PublishedDecision> ParseDecisionBody(std::string_view body);
// Offset or seq.
std::optional<uint64_t> NumberOf(std::string_view body);

// "partition-0/00000000000000000000.segment"
std::string SegmentFile(Kind kind, Partition partition, uint64_t first);

}  // namespace escalation::archive
