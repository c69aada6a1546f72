// Bytes as a message: what is found in it stands in it, and quoted as a whole it says nothing.

#include <algorithm>

#include "daemon/source/message_text.h"
#include "state/base/check.h"

using namespace escalation;

namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string Quoted(std::string_view text) {
  std::string out = "> ";
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n' || c == '\r') out += "> ";
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const MessageText read = ReadMessageText(text);
  const std::string lower = Lower(text);
  ESCALATION_CHECK(read.tokens.size() <= kTokensMax, text);
  ESCALATION_CHECK(read.length >= 0 && static_cast<size_t>(read.length) <= size, text);
  for (const std::string& token : read.tokens) {
    ESCALATION_CHECK(token.size() >= 2 && token.size() <= kTokenBytesMax, token);
    ESCALATION_CHECK(lower.find(token) != std::string::npos, token);
    ESCALATION_CHECK(std::count(read.tokens.begin(), read.tokens.end(), token) == 1, token);
  }
  const MessageText quoted = ReadMessageText(Quoted(text));
  ESCALATION_CHECK(quoted.tokens.empty() && !quoted.is_question, text);
  return 0;
}
