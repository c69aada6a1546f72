#include "daemon/source/message_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Stands in the author's own text for a piece of code: neither part of a word nor a space.
constexpr char kCode = '\x01';

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsTokenCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == '-'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// The line's end is "\n", "\r\n" or "\r".
std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find_first_of("\r\n"), text->size());
  const std::string_view line = text->substr(0, end);
  const bool pair = text->substr(end, 2) == "\r\n";
  text->remove_prefix(std::min(end + (pair ? 2 : 1), text->size()));
  return line;
}

int Indentation(std::string_view line) {
  int columns = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++columns;
    } else if (c == '\t') {
      columns += 4 - columns % 4;
    } else {
      break;
    }
  }
  return columns;
}

// Three or more of one of the two characters, and nothing after them that ends code.
struct Fence {
  char mark = 0;
  size_t length = 0;
};
Fence FenceOf(std::string_view trimmed) {
  if (trimmed.empty() || (trimmed[0] != '`' && trimmed[0] != '~')) return {};
  const char mark = trimmed[0];
  const size_t length = std::min(trimmed.find_first_not_of(mark), trimmed.size());
  if (length < 3) return {};
  if (mark == '`' && trimmed.substr(length).find('`') != std::string_view::npos) return {};
  return {mark, length};
}
bool Closes(std::string_view trimmed, const Fence& open) {
  const Fence fence = FenceOf(trimmed);
  return fence.mark == open.mark && fence.length >= open.length && fence.length == trimmed.size();
}

bool IsQuoted(std::string_view trimmed) { return trimmed.starts_with(">"); }

// "On Tue, 10 Mar 2026 at 09:00, Ann <ann@example.org> wrote:", also broken into two lines.
bool IntroducesQuote(std::string_view trimmed, std::string_view next) {
  if (trimmed.starts_with("-----Original Message-----")) return true;
  if (!trimmed.starts_with("On ")) return false;
  return trimmed.ends_with("wrote:") || Trim(next).ends_with("wrote:");
}

// The lines that the author wrote for the reader; an empty line stands for all others.
class OwnLines {
 public:
  explicit OwnLines(std::string_view text) : rest_(text) {}

  std::string Read() {
    while (!rest_.empty()) {
      AddLine(TakeLine(&rest_));
      own_.push_back('\n');
    }
    return std::move(own_);
  }

 private:
  void AddLine(std::string_view line) {
    const std::string_view trimmed = Trim(line);
    const bool indented = Indentation(line) >= 4;
    if (fence_.mark != 0) {
      if (!indented && Closes(trimmed, fence_)) fence_ = {};
      return;
    }
    if (indented || trimmed.empty() || IsQuoted(trimmed)) return;
    fence_ = FenceOf(trimmed);
    if (fence_.mark != 0) return;
    std::string_view after = rest_;
    const std::string_view next = TakeLine(&after);
    if (IntroducesQuote(trimmed, next)) {
      const bool broken = trimmed.starts_with("On ") && !trimmed.ends_with("wrote:");
      SkipQuote(broken ? after : rest_);
      return;
    }
    own_ += line;
  }

  // Answers may stand between and after lines that begin with ">"; without such lines the rest is
  // the quoted message.
  void SkipQuote(std::string_view after) {
    rest_ = after;
    const size_t begin = after.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || after[begin] != '>') rest_ = {};
  }

  std::string_view rest_;
  std::string own_;
  Fence fence_;
};

// Replaces `code` by one character each. A run of backticks is closed by the next run of the same
// length in its paragraph.
std::string WithoutCode(std::string_view text) {
  struct Run {
    size_t begin;
    size_t end;
    size_t paragraph;
    size_t closed_by = 0;  // 0: by none.
  };
  std::vector<Run> runs;
  size_t paragraph = 0;
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) == "\n\n") ++paragraph;
    if (text[i] != '`') {
      ++i;
      continue;
    }
    const size_t end = std::min(text.find_first_not_of('`', i), text.size());
    runs.push_back({i, end, paragraph});
    i = end;
  }
  std::map<std::pair<size_t, size_t>, size_t> next;  // By paragraph and length.
  for (size_t i = runs.size(); i-- > 0;) {
    size_t& later = next[{runs[i].paragraph, runs[i].end - runs[i].begin}];
    runs[i].closed_by = later;
    later = i;
  }
  std::string out;
  size_t copied = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].closed_by == 0) continue;
    out += text.substr(copied, runs[i].begin - copied);
    out.push_back(kCode);
    i = runs[i].closed_by;
    copied = runs[i].end;
  }
  out += text.substr(copied);
  return out;
}

// Punctuation, spaces, symbols and pictures outside ASCII; every other code point there is taken
// for a letter or digit.
bool IsSeparator(unsigned point) {
  struct Range {
    unsigned first;
    unsigned last;
  };
  static constexpr Range kRanges[] = {
      {0x80, 0xA9},     {0xAB, 0xB1},     {0xB4, 0xB4},     {0xB6, 0xB8},      {0xBB, 0xBB},
      {0xBF, 0xBF},     {0xD7, 0xD7},     {0xF7, 0xF7},     {0x37E, 0x37E},    {0x60C, 0x60C},
      {0x61B, 0x61B},   {0x61F, 0x61F},   {0x2000, 0x206F}, {0x20A0, 0x20CF},  {0x2190, 0x2BFF},
      {0x2E00, 0x2E7F}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030},  {0xE000, 0xF8FF},
      {0xFE00, 0xFE1F}, {0xFE30, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFF01, 0xFF0F},  {0xFF1A, 0xFF20},
      {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFFD, 0xFFFD}, {0x1F000, 0x1FAFF}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

// The code point that begins here; 0xFFFD where it is not valid.
unsigned PointAt(std::string_view text, size_t at) {
  const size_t bytes = Utf8SequenceBytes(text.substr(at));
  if (bytes == 0) return 0xFFFD;
  if (bytes == 1) return static_cast<unsigned char>(text[at]);
  unsigned point = static_cast<unsigned char>(text[at]) & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  }
  return point;
}

bool IsWordPoint(unsigned point) {
  if (point >= 0x80) return !IsSeparator(point);
  const char c = static_cast<char>(point);
  return IsLetter(c) || IsDigit(c) || c == '_';
}

// What stands before `at`: the beginning of the text counts as a space.
unsigned PointBefore(std::string_view text, size_t at) {
  if (at == 0) return ' ';
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
    --begin;
  }
  return PointAt(text, begin);
}

bool IsQuestionMark(unsigned point) {
  return point == '?' || point == 0x37E || point == 0x61F || point == 0xFF1F;
}

// Goes through the author's own text once.
class Reader {
 public:
  Reader(std::string_view text, MessageText* out) : text_(text), out_(*out) {}

  void Read() {
    for (size_t i = 0; i < text_.size();) {
      const char c = text_[i];
      if (IsSpace(c) || c == '<' || c == '>' || c == '"' || c == kCode) run_begin_ = i + 1;
      if (c == '/') slash_ = i + 1;
      if (c == '#') {
        i = ReadToken(i);
        continue;
      }
      const size_t bytes = std::max<size_t>(Utf8SequenceBytes(text_.substr(i)), 1);
      if (c == '?' || bytes > 1) LookForQuestion(i, bytes);
      if (bytes > 1 && IsSeparator(PointAt(text_, i))) run_begin_ = i + bytes;
      i += bytes;
    }
  }

 private:
  // Returns where to go on.
  size_t ReadToken(size_t hash) {
    const size_t begin = hash + 1;
    size_t end = begin;
    while (end < text_.size() && IsTokenCharacter(text_[end])) ++end;
    const unsigned before = PointBefore(text_, hash);
    const bool apart = !IsWordPoint(before) && before != '#' && before != '&' && before != '/';
    const bool whole = end == text_.size() || !IsWordPoint(PointAt(text_, end));
    if (end > begin && apart && whole && !InAddress()) {
      std::string token(text_.substr(hash, end - hash));
      std::transform(token.begin(), token.end(), token.begin(), Lower);
      Add(std::move(token));
    }
    return end;
  }

  // Something with a slash before it, up to the space before.
  bool InAddress() const {
    return slash_ > run_begin_ || text_.substr(run_begin_, 4) == "www." ||
           text_.substr(run_begin_, 7) == "mailto:";
  }

  void Add(std::string token) {
    if (out_.tokens.size() == kTokensMax || token.size() > kTokenBytesMax) return;
    if (seen_.insert(token).second) out_.tokens.push_back(std::move(token));
  }

  void LookForQuestion(size_t at, size_t bytes) {
    if (out_.is_question || !IsQuestionMark(PointAt(text_, at))) return;
    const unsigned before = PointBefore(text_, at);
    if (before == '(' || before == '[') return;
    size_t after = at + bytes;
    while (after < text_.size() &&
           std::string_view("?!.)]*_~'").find(text_[after]) != std::string_view::npos) {
      ++after;
    }
    const unsigned next = after == text_.size() ? ' ' : PointAt(text_, after);
    const bool quoted = next == 0xBB || next == 0x201C || next == 0x201D;
    // A full-width mark needs no space after it.
    out_.is_question = next == ' ' || IsSpace(text_[after]) || next == '<' ||
                       PointAt(text_, at) == 0xFF1F ||
                       (next >= 0x80 && IsSeparator(next) && !quoted);
  }

  const std::string_view text_;
  MessageText& out_;
  std::set<std::string> seen_;
  // After the latest space, and after the latest slash.
  size_t run_begin_ = 0;
  size_t slash_ = 0;
};

}  // namespace

int32_t TextLength(std::string_view text) {
  return Trim(text).empty() ? 0 : static_cast<int32_t>(CodePoints(text));
}

MessageText ReadMessageText(std::string_view text) {
  MessageText out;
  out.length = TextLength(text);
  const std::string own = WithoutCode(OwnLines(text).Read());
  Reader(own, &out).Read();
  return out;
}

}  // namespace escalation
