#include "daemon/source/json_document.h"

#include <algorithm>
#include <iterator>

#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits after "\u"; -1: they are not.
int Hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = HexDigit(c);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<JsonNode> Parse() {
    JsonNode root;
    if (ReadValue(0, &root)) {
      SkipSpace();
      if (at_ == text_.size()) return root;
      Fail("expected nothing more");
    }
    const std::string_view before = text_.substr(0, failed_at_);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const size_t newline = before.rfind('\n');
    const size_t column = newline == std::string_view::npos ? failed_at_ : failed_at_ - newline - 1;
    return absl::InvalidArgumentError(Cat(lines + 1, ":", column + 1, ": ", what_));
  }

 private:
  bool Fail(std::string_view what) {
    what_ = what;
    failed_at_ = std::min(at_, text_.size());
    return false;
  }

  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void SkipSpace() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool ReadValue(int depth, JsonNode* node) {
    SkipSpace();
    if (depth > kJsonDepthMax) return Fail(Cat("deeper than ", kJsonDepthMax));
    node->begin = at_;
    const char c = Next();
    bool read = false;
    if (c == '{') {
      node->kind = JsonNode::Kind::kObject;
      read = ReadItems(depth, '}', node);
    } else if (c == '[') {
      node->kind = JsonNode::Kind::kArray;
      read = ReadItems(depth, ']', node);
    } else if (c == '"') {
      node->kind = JsonNode::Kind::kString;
      read = ReadString();
    } else if (c == '-' || IsDigit(c)) {
      node->kind = JsonNode::Kind::kNumber;
      read = ReadNumber();
    } else {
      read = ReadLiteral();
    }
    node->end = at_;
    return read;
  }

  bool ReadItems(int depth, char closing, JsonNode* node) {
    ++at_;
    SkipSpace();
    if (Next() == closing) {
      ++at_;
      return true;
    }
    for (;;) {
      JsonNode& child = node->children.emplace_back();
      if (closing == '}' && !ReadKey(&child.key)) return false;
      if (!ReadValue(depth + 1, &child)) return false;
      SkipSpace();
      const char c = Next();
      if (c != ',' && c != closing) return Fail(Cat("expected \",\" or \"", closing, "\""));
      ++at_;
      if (c == closing) return true;
    }
  }

  bool ReadKey(std::string* key) {
    SkipSpace();
    const size_t begin = at_;
    if (Next() != '"') return Fail("expected a name in quotes");
    if (!ReadString()) return false;
    *key = JsonUnescaped(text_.substr(begin, at_ - begin));
    SkipSpace();
    if (Next() != ':') return Fail("expected \":\"");
    ++at_;
    return true;
  }

  bool ReadString() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a string");
      if (c != '\\') continue;
      ++at_;
      const char escaped = Next();
      const bool hex = escaped == 'u' && Hex4(text_.substr(std::min(at_ + 1, text_.size()))) >= 0;
      const bool known = std::string_view("\"\\/bfnrt").find(escaped) != std::string_view::npos;
      if (at_ >= text_.size() || (!hex && !known)) return Fail("not an escape of JSON");
      if (hex) at_ += 4;
    }
    return Fail("a string that does not end");
  }

  bool ReadDigits() {
    const size_t begin = at_;
    while (IsDigit(Next())) ++at_;
    return at_ > begin || Fail("expected a digit");
  }

  bool ReadNumber() {
    if (Next() == '-') ++at_;
    if (Next() == '0') {
      ++at_;
    } else if (!ReadDigits()) {
      return false;
    }
    if (Next() == '.') {
      ++at_;
      if (!ReadDigits()) return false;
    }
    if (Next() != 'e' && Next() != 'E') return true;
    ++at_;
    if (Next() == '+' || Next() == '-') ++at_;
    return ReadDigits();
  }

  bool ReadLiteral() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return true;
    }
    return Fail("expected a value");
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t failed_at_ = 0;
  std::string what_;
};

// Reads "\u" at the beginning of `rest`, with the second half of a pair; returns the bytes read.
size_t UnescapeUnicode(std::string_view rest, std::string* out) {
  const int first = Hex4(rest.substr(2));
  auto point = static_cast<unsigned>(first);
  size_t bytes = 6;
  if (first >= 0xD800 && first < 0xDC00 && rest.substr(6, 2) == "\\u") {
    const int second = Hex4(rest.substr(8));
    if (second >= 0xDC00 && second < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<unsigned>(second) - 0xDC00);
      bytes = 12;
    }
  }
  AppendUtf8(point, out);
  return bytes;
}

constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";

}  // namespace

const JsonNode* JsonNode::Find(std::string_view name) const {
  const auto found = std::find_if(children.rbegin(), children.rend(),
                                  [&](const JsonNode& child) { return child.key == name; });
  return found == children.rend() ? nullptr : &*found;
}

absl::StatusOr<JsonNode> ParseJson(std::string_view text) { return Parser(text).Parse(); }

std::string JsonUnescaped(std::string_view quoted) {
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const size_t plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    if (rest[1] == 'u') {
      rest.remove_prefix(UnescapeUnicode(rest, &out));
      continue;
    }
    out.push_back(kEscaped[kEscapes.find(rest[1])]);
    rest.remove_prefix(2);
  }
  return out;
}

std::string JsonQuoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const size_t escape = kEscaped.find(c);
    if (c != '/' && escape != std::string_view::npos) {
      out += {'\\', kEscapes[escape]};
    } else if (byte < 0x20) {
      CatTo(&out, "\\u00", kHex[byte >> 4], kHex[byte & 15]);
    } else if (byte == 0xED && i + 2 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) >= 0xA0) {  // A surrogate.
      const unsigned low = static_cast<unsigned char>(text[i + 2]) & 0x3FU;
      const unsigned middle = static_cast<unsigned char>(text[i + 1]) & 0x3FU;
      CatTo(&out, "\\ud", kHex[middle >> 2], kHex[(middle & 3) << 2 | low >> 4], kHex[low & 15]);
      i += 2;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

void JsonEdit::Replace(const JsonNode& node, std::string_view json) {
  out_ += text_.substr(copied_, node.begin - copied_);
  out_ += json;
  copied_ = node.end;
}

std::string JsonEdit::Finish() {
  out_ += text_.substr(copied_);
  copied_ = text_.size();
  return std::move(out_);
}

}  // namespace escalation
