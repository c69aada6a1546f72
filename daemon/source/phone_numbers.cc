#include "daemon/source/phone_numbers.h"

#include <algorithm>
#include <array>
#include <string>

namespace escalation {
namespace {

constexpr size_t kDigitsMin = 7;
constexpr size_t kDigitsMax = 15;
constexpr size_t kGroupsMax = 8;
// How far behind a word such as "phone" a number may stand.
constexpr size_t kWordReach = 16;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Letters outside ASCII do not join with digits: in some scripts no space parts them.
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Digits in groups, as they stand behind each other.
struct Groups {
  struct Group {
    size_t digits = 0;
    size_t begin = 0;
    size_t end = 0;  // Behind its closing bracket.
    bool bracketed = false;
    // Between it and the group before: the separator's first character; 0: none.
    char separator = 0;
  };
  std::array<Group, kGroupsMax> list;
  size_t size = 0;
  bool plus = false;
};

// A space, dash, dot or slash between two groups, also " - ", a no-break space or a long dash; 0:
// none.
size_t SeparatorBytes(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 4) {
    const std::string_view rest = text.substr(end);
    if (std::string_view(" -./").find(rest[0]) != std::string_view::npos) {
      ++end;
    } else if (rest.starts_with("\xC2\xA0")) {
      end += 2;
    } else if (rest.starts_with("\xE2\x80\x90") || rest.starts_with("\xE2\x80\x91") ||
               rest.starts_with("\xE2\x80\x93") || rest.starts_with("\xE2\x80\xAF")) {
      end += 3;
    } else {
      break;
    }
  }
  const std::string_view found = text.substr(at, end - at);
  const bool one = found.size() == 1 || (found.size() <= 3 && !found.empty() &&
                                         (static_cast<unsigned char>(found[0]) & 0x80) != 0);
  return one || found == " - " || found == " / " ? found.size() : 0;
}

// The groups from `at` on, where a number may begin.
Groups ReadGroups(std::string_view text, size_t at) {
  Groups groups;
  const bool plus_in_bracket = text.substr(at, 2) == "(+";
  if (text[at] == '+') {
    groups.plus = true;
    ++at;
  }
  while (groups.size < kGroupsMax) {
    Groups::Group group;
    if (groups.size > 0) {
      const size_t bytes = SeparatorBytes(text, at);
      group.separator = bytes == 0 ? '\0' : text[at];
      at += bytes;
    }
    const bool bracket = at < text.size() && text[at] == '(';
    const bool plus = groups.size == 0 && plus_in_bracket;
    if (plus) groups.plus = true;
    const size_t begin = at + (bracket ? 1 : 0) + (plus ? 1 : 0);
    size_t end = begin;
    while (end < text.size() && IsDigit(text[end]) && end - begin <= kDigitsMax) ++end;
    if (end == begin || (bracket && (end == text.size() || text[end] != ')'))) break;
    // Without a separator only brackets part groups.
    const bool after_bracket = groups.size > 0 && groups.list[groups.size - 1].bracketed;
    if (groups.size > 0 && group.separator == 0 && !bracket && !after_bracket) break;
    group.digits = end - begin;
    group.begin = begin;
    group.end = end + (bracket ? 1 : 0);
    group.bracketed = bracket;
    at = group.end;
    groups.list[groups.size++] = group;
  }
  return groups;
}

bool IsNorthAmerican(std::string_view text, const Groups& groups, size_t size) {
  std::string digits;
  for (size_t i = 0; i < size; ++i)
    digits += text.substr(groups.list[i].begin, groups.list[i].digits);
  size_t first = 0;
  if (digits.size() == 11 && digits[0] == '1' && groups.list[0].digits == 1) {
    digits.erase(0, 1);
    first = 1;
  }
  if (digits.size() != 10 || digits[0] < '2' || digits[3] < '2') return false;
  if (size - first == 2) {
    return groups.list[first].digits == 3 && groups.list[first + 1].digits == 7;
  }
  return size - first == 3 && groups.list[first].digits == 3 && groups.list[first + 1].digits == 3;
}

bool IsPairs(std::string_view text, const Groups& groups, size_t size) {
  if (size != 5 || text[groups.list[0].begin] != '0') return false;
  for (size_t i = 0; i < size; ++i) {
    const Groups::Group& group = groups.list[i];
    if (group.digits != 2 || group.bracketed) return false;
    if (i > 1 && group.separator != groups.list[1].separator) return false;
  }
  return true;
}

// 03.10.2026, 3/10/26, 2026-03-10: also with a time behind.
bool IsDate(const Groups& groups) {
  if (groups.size < 3) return false;
  const Groups::Group& a = groups.list[0];
  const Groups::Group& b = groups.list[1];
  const Groups::Group& c = groups.list[2];
  if (a.bracketed || b.separator != c.separator || b.digits > 2) return false;
  return (a.digits == 4 && c.digits <= 2) || (a.digits <= 2 && (c.digits == 4 || c.digits == 2));
}

bool IsNetworkAddress(const Groups& groups) {
  if (groups.size != 4) return false;
  for (size_t i = 0; i < 4; ++i) {
    if (groups.list[i].digits > 3 || (i > 0 && groups.list[i].separator != '.')) return false;
  }
  return true;
}

bool IsNumber(std::string_view text, const Groups& groups, size_t size, PhoneContext context) {
  size_t digits = 0;
  for (size_t i = 0; i < size; ++i) digits += groups.list[i].digits;
  const std::string_view first = text.substr(groups.list[0].begin, groups.list[0].digits);
  const bool international = first.starts_with("00");
  if (digits < kDigitsMin || digits > kDigitsMax + (international ? 2 : 0)) return false;
  if (groups.plus) return first[0] != '0';
  if (IsPairs(text, groups, size) || IsNorthAmerican(text, groups, size)) return true;
  if (IsDate(groups) || IsNetworkAddress(groups)) return false;
  if (context == PhoneContext::kPhone) return true;
  if (size < 2) return false;
  if (international) return digits >= 10 && first.size() <= 5;
  const bool area = groups.list[0].bracketed && first.size() >= 2 && first.size() <= 5;
  if (area) return digits >= 8;
  const bool trunk = first[0] == '0' && first.size() >= 3 && first.size() <= 6;
  return trunk && digits >= 9 && digits <= 12;
}

// Whether what follows belongs to something longer.
bool EndsWord(std::string_view text, size_t end) {
  if (end == text.size()) return true;
  const char c = text[end];
  if (IsWord(c)) return false;
  if (c == '@' || c == '%' || c == '=') return false;
  const bool joins = c == '.' || c == '-' || c == ':' || c == '/' || c == ',';
  return !joins || end + 1 == text.size() || !IsWord(text[end + 1]);
}

bool BeginsWord(std::string_view text, size_t begin) {
  if (begin == 0) return true;
  const char c = text[begin - 1];
  if (text[begin] == '+') return !IsWord(c) && c != '+';
  return !IsWord(c) && std::string_view(".-/#@+%&$").find(c) == std::string_view::npos;
}

// A word such as "phone" stands shortly before.
bool FollowsPhoneWord(std::string_view text, size_t begin) {
  size_t from = begin - std::min(begin, kWordReach);
  while (from > 0 && begin - from < 2 * kWordReach && IsWord(text[from - 1])) --from;
  std::string word;
  for (size_t i = from; i < begin; ++i) {
    if (IsDigit(text[i]) || text[i] == '\n') {
      word.clear();
      from = i + 1;
    } else if (IsWord(text[i])) {
      word.push_back(text[i]);
      continue;
    }
    if (IsPhoneName(word)) return true;
    word.clear();
  }
  return IsPhoneName(word);
}

}  // namespace

bool IsPhoneName(std::string_view name) {
  std::string lower;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') lower.push_back(Lower(c));
  }
  static constexpr std::string_view kWords[] = {"tel",  "call",  "fax", "mobile", "cell",
                                                "ring", "phone", "sms", "handy",  "fon"};
  if (std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords)) return true;
  static constexpr std::string_view kParts[] = {"phone",        "telefon",    "whatsapp",
                                                "mobilenumber", "cellnumber", "faxnumber"};
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

std::optional<TextSpan> FindPhoneNumber(std::string_view text, size_t from, PhoneContext context) {
  for (size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    const bool begins = IsDigit(c) || c == '+' || c == '(';
    if (!begins || !BeginsWord(text, at)) continue;
    const Groups groups = ReadGroups(text, at);
    PhoneContext here = context;
    if (groups.size > 0 && here == PhoneContext::kText && FollowsPhoneWord(text, at)) {
      here = PhoneContext::kPhone;
    }
    for (size_t size = groups.size; size > 0; --size) {
      const size_t end = groups.list[size - 1].end;
      if (!EndsWord(text, end) || !IsNumber(text, groups, size, here)) continue;
      return TextSpan{at, end};
    }
    // The digits of one group begin no second number.
    while (at + 1 < text.size() && IsDigit(text[at]) && IsDigit(text[at + 1])) ++at;
  }
  return std::nullopt;
}

}  // namespace escalation
