// tests/state/ticket/every_field.h
//
// Messages in which every field is set, whatever fields there are: what is written by hand must not
// forget one that is added later.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/message.h"

namespace escalation::testing {

// `turn` varies lengths and values. Of a oneof the last field stays.
inline void FillEveryField(int turn, google::protobuf::Message* message) {
  using Field = google::protobuf::FieldDescriptor;
  const auto* const reflection = message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const Field* const field = message->GetDescriptor()->field(i);
    for (int n = 0; n < (field->is_repeated() ? 1 + turn % 3 : 1); ++n) {
      const int64_t number = (int64_t{turn + n} << (i * 3 % 40)) + i + 1;
      const std::string text(static_cast<size_t>(turn * (i % 7) * 10 + n + 1), 'a');
      switch (field->cpp_type()) {
        case Field::CPPTYPE_MESSAGE:
          FillEveryField(turn + 1, field->is_repeated()
                                       ? reflection->AddMessage(message, field)
                                       : reflection->MutableMessage(message, field));
          break;
        case Field::CPPTYPE_STRING:
          field->is_repeated() ? reflection->AddString(message, field, text)
                               : reflection->SetString(message, field, text);
          break;
        case Field::CPPTYPE_INT32:
          reflection->SetInt32(message, field,
                               static_cast<int32_t>(turn % 2 == 0 ? number : -number));
          break;
        case Field::CPPTYPE_INT64:
          reflection->SetInt64(message, field, turn % 2 == 0 ? number : -number);
          break;
        case Field::CPPTYPE_UINT64:
          reflection->SetUInt64(message, field, static_cast<uint64_t>(number));
          break;
        case Field::CPPTYPE_BOOL:
          reflection->SetBool(message, field, true);
          break;
        case Field::CPPTYPE_ENUM:
          reflection->SetEnumValue(message, field, 1);
          break;
        default:
          GTEST_FAIL() << field->full_name() << ": a kind of field that is not filled yet";
      }
    }
  }
}

}  // namespace escalation::testing
