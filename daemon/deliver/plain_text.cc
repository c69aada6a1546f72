#include "daemon/deliver/plain_text.h"

#include "daemon/source/json_scanner.h"

namespace escalation {
namespace {

unsigned CodePointOf(std::string_view sequence) {
  const auto byte = [&sequence](size_t i) { return static_cast<unsigned char>(sequence[i]); };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
    case 3:
      return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    default:
      return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 |
             (byte(3) & 0x3Fu);
  }
}

bool IsHarmful(unsigned c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    const size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) {
      if (gap && !out.empty()) out.push_back(' ');
      gap = false;
      out.append("\xEF\xBF\xBD");
      text.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = text.substr(0, bytes);
    text.remove_prefix(bytes);
    const unsigned c = CodePointOf(sequence);
    if (c == ' ' || IsHarmful(c)) {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out.push_back(' ');
    gap = false;
    out.append(sequence);
  }
  return out;
}

std::string CutText(std::string_view text, size_t bytes_max) {
  static constexpr std::string_view kCut = "...";
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max < kCut.size() ? bytes_max : bytes_max - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out(text.substr(0, end));
  if (bytes_max >= kCut.size()) out.append(kCut);
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // Control characters are not allowed in HTML.
        out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c);
    }
  }
  return out;
}

}  // namespace escalation
