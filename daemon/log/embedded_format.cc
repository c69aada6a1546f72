#include "daemon/log/embedded_format.h"

#include "daemon/log/bytes.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation::embedded {
namespace {

constexpr size_t kCheckBytes = 8;
constexpr size_t kNumberedKeyBytes = 1 + 4 + 8;

std::string Key(char kind, Partition partition, uint64_t number) {
  std::string key(1, kind);
  AppendU32(&key, static_cast<uint32_t>(partition.value));
  AppendU64(&key, number);
  return key;
}

// Keys have a fixed length, so key and value cannot be confused.
std::string WithCheck(std::string_view key, const std::string& rest) {
  return Sha256({key, rest}).substr(0, kCheckBytes) + rest;
}

absl::Status Damaged(std::string_view where, std::string_view what, std::string_view key) {
  return absl::DataLossError(
      Cat(where, ": ", what, " ", NumberOf(key).value_or(0),
          " is damaged: its check does not match its bytes\n  hint: restore the log from a copy or "
          "an archive"));
}

absl::StatusOr<std::string_view> Checked(std::string_view where, std::string_view what,
                                         std::string_view key, std::string_view value) {
  if (value.size() < kCheckBytes) return Damaged(where, what, key);
  const std::string_view rest = value.substr(kCheckBytes);
  if (Sha256({key, rest}).compare(0, kCheckBytes, value.substr(0, kCheckBytes)) != 0) {
    return Damaged(where, what, key);
  }
  return rest;
}

}  // namespace

std::string MetaKey() { return "m"; }

std::string RecordKey(Partition partition, Offset offset) {
  return Key('r', partition, static_cast<uint64_t>(offset.value));
}

std::string DecisionKey(Partition partition, uint64_t seq) { return Key('s', partition, seq); }

std::optional<uint64_t> NumberOf(std::string_view key) {
  if (key.size() != kNumberedKeyBytes) return std::nullopt;
  return ReadBigEndian(key.substr(5), 8);
}

std::string RecordValue(std::string_view key, Instant appended, std::string_view event) {
  std::string rest;
  rest.reserve(8 + event.size());
  AppendU64(&rest, static_cast<uint64_t>(appended.ms));
  rest.append(event);
  return WithCheck(key, rest);
}

std::string DecisionValue(std::string_view key, std::string_view id, std::string_view decision) {
  std::string rest;
  rest.reserve(4 + id.size() + decision.size());
  AppendU32(&rest, static_cast<uint32_t>(id.size()));
  rest.append(id).append(decision);
  return WithCheck(key, rest);
}

absl::StatusOr<Record> ParseRecord(std::string_view where, std::string_view key,
                                   std::string_view value) {
  absl::StatusOr<std::string_view> rest = Checked(where, "record", key, value);
  if (!rest.ok()) return rest.status();
  ByteReader reader(*rest);
  uint64_t appended = 0;
  if (!reader.U64(&appended)) return Damaged(where, "record", key);
  return Record{Offset{static_cast<int64_t>(NumberOf(key).value_or(0))},
                Instant{static_cast<int64_t>(appended)}, std::string(reader.rest())};
}

absl::StatusOr<PublishedDecision> ParseDecision(std::string_view where, std::string_view key,
                                                std::string_view value) {
  absl::StatusOr<std::string_view> rest = Checked(where, "decision", key, value);
  if (!rest.ok()) return rest.status();
  ByteReader reader(*rest);
  uint32_t id_bytes = 0;
  std::string_view id;
  if (!reader.U32(&id_bytes) || !reader.Bytes(id_bytes, &id)) {
    return Damaged(where, "decision", key);
  }
  return PublishedDecision{NumberOf(key).value_or(0), std::string(id), std::string(reader.rest())};
}

}  // namespace escalation::embedded
