// daemon/source/json_scanner.h
//
// Reads JSON (RFC 8259) strictly, one token at a time and without a tree, so that a message is
// filled in one pass over untrusted bytes.
//
//   Input       text that outlives the scanner
//   Output      values in order; strings unescaped, numbers as written
//   Invariants  1. memory is bounded by the longest string and kDepthMax, whatever the text says
//               2. every string handed out is valid UTF-8 and holds no NUL
//               3. after the first error every call returns false and the error stays
//   Errors      every reading function returns false; error() says what and at which byte
//   Threads     one at a time; a copy is a second reader at the same place
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace escalation {

class JsonScanner {
 public:
  static constexpr size_t kDepthMax = 32;

  // kBad: no value begins here. kEnd: the text is over.
  enum class Kind { kObject, kArray, kString, kNumber, kTrue, kFalse, kNull, kBad, kEnd };

  explicit JsonScanner(std::string_view text) : text_(text) {}

  // What the next value is. Skips white space.
  Kind Peek();

  bool BeginObject();
  // The next key of the object begun last. False: the object is over, or failed().
  bool NextKey(std::string* key);
  bool BeginArray();
  // True: an element follows. False: the array is over, or failed().
  bool NextElement();

  bool ReadString(std::string* out);
  // The number as written, valid by the grammar of JSON; points into the text.
  bool ReadNumber(std::string_view* number);
  bool ReadBool(bool* out);
  bool ReadNull();
  // True: nothing but white space is left. False: fails.
  bool ReadEnd();

  bool failed() const { return !error_.empty(); }
  // Such as "byte 17: expected \",\" or \"}\", got \"x\"".
  const std::string& error() const { return error_; }
  // The beginning of the next value for messages: one line, at most 40 bytes, printable ASCII.
  std::string Excerpt() const;

 private:
  void SkipSpace();
  bool Fail(std::string_view what);
  // Fails with what stands at the present position.
  bool Expected(std::string_view what);
  bool Open(char bracket);
  // After an opening bracket or a value: the separator before the next item, or the end.
  bool NextItem(char closing, std::string_view expected);
  bool ReadWord(std::string_view word);
  bool ReadEscape(std::string* out);
  bool ReadHex4(unsigned* out);
  // Appends the UTF-8 sequence that begins here.
  bool ReadMultibyte(std::string* out);

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
  // For each open bracket: no item was read yet.
  std::array<bool, kDepthMax> first_{};
  std::string error_;
};

// Length of the valid UTF-8 sequence at the beginning of `text`, 0: not valid. Surrogates and
// overlong forms are not valid.
size_t Utf8SequenceBytes(std::string_view text);
bool IsUtf8(std::string_view text);
// Number of code points of valid UTF-8.
size_t CodePoints(std::string_view text);
// Appends a code point.
void AppendUtf8(unsigned code_point, std::string* out);

}  // namespace escalation
