// daemon/source/json_document.h
//
// A JSON text as it is written: values by the bytes that they take, so that some can be replaced
// while everything else stays as it is.
//
//   Input       any bytes; JSON of RFC 8259, with strings of any bytes and escapes
//   Output      the tree of values; or where the text is not JSON
//   Invariants  1. a node's bytes lie within those of its parent, in the order of the text
//               2. what is not replaced is copied byte by byte
//   Errors      kInvalidArgument "LINE:COLUMN: what", columns in bytes from 1
//   Threads     stateless; a node may be read by many
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace escalation {

struct JsonNode {
  enum class Kind { kObject, kArray, kString, kNumber, kLiteral };  // Literal: true, false, null.
  Kind kind = Kind::kLiteral;
  // Bytes of the text, with quotes or brackets.
  size_t begin = 0;
  size_t end = 0;
  // Of a member of an object, unescaped.
  std::string key;
  std::vector<JsonNode> children;

  // The latest member of this name; null: none.
  const JsonNode* Find(std::string_view name) const;
};

inline constexpr int kJsonDepthMax = 512;

absl::StatusOr<JsonNode> ParseJson(std::string_view text);

// Of a string with its quotes. Unpaired surrogates become three bytes each, as if they were
// characters, so that nothing is lost.
std::string JsonUnescaped(std::string_view quoted);
// With quotes; the opposite, in the shortest escapes.
std::string JsonQuoted(std::string_view text);

// Builds a text anew, with some values replaced.
class JsonEdit {
 public:
  // `text` outlives it.
  explicit JsonEdit(std::string_view text) : text_(text) {}

  // In the order of the text; `json` is the new value.
  void Replace(const JsonNode& node, std::string_view json);
  std::string Finish();

 private:
  const std::string_view text_;
  std::string out_;
  size_t copied_ = 0;
};

}  // namespace escalation
