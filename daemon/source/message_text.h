// daemon/source/message_text.h
//
// What a message's text says that the log keeps: the text itself never gets there.
//
//   Input       a message as its author wrote it, plain or Markdown; any bytes
//   Output      tokens, length, whether it asks something
//   Invariants  1. what the author only quotes or shows says nothing: lines that begin with ">",
//                  what follows "On ... wrote:" or "-----Original Message-----", `code`, fenced
//                  code, and lines that are indented by four columns or more
//               2. a token is "#" and letters, digits, "_" and "-", standing alone: not after or
//                  before a letter or digit of any script, not in an address or a path
//   Time        linear in the text's length
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace escalation {

struct MessageText {
  // Lower case, with "#", each once, in the order of the text; the first kTokensMax that are at
  // most kTokenBytesMax long.
  std::vector<std::string> tokens;
  // See TextLength.
  int32_t length = 0;
  // A sentence ends in a question mark.
  bool is_question = false;
};

inline constexpr size_t kTokensMax = 64;
inline constexpr size_t kTokenBytesMax = 128;

MessageText ReadMessageText(std::string_view text);

// In code points, of the whole text; 0: nothing but white space.
int32_t TextLength(std::string_view text);

}  // namespace escalation
