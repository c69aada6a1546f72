#include "daemon/source/native_event.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <string>

#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Deeper than any event.
constexpr int kDepthMax = 32;

// Reads tags and lengths only, so that what is wrong can be told with its place.
class WireWalker {
 public:
  explicit WireWalker(std::string_view bytes) : bytes_(bytes) {}

  // False: something is wrong; see `problem`.
  bool Check(const Descriptor& type) { return CheckMessage(type, 0, bytes_.size(), 0); }
  size_t at() const { return at_; }
  const std::string& problem() const { return problem_; }

 private:
  bool Fail(size_t at, std::string what) {
    at_ = at;
    problem_ = path_.empty() ? std::move(what) : Cat(path_, ": ", what);
    return false;
  }

  bool CheckMessage(const Descriptor& type, size_t begin, size_t end, int depth) {
    if (depth > kDepthMax) return Fail(begin, Cat("nested deeper than ", kDepthMax));
    CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes_.data() + begin),
                        static_cast<int>(end - begin));
    const OneofDescriptor* const bodies =
        type.real_oneof_decl_count() == 1 ? type.oneof_decl(0) : nullptr;
    const FieldDescriptor* body = nullptr;
    while (in.CurrentPosition() < static_cast<int>(end - begin)) {
      const size_t at = begin + static_cast<size_t>(in.CurrentPosition());
      uint32_t tag = 0;
      if (!in.ReadVarint32(&tag)) return Fail(at, "expected a field, got no whole number");
      const int number = WireFormatLite::GetTagFieldNumber(tag);
      const FieldDescriptor* const field = type.FindFieldByNumber(number);
      if (field == nullptr) {
        return Fail(at, Cat("field ", number, " is unknown in ", type.name(), " of this version"));
      }
      if (bodies != nullptr && field->real_containing_oneof() == bodies) {
        if (body != nullptr && body != field) {
          return Fail(at, Cat("expected one ", bodies->name(), ", got ", body->name(), " and ",
                              field->name()));
        }
        body = field;
      }
      const size_t path_size = path_.size();
      CatTo(&path_, path_.empty() ? "" : ".", field->name());
      if (!CheckValue(*field, static_cast<int>(tag & 7), begin, end, at, depth, &in)) return false;
      path_.resize(path_size);
    }
    return true;
  }

  // `at`: where the tag stands.
  bool CheckValue(const FieldDescriptor& field, int wire_type, size_t begin, size_t end, size_t at,
                  int depth, CodedInputStream* in) {
    const int expected =
        WireFormatLite::WireTypeForFieldType(static_cast<WireFormatLite::FieldType>(field.type()));
    const bool packed =
        field.is_packable() && wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (wire_type != expected && !packed) {
      return Fail(at, Cat("expected wire type ", expected, ", got ", wire_type));
    }
    if (wire_type != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      return ReadScalar(wire_type, in) || Fail(at, "the message ends within the value");
    }
    uint32_t size = 0;
    const bool read = in->ReadVarint32(&size);
    const size_t from = begin + static_cast<size_t>(in->CurrentPosition());
    if (!read || size > end - from) {
      return Fail(at, Cat("a value of ", size, " bytes, but ", end - from, " are left"));
    }
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      if (!CheckMessage(*field.message_type(), from, from + size, depth + 1)) return false;
    } else if (field.type() == FieldDescriptor::TYPE_STRING && !IsUtf8(bytes_.substr(from, size))) {
      return Fail(from, "expected UTF-8");
    }
    return in->Skip(static_cast<int>(size)) || Fail(at, "the message ends within the value");
  }

  static bool ReadScalar(int wire_type, CodedInputStream* in) {
    uint64_t wide = 0;
    uint32_t narrow = 0;
    switch (wire_type) {
      case WireFormatLite::WIRETYPE_VARINT:
        return in->ReadVarint64(&wide);
      case WireFormatLite::WIRETYPE_FIXED64:
        return in->ReadLittleEndian64(&wide);
      case WireFormatLite::WIRETYPE_FIXED32:
        return in->ReadLittleEndian32(&narrow);
      default:
        return false;
    }
  }

  const std::string_view bytes_;
  std::string path_;
  size_t at_ = 0;
  std::string problem_;
};

absl::Status Bad(size_t byte, std::string_view what) {
  return absl::InvalidArgumentError(Cat("byte ", byte, ": ", what));
}

}  // namespace

absl::StatusOr<v1::Event> EventFromNative(std::string_view bytes, size_t first_byte) {
  if (bytes.empty()) return Bad(first_byte, "expected an event in Protobuf, got no byte");
  const unsigned char first = static_cast<unsigned char>(bytes.front());
  // Field 15 as a group: no message of ours, and the usual mistake.
  if (first == '{')
    return Bad(first_byte, "expected an event in Protobuf, got what looks like JSON");
  WireWalker walker(bytes);
  if (!walker.Check(*v1::Event::descriptor())) {
    return Bad(first_byte + walker.at(), walker.problem());
  }
  v1::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Bad(first_byte, "expected an event in Protobuf");
  }
  if (event.body_case() == v1::Event::BODY_NOT_SET) return Bad(first_byte, "an event without body");
  return event;
}

}  // namespace escalation
