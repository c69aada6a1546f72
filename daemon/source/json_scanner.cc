#include "daemon/source/json_scanner.h"

#include "state/base/text.h"

namespace escalation {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

size_t Utf8SequenceBytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  size_t size = 0;
  // Bounds of the second byte: they exclude overlong forms, surrogates and values past U+10FFFF.
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (size == 0 || text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

size_t CodePoints(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

void AppendUtf8(unsigned code_point, std::string* out) {
  const auto put = [out](unsigned byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

void JsonScanner::SkipSpace() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
  }
}

bool JsonScanner::Fail(std::string_view what) {
  if (error_.empty()) error_ = Cat("byte ", at_, ": ", what);
  return false;
}

bool JsonScanner::Expected(std::string_view what) {
  if (at_ >= text_.size()) return Fail(Cat("expected ", what, ", but the text ends here"));
  return Fail(Cat("expected ", what, ", got ", Excerpt()));
}

std::string JsonScanner::Excerpt() const {
  static constexpr size_t kExcerptBytesMax = 40;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  const bool quoted = at_ < text_.size() && text_[at_] == '"';
  for (size_t i = at_; i < text_.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text_[i]);
    if (out.size() >= kExcerptBytesMax) return out + "...";
    if (c == '\n' || c == '\r') break;
    if (!quoted && i > at_ && (c == ',' || c == '}' || c == ']' || c == ' ')) break;
    if (c >= 0x20 && c < 0x7F) {
      out.push_back(static_cast<char>(c));
    } else {
      out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    }
    if (quoted && i > at_ && c == '"' && text_[i - 1] != '\\') break;
  }
  return out;
}

JsonScanner::Kind JsonScanner::Peek() {
  if (failed()) return Kind::kBad;
  SkipSpace();
  if (at_ >= text_.size()) return Kind::kEnd;
  switch (text_[at_]) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
      return Kind::kTrue;
    case 'f':
      return Kind::kFalse;
    case 'n':
      return Kind::kNull;
    default:
      return text_[at_] == '-' || IsDigit(text_[at_]) ? Kind::kNumber : Kind::kBad;
  }
}

bool JsonScanner::Open(char bracket) {
  if (failed()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != bracket) {
    return Expected(bracket == '{' ? "an object" : "an array");
  }
  if (depth_ == kDepthMax) return Fail(Cat("nested deeper than ", kDepthMax));
  ++at_;
  first_[depth_++] = true;
  return true;
}

bool JsonScanner::BeginObject() { return Open('{'); }
bool JsonScanner::BeginArray() { return Open('['); }

bool JsonScanner::NextItem(char closing, std::string_view expected) {
  if (failed() || depth_ == 0) return false;
  SkipSpace();
  bool& first = first_[depth_ - 1];
  if (at_ < text_.size() && text_[at_] == closing) {
    ++at_;
    --depth_;
    return false;
  }
  if (!first) {
    if (at_ >= text_.size() || text_[at_] != ',') return Expected(expected);
    ++at_;
    SkipSpace();
  }
  first = false;
  return true;
}

bool JsonScanner::NextKey(std::string* key) {
  if (!NextItem('}', "\",\" or \"}\"")) return false;
  if (at_ >= text_.size() || text_[at_] != '"') return Expected("a field name in quotes");
  if (!ReadString(key)) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != ':') return Expected("\":\"");
  ++at_;
  return true;
}

bool JsonScanner::NextElement() {
  if (!NextItem(']', "\",\" or \"]\"")) return false;
  // "[1,]": a value must follow the comma.
  if (at_ < text_.size() && text_[at_] == ']') return Expected("a value");
  return true;
}

bool JsonScanner::ReadHex4(unsigned* out) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    unsigned digit = 0;
    if (IsDigit(c)) {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return Expected("four hexadecimal digits");
    }
    value = value << 4 | digit;
    ++at_;
  }
  *out = value;
  return true;
}

bool JsonScanner::ReadEscape(std::string* out) {
  ++at_;  // The backslash.
  if (at_ >= text_.size()) return Expected("an escape");
  static constexpr std::string_view kFrom = "\"\\/bfnrt";
  static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const char c = text_[at_];
  if (const size_t simple = kFrom.find(c); simple != std::string_view::npos) {
    out->push_back(kTo[simple]);
    ++at_;
    return true;
  }
  if (c != 'u') return Expected("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
  ++at_;
  unsigned code_point = 0;
  if (!ReadHex4(&code_point)) return false;
  if (code_point == 0) return Fail("\\u0000 is not accepted in text");
  if (code_point >= 0xD800 && code_point <= 0xDBFF) {
    if (text_.substr(at_, 2) != "\\u") return Fail("half of a surrogate pair");
    at_ += 2;
    unsigned low = 0;
    if (!ReadHex4(&low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return Fail("half of a surrogate pair");
    code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
  } else if (code_point >= 0xDC00 && code_point <= 0xDFFF) {
    return Fail("half of a surrogate pair");
  }
  AppendUtf8(code_point, out);
  return true;
}

bool JsonScanner::ReadMultibyte(std::string* out) {
  const size_t bytes = Utf8SequenceBytes(text_.substr(at_));
  if (bytes == 0) return Fail("not valid UTF-8");
  out->append(text_, at_, bytes);
  at_ += bytes;
  return true;
}

bool JsonScanner::ReadString(std::string* out) {
  if (failed()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '"') return Expected("a string");
  ++at_;
  out->clear();
  while (at_ < text_.size()) {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      const unsigned char c = static_cast<unsigned char>(text_[at_]);
      if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80) break;
      ++at_;
    }
    out->append(text_, begin, at_ - begin);
    if (at_ >= text_.size()) break;
    const unsigned char c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!ReadEscape(out)) return false;
    } else if (c < 0x20) {
      return Fail("a control character in a string, expected an escape such as \\n");
    } else if (!ReadMultibyte(out)) {
      return false;
    }
  }
  return Expected("the end of a string");
}

bool JsonScanner::ReadNumber(std::string_view* number) {
  if (failed()) return false;
  SkipSpace();
  const size_t begin = at_;
  const auto digits = [this] {
    const size_t from = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ > from;
  };
  const auto take = [this](char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  };
  take('-');
  const bool zero = at_ < text_.size() && text_[at_] == '0';
  if (zero) {
    ++at_;
  } else if (!digits()) {
    return Expected("a number");
  }
  if (take('.') && !digits()) return Expected("a digit");
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) return Expected("a digit");
  }
  *number = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonScanner::ReadWord(std::string_view word) {
  if (failed()) return false;
  SkipSpace();
  if (text_.substr(at_, word.size()) != word) return Expected("a value");
  at_ += word.size();
  return true;
}

bool JsonScanner::ReadBool(bool* out) {
  *out = Peek() == Kind::kTrue;
  return ReadWord(*out ? "true" : "false");
}

bool JsonScanner::ReadNull() { return ReadWord("null"); }

bool JsonScanner::ReadEnd() {
  if (failed()) return false;
  SkipSpace();
  return at_ >= text_.size() || Fail(Cat("expected nothing more, got ", Excerpt()));
}

}  // namespace escalation
