#include "daemon/source/text_patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "daemon/source/secret_names.h"
#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr std::string_view kPlaceholders[] = {kEmailPlaceholder, kPhonePlaceholder,
                                              kSecretPlaceholder, kUrlPlaceholder, kOwnPlaceholder};

// The first placeholder from `from` on; its end if there is none.
TextSpan NextPlaceholder(std::string_view text, size_t from) {
  for (size_t at = text.find('[', from); at != std::string_view::npos;
       at = text.find('[', at + 1)) {
    for (const std::string_view placeholder : kPlaceholders) {
      if (text.substr(at, placeholder.size()) == placeholder) {
        return {at, at + placeholder.size()};
      }
    }
  }
  return {text.size(), text.size()};
}

// Calls `find(from, end)` for the pieces between placeholders until it finds nothing more, and
// replaces what it found. A find within a piece that is not to be replaced is empty, and says where
// to go on.
template <typename Find>
bool Replace(std::string_view placeholder, std::string* text, const Find& find) {
  const std::string_view in = *text;
  std::string out;
  size_t copied = 0;
  for (size_t at = 0; at < in.size();) {
    const TextSpan piece = NextPlaceholder(in, at);
    while (at < piece.begin) {
      const std::optional<TextSpan> found = find(at, piece.begin);
      if (!found) break;
      at = std::max(found->end, at + 1);
      if (found->begin == found->end) continue;
      out += in.substr(copied, found->begin - copied);
      out += placeholder;
      copied = found->end;
    }
    at = piece.end;
  }
  if (copied == 0) return false;
  out += in.substr(copied);
  *text = std::move(out);
  return true;
}

TextPattern Pattern(const std::string& expression, std::string_view placeholder, int replaced) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(expression, options);
  ESCALATION_CHECK(compiled->ok(), compiled->error());
  TextPattern pattern;
  pattern.pattern = std::move(compiled);
  pattern.placeholder = placeholder;
  pattern.replaced = replaced;
  return pattern;
}

// A word of people is no key: eight characters with letters and digits, or twenty of any kind.
bool LooksLikeKey(std::string_view value) {
  const auto any = [&](char first, char last) {
    return std::any_of(value.begin(), value.end(), [&](char c) { return c >= first && c <= last; });
  };
  const bool mixed = any('0', '9') && (any('a', 'z') || any('A', 'Z'));
  return (value.size() >= 8 && mixed) || value.size() >= 20;
}

// Names with their joints, what may stand around them, and what parts them from a value.
constexpr char kName[] =
    R"re(\b[\pL\pN_.-]*)re"
    R"re((?i:passw|passph|passc|\bpwd|\bpass\b|senha|contrase|secret|token|)re"
    R"re(api[ _-]?key|access[ _-]?key|private[ _-]?key|auth[ _-]?key|)re"
    R"re(signing[ _-]?key|encryption[ _-]?key|master[ _-]?key|authorization|)re"
    R"re(session[ _-]?id|sessid|\bsid\b|credential|signature|[cx]srf|jwt))re"
    R"re([\pL\pN_.-]*)re";
constexpr char kJoin[] = R"re(\\*["']?\]?[ \t]*(?:=>|:=|==?|:)[ \t]*)re";
constexpr char kQuotedValue[] = R"re("((?:[^"\\\r\n]|\\[^\r\n])+)")re";
// In JSON within a string.
constexpr char kEscapedValue[] = R"re(\\+"([^"\r\n]*?[^"\\\r\n])\\+")re";
constexpr char kSingleQuotedValue[] = R"re('([^'\r\n]+)')re";
// Up to a space or quote; punctuation at its end is the sentence's.
constexpr char kValue[] = R"re(([^\s"'&;<>,)\]}\\]+(?:[,)\]}\\]+[^\s"'&;<>,)\]}\\]+)*))re";

TextPattern Named(const std::string& expression) {
  TextPattern pattern = Pattern(expression, kSecretPlaceholder, 2);
  pattern.names = IsSecretName;
  return pattern;
}

std::vector<TextPattern> MakeSecretPatterns() {
  const std::string name = Cat("(", kName, ")");
  const auto secret = [](const std::string& expression, int replaced) {
    return Pattern(expression, kSecretPlaceholder, replaced);
  };
  std::vector<TextPattern> patterns;
  patterns.push_back(secret(R"re((?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?)re"
                            R"re((?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))re",
                            0));
  patterns.back().needs = "-";
  // Headers, as they stand in traces, in commands and in JSON within text.
  patterns.push_back(
      secret(R"re((?i)\b(?:proxy-)?authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?)re"
             R"re(((?:bearer|basic|token|apikey|negotiate|ntlm)[ \t]+[^\s"'`<>\\,]+))re",
             1));
  patterns.push_back(
      secret(R"re((?i)\b(?:proxy-)?authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?)re"
             R"re(((?:digest|aws4-hmac-sha256|hawk|oauth|signature)[ \t][^\r\n'`]+))re",
             1));
  patterns.push_back(secret(
      R"re((?i)\b(?:proxy-)?authorization\\*["']?[ \t]*:[ \t]*\\*["']?([^\s"'`\\][^\r\n"'`\\]*))re",
      1));
  patterns.push_back(secret(R"re((?i)\b(?:set-)?cookie2?\\*["']?[ \t]*[:=][ \t]*\\*["']?)re"
                            R"re(([^\s"'`\\](?:=\\*"[^"\r\n]*"|[^\r\n"'`\\])*))re",
                            1));
  // A part of a form that was sent as several.
  patterns.push_back(
      Named(R"re(name="([^"\r\n]+)"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+))re"));
  patterns.back().needs = "\n";
  for (const char* value : {kQuotedValue, kEscapedValue, kSingleQuotedValue, kValue}) {
    patterns.push_back(Named(Cat(name, kJoin, value)));
    patterns.back().needs = "=:";
  }
  patterns.push_back(secret(
      R"re([?&;](?i:code|key|sig|auth|session|otp|pin|pass|assertion|ticket|hmac|verifier|)re"
      R"re(samlresponse|code_verifier)=([^&#\s"'<>]+))re",
      1));
  patterns.back().needs = "?&;";
  // Who signs in at an address.
  patterns.push_back(secret(R"re(\b[A-Za-z][A-Za-z0-9+.-]*://([^\s/@"'<>]*:[^\s/"'<>]*)@)re", 1));
  patterns.back().needs = "@";
  // What shows by itself that it is one.
  patterns.push_back(secret(R"re(\beyJ[\w-]{5,}(?:\.[\w-]*){1,4})re", 0));
  patterns.push_back(
      secret(R"re(\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|)re"
             R"re(xox[abeprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}|)re"
             R"re(AIza[\w-]{35}|glpat-[\w-]{15,}|npm_\w{30,}|ya29\.[\w-]{20,})\b)re",
             0));
  patterns.push_back(secret(R"re((?i)\b(?:bearer|basic)[ \t]+([a-z0-9._~+/-]+=*))re", 1));
  patterns.back().looks = LooksLikeKey;
  patterns.push_back(Named(Cat(name, R"re((?i:[ \t]+(?:is|was|are|=|:|of))?[ \t]+["'`(]*)re",
                               R"re(([A-Za-z0-9_~+/=.!@#$%^*-]{8,}))re")));
  patterns.back().looks = LooksLikeKey;
  return patterns;
}

}  // namespace

const std::vector<TextPattern>& SecretPatterns() {
  static const auto& patterns = *new std::vector<TextPattern>(MakeSecretPatterns());
  return patterns;
}

const TextPattern& EmailPattern() {
  static const auto& pattern = *[] {
    auto* made = new TextPattern(Pattern(
        R"re([\pL\pN_+][\pL\pM\pN_.+%'-]*(?:@|%40))re"
        R"re((?:[\pL\pN](?:[\pL\pM\pN-]*[\pL\pM\pN])?\.)+\pL(?:[\pL\pM\pN-]*[\pL\pM\pN])?)re",
        kEmailPlaceholder, 0));
    made->needs = "@%";
    return made;
  }();
  return pattern;
}

bool ReplacePattern(const TextPattern& pattern, std::string* text) {
  if (!pattern.needs.empty() && text->find_first_of(pattern.needs) == std::string::npos) {
    return false;
  }
  const re2::StringPiece whole(*text);
  const auto view = [](const re2::StringPiece& piece) {
    return std::string_view(piece.data(), piece.size());
  };
  return Replace(pattern.placeholder, text,
                 [&](size_t from, size_t end) -> std::optional<TextSpan> {
                   re2::StringPiece groups[3];
                   if (!pattern.pattern->Match(whole, from, end, re2::RE2::UNANCHORED, groups,
                                               pattern.replaced + 1)) {
                     return std::nullopt;
                   }
                   const re2::StringPiece& value = groups[pattern.replaced];
                   const auto begin = static_cast<size_t>(value.data() - whole.data());
                   if ((pattern.names != nullptr && !pattern.names(view(groups[1]))) ||
                       (pattern.looks != nullptr && !pattern.looks(view(value)))) {
                     return TextSpan{begin, begin};
                   }
                   return TextSpan{begin, begin + value.size()};
                 });
}

bool ReplacePhones(PhoneContext context, std::string* text) {
  const auto digits =
      std::count_if(text->begin(), text->end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits < 7) return false;
  const std::string_view in = *text;
  return Replace(kPhonePlaceholder, text, [&](size_t from, size_t end) {
    return FindPhoneNumber(in.substr(0, end), from, context);
  });
}

}  // namespace escalation
