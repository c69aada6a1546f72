// state/base/wire_writer.h
//
// Writes Protobuf's wire format of proto3 messages straight from values, where making a message
// first or serializing it the general way would cost more than all else.
//
//   Input       fields in rising order of their numbers, as the generated code writes them
//   Output      the bytes that the generated code would give
//   Invariants  1. a field without presence that has its default is left out
//               2. text is not checked to be UTF-8: it was when it came in
//   Errors      none
//   Threads     one writer, one thread; its memory is used again
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "state/base/instant.h"

namespace escalation {

class WireWriter {
 public:
  void Clear() { size_ = 0; }
  // Until the next call.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(buffer_.data()), size_}; }

  // Integers, enumerations, bools.
  template <int kField>
  void Number(int64_t value) {
    if (value == 0) return;
    Reserve(2 * kVarintMax);
    Tag<kField, 0>();
    Varint(static_cast<uint64_t>(value));
  }
  template <int kField>
  void Text(std::string_view text) {
    if (!text.empty()) Item<kField>(text);
  }
  // Of a repeated field: even if it is empty.
  template <int kField>
  void Item(std::string_view text) {
    Reserve(2 * kVarintMax + text.size());
    Tag<kField, 2>();
    Varint(text.size());
    std::memcpy(buffer_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  // A message whose fields `write` writes; even if it is empty.
  template <int kField, typename Write>
  void Message(const Write& write) {
    Reserve(2 * kVarintMax);
    Tag<kField, 2>();
    const size_t begin = ++size_;  // Most are short: one byte for the length.
    write();
    const size_t bytes = size_ - begin;
    const size_t more = google::protobuf::io::CodedOutputStream::VarintSize64(bytes) - 1;
    if (more > 0) {
      Reserve(more);
      std::memmove(buffer_.data() + begin + more, buffer_.data() + begin, bytes);
    }
    size_ = begin - 1;
    Varint(bytes);
    size_ += bytes;
  }
  // A message that the generated code writes: in a field, or as it is.
  void Message(int field, const google::protobuf::MessageLite& message) {
    const size_t bytes = message.ByteSizeLong();
    Reserve(2 * kVarintMax + bytes);
    Varint(static_cast<uint64_t>(field) << 3 | 2);
    Varint(bytes);
    message.SerializeWithCachedSizesToArray(buffer_.data() + size_);
    size_ += bytes;
  }
  void Bytes(const google::protobuf::MessageLite& message) {
    const size_t bytes = message.ByteSizeLong();
    Reserve(bytes);
    message.SerializeWithCachedSizesToArray(buffer_.data() + size_);
    size_ += bytes;
  }
  // google.protobuf.Timestamp or google.protobuf.Duration.
  template <int kField, typename Moment>
  void Time(const Moment& time) {
    Message<kField>([&] {
      Number<Moment::kSecondsFieldNumber>(time.seconds());
      Number<Moment::kNanosFieldNumber>(time.nanos());
    });
  }
  // What a newer program has written into the message; fields that this one does not know come
  // last.
  void Unknown(const google::protobuf::Message& message) {
    const auto& fields = message.GetReflection()->GetUnknownFields(message);
    if (fields.empty()) return;
    std::string bytes;
    fields.SerializeToString(&bytes);
    Reserve(bytes.size());
    std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

 private:
  static constexpr size_t kVarintMax = 10;

  void Reserve(size_t bytes) {
    if (size_ + bytes > buffer_.size()) [[unlikely]]
      buffer_.resize(2 * (size_ + bytes));
  }
  template <int kField, int kWireType>
  void Tag() {
    constexpr uint32_t kTag = kField << 3 | kWireType;
    if constexpr (kTag < 128) {
      buffer_[size_++] = kTag;
    } else {
      Varint(kTag);
    }
  }
  void Varint(uint64_t value) {
    uint8_t* const begin = buffer_.data() + size_;
    size_ += static_cast<size_t>(
        google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, begin) - begin);
  }

  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(4'096);
  size_t size_ = 0;
};

}  // namespace escalation
