// daemon/log/embedded_format.h
//
// What an embedded log holds on disk, and nothing else.
//
//   DO NOT CHANGE: stored on disk. A new layout takes a new kEmbeddedFormatVersion.
//
//   DIR/db            a RocksDB with three column families:
//
//     default         meta         := 'm'
//                     value        := EmbeddedLogMeta (store.proto)
//     records         record       := 'r' partition:u32be offset:u64be
//                     value        := check[8] appended_ms:u64be Event
//     decisions       decision     := 's' partition:u32be seq:u64be
//                     value        := check[8] id_bytes:u32be id Decision
//
//   DIR/acknowledged  acknowledged := entry*, one for each partition
//                     entry        := end:u64be through:u64be
//
//   check: the first eight bytes of SHA-256 over the key and the rest of the value. Offsets count
//   from 0, seqs from 1, both without gaps. A key is written once, never changed, never removed: so
//   the number of entries in the tables must equal what the highest keys say.
//
//   acknowledged: the log's end and the highest seq at the latest acknowledgement, written without
//   fsync after each one. Never ahead of the truth; survives the death of the process; shows a log
//   that has lost its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/log/log.h"

namespace escalation::embedded {

inline constexpr int32_t kEmbeddedFormatVersion = 1;
inline constexpr int32_t kPartitionsMax = 4096;

inline constexpr char kRecords[] = "records";
inline constexpr char kDecisions[] = "decisions";
inline constexpr char kDatabaseFolder[] = "/db";
inline constexpr char kNewDatabaseFolder[] = "/db.creating";
inline constexpr char kAcknowledgedFile[] = "/acknowledged";

std::string MetaKey();
std::string RecordKey(Partition partition, Offset offset);
std::string DecisionKey(Partition partition, uint64_t seq);

// Offset or seq of a record's or decision's key; empty: not such a key.
std::optional<uint64_t> NumberOf(std::string_view key);

std::string RecordValue(std::string_view key, Instant appended, std::string_view event);
std::string DecisionValue(std::string_view key, std::string_view id, std::string_view decision);

// kDataLoss, naming `where`, if the check does not match.
absl::StatusOr<Record> ParseRecord(std::string_view where, std::string_view key,
                                   std::string_view value);
absl::StatusOr<PublishedDecision> ParseDecision(std::string_view where, std::string_view key,
                                                std::string_view value);

}  // namespace escalation::embedded
