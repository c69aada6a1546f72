#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/escaping.h"
#include "daemon/source/message_json.h"
#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// ".25" as proto3 JSON says it: three, six or nine digits, nothing for 0.
void AppendFraction(int nanos, std::string* out) {
  if (nanos == 0) return;
  int digits = 9;
  while (digits > 3 && nanos % 1000 == 0) {
    nanos /= 1000;
    digits -= 3;
  }
  char text[24];
  std::snprintf(text, sizeof(text), ".%0*d", digits, nanos);
  out->append(text);
}

void AppendTimestamp(const google::protobuf::Timestamp& t, std::string* out) {
  std::string text = ToText(Instant::Seconds(t.seconds()));
  text.pop_back();  // "Z", which follows the fraction.
  AppendFraction(t.nanos(), &text);
  CatTo(out, "\"", text, "Z\"");
}

void AppendDuration(const google::protobuf::Duration& d, std::string* out) {
  const bool negative = d.seconds() < 0 || d.nanos() < 0;
  CatTo(out, "\"", negative ? "-" : "", std::llabs(d.seconds()));
  AppendFraction(std::abs(d.nanos()), out);
  out->append("s\"");
}

void AppendMessage(const Message& message, std::string* out);

void AppendEnum(const FieldDescriptor& field, int number, std::string* out) {
  const auto* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) {
    CatTo(out, number);
  } else {
    CatTo(out, "\"", value->name(), "\"");
  }
}

void AppendText(const FieldDescriptor& field, const std::string& text, std::string* out) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    CatTo(out, "\"", absl::Base64Escape(text), "\"");
  } else {
    AppendJsonString(text, out);
  }
}

// The single value of a field, or its element `i`.
void AppendValue(const Message& message, const FieldDescriptor& field, int i, std::string* out) {
  const Reflection& r = *message.GetReflection();
  const FieldDescriptor* f = &field;
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AppendMessage(many ? r.GetRepeatedMessage(message, f, i) : r.GetMessage(message, f),
                           out);
    case FieldDescriptor::CPPTYPE_STRING:
      return AppendText(field, many ? r.GetRepeatedString(message, f, i) : r.GetString(message, f),
                        out);
    case FieldDescriptor::CPPTYPE_ENUM:
      return AppendEnum(
          field, many ? r.GetRepeatedEnumValue(message, f, i) : r.GetEnumValue(message, f), out);
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = many ? r.GetRepeatedBool(message, f, i) : r.GetBool(message, f);
      return CatTo(out, value ? "true" : "false");
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return CatTo(out, many ? r.GetRepeatedInt32(message, f, i) : r.GetInt32(message, f));
    case FieldDescriptor::CPPTYPE_UINT32:
      return CatTo(out, many ? r.GetRepeatedUInt32(message, f, i) : r.GetUInt32(message, f));
    // 64 bits stand in quotes, since JSON readers keep 53.
    case FieldDescriptor::CPPTYPE_INT64:
      return CatTo(out, "\"", many ? r.GetRepeatedInt64(message, f, i) : r.GetInt64(message, f),
                   "\"");
    case FieldDescriptor::CPPTYPE_UINT64:
      return CatTo(out, "\"", many ? r.GetRepeatedUInt64(message, f, i) : r.GetUInt64(message, f),
                   "\"");
    default:
      out->append("null");
  }
}

void AppendMessage(const Message& message, std::string* out) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") {
    return AppendTimestamp(static_cast<const google::protobuf::Timestamp&>(message), out);
  }
  if (type == "google.protobuf.Duration") {
    return AppendDuration(static_cast<const google::protobuf::Duration&>(message), out);
  }
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  char separator = '{';
  for (const FieldDescriptor* field : fields) {
    CatTo(out, separator, "\"", field->name(), "\":");
    separator = ',';
    if (!field->is_repeated()) {
      AppendValue(message, *field, 0, out);
      continue;
    }
    char before = '[';
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      out->push_back(before);
      before = ',';
      AppendValue(message, *field, i, out);
    }
    out->push_back(']');
  }
  out->append(separator == '{' ? "{}" : "}");
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  while (!text.empty()) {
    const unsigned char c = static_cast<unsigned char>(text.front());
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (c < 0x20 || c == 0x7F) {
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    } else if (c < 0x80) {
      out->push_back(static_cast<char>(c));
    } else {
      const size_t bytes = Utf8SequenceBytes(text);
      out->append(bytes == 0 ? "\xEF\xBF\xBD" : text.substr(0, bytes));
      text.remove_prefix(bytes == 0 ? 1 : bytes);
      continue;
    }
    text.remove_prefix(1);
  }
  out->push_back('"');
}

std::string MessageToJson(const Message& message) {
  std::string out;
  AppendMessage(message, &out);
  return out;
}

}  // namespace escalation
