#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <bitset>
#include <optional>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "daemon/source/message_json.h"
#include "daemon/source/proto_values.h"
#include "state/base/instant.h"
#include "state/base/text.h"
#include "state/policy/problems.h"

namespace escalation {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kFieldPayload[] = "escalation/field";
// More than any message has fields.
constexpr int kFieldsMax = 128;

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), ToLower);
  return out;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ToLower(x) == ToLower(y);
         });
}

// The field whose name is so near to `key` that it was probably meant; empty: none.
std::string NearestField(const Descriptor& type, std::string_view key) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return Nearest(Lower(key), names);
}

class Reader {
 public:
  Reader(JsonScanner* scanner, std::string_view root, std::span<const SourceText> texts)
      : scanner_(*scanner), root_(root), texts_(texts) {}

  absl::Status Read(Message* out) {
    if (ReadValue(out)) return absl::OkStatus();
    // A scanner's error has no path of its own: it is where the reader stands.
    if (what_.empty()) Fail(scanner_.error());
    return FieldError(field_, what_);
  }

 private:
  struct Part {
    std::string_view name;
    int index = -1;
  };

  bool Fail(std::string_view what, std::string_view key = "") {
    if (!what_.empty()) return false;
    what_ = what;
    field_ = root_;
    for (const Part& part : path_) {
      CatTo(&field_, field_.empty() ? "" : ".", part.name);
      if (part.index >= 0) CatTo(&field_, "[", part.index, "]");
    }
    if (!key.empty()) CatTo(&field_, field_.empty() ? "" : ".", key);
    return false;
  }
  bool Expected(std::string_view what) {
    return Fail(Cat("expected ", what, ", got ", scanner_.Excerpt()));
  }

  bool ReadValue(Message* out) {
    const Descriptor& type = *out->GetDescriptor();
    if (type.full_name() == "google.protobuf.Timestamp") {
      return ReadTimestamp(static_cast<google::protobuf::Timestamp*>(out));
    }
    if (type.full_name() == "google.protobuf.Duration") {
      return ReadDuration(static_cast<google::protobuf::Duration*>(out));
    }
    const JsonScanner::Kind kind = scanner_.Peek();
    if (kind == JsonScanner::Kind::kEnd && path_.empty())
      return Fail("expected an object, got nothing");
    if (kind != JsonScanner::Kind::kObject && kind != JsonScanner::Kind::kEnd) {
      return Expected("an object");
    }
    return ReadFields(type, out);
  }

  bool ReadFields(const Descriptor& type, Message* out) {
    std::bitset<kFieldsMax> seen;
    std::bitset<kFieldsMax> null;
    const SourceText* source = nullptr;
    std::string source_text;
    const auto* body = type.oneof_decl_count() > 0 ? type.oneof_decl(0) : nullptr;
    if (!scanner_.BeginObject()) return false;
    std::string key;
    while (scanner_.NextKey(&key)) {
      const FieldDescriptor* field = FindField(type, key);
      if (field == nullptr) {
        const SourceText* const found = FindSourceText(type, key);
        if (found == nullptr) return UnknownField(type, key);
        if (source != nullptr) return Fail("given twice", key);
        source = found;
        path_.push_back({found->key});
        if (!ReadSourceText(&source_text)) return false;
        path_.pop_back();
        continue;
      }
      if (seen[field->index()]) return Fail("given twice", field->name());
      seen[field->index()] = true;
      path_.push_back({field->name()});
      const FieldDescriptor* other = nullptr;
      if (body != nullptr && field->real_containing_oneof() == body) {
        other = out->GetReflection()->GetOneofFieldDescriptor(*out, body);
      }
      if (other != nullptr) {
        return Fail(Cat("only one ", body->name(), " is expected, and \"", other->name(),
                        "\" is given too"));
      }
      if (!(field->is_repeated() ? ReadRepeated(*field, out) : ReadSingle(*field, out))) {
        if (what_.empty()) Fail(scanner_.error());
        return false;
      }
      if (null_ == field) null.set(static_cast<size_t>(field->index()));
      path_.pop_back();
    }
    if (source != nullptr && !scanner_.failed()) {
      const auto given = [&](const char* name) {
        const auto index = static_cast<size_t>(type.FindFieldByName(name)->index());
        return seen[index] && !null[index];
      };
      source->find(source_text, given, out);
    }
    return !scanner_.failed();
  }

  const SourceText* FindSourceText(const Descriptor& type, std::string_view key) const {
    for (const SourceText& text : texts_) {
      if (text.key == key && type.full_name() == text.message) return &text;
    }
    return nullptr;
  }

  bool ReadSourceText(std::string* text) {
    if (scanner_.Peek() == JsonScanner::Kind::kNull) return scanner_.ReadNull();
    if (scanner_.Peek() != JsonScanner::Kind::kString) return Expected("a string");
    return scanner_.ReadString(text) || Fail(scanner_.error());
  }

  static const FieldDescriptor* FindField(const Descriptor& type, const std::string& key) {
    if (const FieldDescriptor* field = type.FindFieldByName(key)) return field;
    return type.FindFieldByCamelcaseName(key);
  }

  bool UnknownField(const Descriptor& type, std::string_view key) {
    std::string shown;
    AppendJsonString(key.substr(0, 64), &shown);
    const std::string nearest = NearestField(type, key);
    return Fail(
        nearest.empty() ? "unknown field" : Cat("unknown field; did you mean \"", nearest, "\"?"),
        shown.size() == key.size() + 2 ? key : std::string_view(shown));
  }

  bool ReadRepeated(const FieldDescriptor& field, Message* out) {
    if (scanner_.Peek() == JsonScanner::Kind::kNull) return scanner_.ReadNull();
    if (scanner_.Peek() != JsonScanner::Kind::kArray) return Expected("an array");
    if (!scanner_.BeginArray()) return false;
    for (path_.back().index = 0; scanner_.NextElement(); ++path_.back().index) {
      if (!ReadItem(field, out)) return false;
    }
    if (!scanner_.failed()) path_.back().index = -1;
    return !scanner_.failed();
  }

  bool ReadSingle(const FieldDescriptor& field, Message* out) {
    if (scanner_.Peek() == JsonScanner::Kind::kNull) {
      null_ = &field;
      return scanner_.ReadNull();
    }
    return ReadItem(field, out);
  }

  bool ReadItem(const FieldDescriptor& field, Message* out) {
    const Reflection& reflection = *out->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return ReadValue(field.is_repeated() ? reflection.AddMessage(out, &field)
                                             : reflection.MutableMessage(out, &field));
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadText(field, reflection, out);
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(field, reflection, out);
      case FieldDescriptor::CPPTYPE_BOOL:
        return ReadFlag(field, reflection, out);
      case FieldDescriptor::CPPTYPE_INT32:
        return ReadInt<int32_t>("a whole number of 32 bits", field, &Reflection::SetInt32,
                                &Reflection::AddInt32, out);
      case FieldDescriptor::CPPTYPE_INT64:
        return ReadInt<int64_t>("a whole number of 64 bits", field, &Reflection::SetInt64,
                                &Reflection::AddInt64, out);
      case FieldDescriptor::CPPTYPE_UINT32:
        return ReadInt<uint32_t>("a whole number of 32 bits, 0 or more", field,
                                 &Reflection::SetUInt32, &Reflection::AddUInt32, out);
      case FieldDescriptor::CPPTYPE_UINT64:
        return ReadInt<uint64_t>("a whole number of 64 bits, 0 or more", field,
                                 &Reflection::SetUInt64, &Reflection::AddUInt64, out);
      default:
        return Fail("a field of this type cannot be read from JSON");
    }
  }

  template <typename Int>
  bool ReadInt(std::string_view expected, const FieldDescriptor& field,
               void (Reflection::*set)(Message*, const FieldDescriptor*, Int) const,
               void (Reflection::*add)(Message*, const FieldDescriptor*, Int) const, Message* out) {
    const JsonScanner::Kind kind = scanner_.Peek();
    std::string_view number;
    if (kind == JsonScanner::Kind::kString) {
      if (!scanner_.ReadString(&text_)) return false;
      number = text_;
    } else if (kind == JsonScanner::Kind::kNumber) {
      if (!scanner_.ReadNumber(&number)) return false;
    } else {
      return Expected(expected);
    }
    const std::optional<Int> value = WholeNumber<Int>(number);
    if (!value) return Fail(Cat("expected ", expected, ", got ", number.substr(0, 40)));
    (out->GetReflection()->*(field.is_repeated() ? add : set))(out, &field, *value);
    return true;
  }

  bool ReadFlag(const FieldDescriptor& field, const Reflection& reflection, Message* out) {
    const JsonScanner::Kind kind = scanner_.Peek();
    if (kind != JsonScanner::Kind::kTrue && kind != JsonScanner::Kind::kFalse) {
      return Expected("true or false");
    }
    bool value = false;
    if (!scanner_.ReadBool(&value)) return false;
    if (field.is_repeated()) {
      reflection.AddBool(out, &field, value);
    } else {
      reflection.SetBool(out, &field, value);
    }
    return true;
  }

  bool ReadText(const FieldDescriptor& field, const Reflection& reflection, Message* out) {
    if (scanner_.Peek() != JsonScanner::Kind::kString) return Expected("a string");
    std::string text;
    if (!scanner_.ReadString(&text)) return false;
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      std::string bytes;
      if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
        return Fail("expected bytes in base64");
      }
      text = std::move(bytes);
    }
    if (field.is_repeated()) {
      reflection.AddString(out, &field, std::move(text));
    } else {
      reflection.SetString(out, &field, std::move(text));
    }
    return true;
  }

  bool ReadEnum(const FieldDescriptor& field, const Reflection& reflection, Message* out) {
    const auto& type = *field.enum_type();
    const EnumValueDescriptor* value = nullptr;
    const JsonScanner::Kind kind = scanner_.Peek();
    JsonScanner before = scanner_;
    if (kind == JsonScanner::Kind::kString) {
      if (!scanner_.ReadString(&text_)) return false;
      for (int i = 0; i < type.value_count() && value == nullptr; ++i) {
        if (EqualsIgnoringCase(type.value(i)->name(), text_)) value = type.value(i);
      }
    } else if (kind == JsonScanner::Kind::kNumber) {
      std::string_view number;
      if (!scanner_.ReadNumber(&number)) return false;
      const std::optional<int32_t> known = WholeNumber<int32_t>(number);
      if (known) value = type.FindValueByNumber(*known);
    }
    if (value == nullptr) {
      std::string names;
      for (int i = 0; i < type.value_count(); ++i) {
        if (type.value(i)->name().ends_with("UNSPECIFIED")) continue;
        CatTo(&names, names.empty() ? "" : ", ", Lower(type.value(i)->name()));
      }
      return Fail(Cat("expected one of ", names, ", got ", before.Excerpt()));
    }
    if (field.is_repeated()) {
      reflection.AddEnum(out, &field, value);
    } else {
      reflection.SetEnum(out, &field, value);
    }
    return true;
  }

  bool ReadTimestamp(google::protobuf::Timestamp* out) {
    if (scanner_.Peek() != JsonScanner::Kind::kString) {
      return Expected("an instant such as \"2026-03-11T07:00:00Z\"");
    }
    if (!scanner_.ReadString(&text_)) return false;
    if (text_.size() > 64) return Fail("expected an instant such as \"2026-03-11T07:00:00Z\"");
    const absl::StatusOr<Instant> instant = ParseInstant(text_);
    if (!instant.ok()) return Fail(std::string(instant.status().message()));
    ToProto(*instant, out);
    return true;
  }

  bool ReadDuration(google::protobuf::Duration* out) {
    JsonScanner before = scanner_;
    if (scanner_.Peek() != JsonScanner::Kind::kString) {
      return Expected("a duration such as \"7200s\"");
    }
    if (!scanner_.ReadString(&text_)) return false;
    if (ParseProtoDuration(text_, out)) return true;
    before.Peek();
    return Fail(Cat("expected a duration such as \"7200s\", got ", before.Excerpt()));
  }

  JsonScanner& scanner_;
  std::string_view root_;
  std::span<const SourceText> texts_;
  // The field that was null last.
  const FieldDescriptor* null_ = nullptr;
  std::vector<Part> path_;
  std::string text_;
  std::string field_;
  std::string what_;
};

}  // namespace

absl::Status FieldError(std::string_view field, std::string_view what) {
  absl::Status status =
      absl::InvalidArgumentError(field.empty() ? std::string(what) : Cat(field, ": ", what));
  if (!field.empty()) status.SetPayload(kFieldPayload, absl::Cord(std::string(field)));
  return status;
}

std::string FieldOf(const absl::Status& status) {
  const absl::optional<absl::Cord> field = status.GetPayload(kFieldPayload);
  return field.has_value() ? std::string(*field) : std::string();
}

absl::Status ReadMessage(JsonScanner* scanner, std::string_view root, Message* out,
                         std::span<const SourceText> texts) {
  return Reader(scanner, root, texts).Read(out);
}

absl::Status MessageFromJson(std::string_view text, Message* out,
                             std::span<const SourceText> texts) {
  JsonScanner scanner(text);
  if (absl::Status status = ReadMessage(&scanner, "", out, texts); !status.ok()) return status;
  if (!scanner.ReadEnd()) return FieldError("", scanner.error());
  return absl::OkStatus();
}

}  // namespace escalation
