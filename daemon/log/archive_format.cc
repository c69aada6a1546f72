#include "daemon/log/archive_format.h"

#include <cstdio>

#include "daemon/log/bytes.h"
#include "state/base/text.h"

namespace escalation::archive {
namespace {

std::string ChainBytes(const std::string& chain) {
  return chain.empty() ? std::string(kSha256Bytes, '\0') : chain;
}

std::string ChainFromBytes(std::string_view bytes) {
  return bytes == std::string(kSha256Bytes, '\0') ? std::string() : std::string(bytes);
}

// True if `bytes` has exactly this size and ends with the hash of what is before.
bool EndsWithHash(std::string_view bytes, size_t size) {
  if (bytes.size() != size) return false;
  const size_t fields = size - kSha256Bytes;
  return Sha256({bytes.substr(0, fields)}) == bytes.substr(fields);
}

std::string HeadFields(const BlockHead& head) {
  std::string out("B");
  AppendU32(&out, head.stored);
  AppendU32(&out, head.raw);
  AppendU32(&out, head.entries);
  AppendU64(&out, head.first);
  return out;
}

}  // namespace

std::string ToBytes(const Header& header) {
  std::string out(kMagic);
  out.push_back(static_cast<char>(header.kind));
  AppendU32(&out, static_cast<uint32_t>(header.partition.value));
  AppendU64(&out, header.first);
  out.append(ChainBytes(header.chain));
  return out.append(Sha256({out}));
}

std::string ToBytes(const Footer& footer) {
  std::string out("F");
  AppendU32(&out, footer.blocks);
  AppendU64(&out, footer.entries);
  AppendU64(&out, footer.first);
  AppendU64(&out, footer.last);
  out.append(ChainBytes(footer.chain));
  return out.append(Sha256({out}));
}

std::string ToBytes(const BlockHead& head, std::string_view payload) {
  std::string out = HeadFields(head);
  return out.append(Sha256({out, payload}));
}

std::optional<Header> ParseHeader(std::string_view bytes) {
  if (!EndsWithHash(bytes, kHeaderBytes)) return std::nullopt;
  ByteReader reader(bytes);
  std::string_view magic, kind, chain;
  Header header;
  uint32_t partition = 0;
  if (!reader.Bytes(kMagic.size(), &magic) || !reader.Bytes(1, &kind) || !reader.U32(&partition) ||
      !reader.U64(&header.first) || !reader.Bytes(kSha256Bytes, &chain) || magic != kMagic) {
    return std::nullopt;
  }
  header.kind = static_cast<Kind>(kind[0]);
  header.partition = Partition{static_cast<int32_t>(partition)};
  header.chain = ChainFromBytes(chain);
  return header;
}

std::optional<Footer> ParseFooter(std::string_view bytes) {
  if (!EndsWithHash(bytes, kFooterBytes)) return std::nullopt;
  ByteReader reader(bytes);
  std::string_view mark, chain;
  Footer footer;
  if (!reader.Bytes(1, &mark) || mark != "F" || !reader.U32(&footer.blocks) ||
      !reader.U64(&footer.entries) || !reader.U64(&footer.first) || !reader.U64(&footer.last) ||
      !reader.Bytes(kSha256Bytes, &chain)) {
    return std::nullopt;
  }
  footer.chain = ChainFromBytes(chain);
  return footer;
}

std::optional<BlockHead> ParseBlockHead(std::string_view bytes) {
  ByteReader reader(bytes);
  std::string_view mark, hash;
  BlockHead head;
  if (!reader.Bytes(1, &mark) || mark != "B" || !reader.U32(&head.stored) ||
      !reader.U32(&head.raw) || !reader.U32(&head.entries) || !reader.U64(&head.first) ||
      !reader.Bytes(kSha256Bytes, &hash)) {
    return std::nullopt;
  }
  // zstd adds little to what it cannot pack.
  if (head.raw > kBlockRawBytesMax || head.stored > kBlockRawBytesMax + kBlockRawBytesMax / 128) {
    return std::nullopt;
  }
  head.hash = std::string(hash);
  return head;
}

bool HashMatches(const BlockHead& head, std::string_view payload) {
  return Sha256({HeadFields(head), payload}) == head.hash;
}

std::string RecordBody(const Record& record) {
  std::string body;
  AppendU64(&body, static_cast<uint64_t>(record.offset.value));
  AppendU64(&body, static_cast<uint64_t>(record.appended.ms));
  return body.append(record.value);
}

std::string DecisionBody(const PublishedDecision& decision) {
  std::string body;
  AppendU64(&body, decision.seq);
  AppendU32(&body, static_cast<uint32_t>(decision.id.size()));
  return body.append(decision.id).append(decision.value);
}

std::optional<Record> ParseRecordBody(std::string_view body) {
  ByteReader reader(body);
  uint64_t offset = 0;
  uint64_t appended = 0;
  if (!reader.U64(&offset) || !reader.U64(&appended)) return std::nullopt;
  return Record{Offset{static_cast<int64_t>(offset)}, Instant{static_cast<int64_t>(appended)},
                std::string(reader.rest())};
}

std::optional<PublishedDecision> ParseDecisionBody(std::string_view body) {
  ByteReader reader(body);
  uint64_t seq = 0;
  uint32_t id_bytes = 0;
  std::string_view id;
  if (!reader.U64(&seq) || !reader.U32(&id_bytes) || !reader.Bytes(id_bytes, &id)) {
    return std::nullopt;
  }
  return PublishedDecision{seq, std::string(id), std::string(reader.rest())};
}

std::optional<uint64_t> NumberOf(std::string_view body) {
  uint64_t number = 0;
  if (!ByteReader(body).U64(&number)) return std::nullopt;
  return number;
}

std::string SegmentFile(Kind kind, Partition partition, uint64_t first) {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%020llu", static_cast<unsigned long long>(first));
  return Cat("partition-", partition, "/", std::string_view(digits),
             kind == Kind::kRecords ? ".segment" : ".decisions");
}

}  // namespace escalation::archive
