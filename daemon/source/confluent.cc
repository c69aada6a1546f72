#include "daemon/source/confluent.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr size_t kPrefixBytes = 5;
// Messages are hardly nested so deep.
constexpr int kIndexesMax = 16;

absl::Status Bad(size_t byte, std::string_view what) {
  return absl::InvalidArgumentError(Cat("byte ", byte, ": ", what));
}

bool LooksLikeJson(char byte) { return byte == '{' || byte == '['; }

}  // namespace

absl::StatusOr<ConfluentFrame> ReadConfluentFrame(std::string_view bytes) {
  if (bytes.empty()) return Bad(0, "expected the byte 0 of a registry's serializer, got no byte");
  const int magic = static_cast<unsigned char>(bytes.front());
  if (magic != 0) {
    return Bad(0, Cat("expected the byte 0 of a registry's serializer, got ", magic,
                      LooksLikeJson(bytes.front()) ? ": this is JSON without a prefix"
                                                   : ": this message has no prefix"));
  }
  if (bytes.size() <= kPrefixBytes) {
    return Bad(bytes.size(), "the message ends within the prefix of a registry's serializer");
  }
  ConfluentFrame frame;
  for (size_t i = 1; i < kPrefixBytes; ++i) {
    frame.schema_id = frame.schema_id << 8 | static_cast<unsigned char>(bytes[i]);
  }
  if (LooksLikeJson(bytes[kPrefixBytes])) {
    return Bad(kPrefixBytes, Cat("schema ", frame.schema_id,
                                 ": expected a message in Protobuf, got what looks like JSON"));
  }
  const std::string_view rest = bytes.substr(kPrefixBytes);
  CodedInputStream in(reinterpret_cast<const uint8_t*>(rest.data()), static_cast<int>(rest.size()));
  const auto at = [&in] { return kPrefixBytes + static_cast<size_t>(in.CurrentPosition()); };
  const auto read = [&in](int* value) {
    uint32_t raw = 0;
    if (!in.ReadVarint32(&raw)) return false;
    *value = WireFormatLite::ZigZagDecode32(raw);
    return true;
  };
  int count = 0;
  if (!read(&count) || count < 0 || count > kIndexesMax) {
    return Bad(kPrefixBytes,
               Cat("schema ", frame.schema_id,
                   ": expected the number of message indexes, from 0 to ", kIndexesMax));
  }
  if (count == 0) frame.indexes.push_back(0);
  for (int i = 0; i < count; ++i) {
    const size_t place = at();
    int index = 0;
    if (!read(&index) || index < 0) {
      return Bad(place, Cat("schema ", frame.schema_id, ": expected a message index, 0 or more"));
    }
    frame.indexes.push_back(index);
  }
  frame.message_begin = at();
  return frame;
}

}  // namespace escalation
