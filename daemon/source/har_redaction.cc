#include "daemon/source/har_redaction.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/secret_names.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Kind = JsonNode::Kind;

constexpr int kRoundsMax = 16;
constexpr std::string_view kNamedLists[] = {"headers", "cookies", "queryString", "params"};

bool EndsWithAddress(std::string_view key) { return key.ends_with("url") || key.ends_with("URL"); }

// Texts of people and programs beside addresses and bodies.
bool HoldsText(std::string_view key) {
  return key == "title" || key == "comment" || key == "data" || key == "fileName";
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// What would end a parameter; brackets may stand, so that placeholders can be read.
std::string PercentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > 0x20 && byte < 0x7F &&
                       std::string_view("%&=#+\"<>").find(c) == std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

class HarRedaction {
 public:
  HarRedaction(std::string_view text, const Redactor& redactor)
      : text_(text), redactor_(redactor), edit_(text) {}

  std::string Run(const JsonNode& root) {
    Walk(root, "");
    return edit_.Finish();
  }

 private:
  // `list`: the key under which the node's array stands, if it is an element.
  void Walk(const JsonNode& node, std::string_view list) {
    if (node.kind == Kind::kArray) {
      for (const JsonNode& child : node.children) Walk(child, node.key);
      return;
    }
    if (node.kind == Kind::kString) return WalkString(node);
    if (node.kind != Kind::kObject) return;
    const bool named =
        std::find(std::begin(kNamedLists), std::end(kNamedLists), list) != std::end(kNamedLists);
    const JsonNode* const name = named ? StringIn(node, "name") : nullptr;
    const bool body = node.key == "postData" || node.key == "content";
    for (const JsonNode& child : node.children) {
      const bool text = child.kind == Kind::kString;
      if (name != nullptr && text && child.key == "value") {
        ReplaceText(child, RedactNamed(list, TextOf(*name), TextOf(child)));
      } else if (body && text && child.key == "text") {
        ReplaceText(child, RedactBody(node, TextOf(child)));
      } else {
        Walk(child, "");
      }
    }
  }

  void WalkString(const JsonNode& node) {
    if (EndsWithAddress(node.key)) {
      ReplaceText(node, Repeated(TextOf(node), [this](const std::string& address) {
                    return RedactAddress(address);
                  }));
    } else if (HoldsText(node.key)) {
      ReplaceText(node, redactor_.Redact(TextOf(node)));
    }
  }

  static const JsonNode* StringIn(const JsonNode& node, std::string_view key) {
    const JsonNode* const found = node.Find(key);
    return found != nullptr && found->kind == Kind::kString ? found : nullptr;
  }

  std::string TextOf(const JsonNode& node) const {
    return JsonUnescaped(text_.substr(node.begin, node.end - node.begin));
  }

  void ReplaceText(const JsonNode& node, const std::string& redacted) {
    if (redacted != TextOf(node)) edit_.Replace(node, JsonQuoted(redacted));
  }

  std::string RedactNamed(std::string_view list, const std::string& name,
                          const std::string& value) const {
    if (value.empty()) return value;
    const bool parameter = list == "queryString" || list == "params";
    const bool secret = list == "cookies" || (parameter && IsSecretParameter(name)) ||
                        IsSecretName(PercentDecoded(name));
    if (secret && redactor_.secrets()) return std::string(kSecretPlaceholder);
    return Repeated(value, [&](const std::string& before) {
      const std::string redacted = redactor_.RedactValue(name, before);
      return parameter && redacted == before ? RedactParameterValue(name, before) : redacted;
    });
  }

  std::string RedactParameterValue(const std::string& name, std::string_view value) const {
    const std::string decoded = PercentDecoded(value);
    const std::string redacted = redactor_.RedactValue(name, decoded);
    return redacted == decoded ? std::string(value) : PercentEncoded(redacted);
  }

  // name=value&name=value
  std::string RedactForm(std::string_view form) const {
    std::string out;
    while (!form.empty()) {
      const std::string_view pair = form.substr(0, form.find('&'));
      form.remove_prefix(pair.size());
      const size_t equals = std::min(pair.find('='), pair.size());
      const std::string name = PercentDecoded(pair.substr(0, equals));
      const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
      out += pair.substr(0, pair.size() - value.size());
      if (!value.empty() && redactor_.secrets() && IsSecretParameter(name)) {
        out += kSecretPlaceholder;
      } else {
        out += RedactParameterValue(name, value);
      }
      if (!form.empty()) {
        out.push_back('&');
        form.remove_prefix(1);
      }
    }
    return out;
  }

  // Until nothing more is found: a placeholder may make a name of a secret out of what it is in.
  template <typename Redact>
  static std::string Repeated(std::string text, const Redact& redact) {
    for (int round = 0; round < kRoundsMax; ++round) {
      std::string redacted = redact(text);
      if (redacted == text) break;
      text = std::move(redacted);
    }
    return text;
  }

  std::string RedactAddress(std::string_view whole) const {
    const size_t hash = std::min(whole.find('#'), whole.size());
    const size_t mark = std::min(whole.find('?'), hash);
    std::string out(whole.substr(0, mark));
    if (mark < hash) CatTo(&out, '?', RedactForm(whole.substr(mark + 1, hash - mark - 1)));
    if (hash < whole.size()) CatTo(&out, '#', RedactForm(whole.substr(hash + 1)));
    return redactor_.Redact(out);
  }

  std::string RedactBody(const JsonNode& body, const std::string& text) const {
    const JsonNode* const encoding = StringIn(body, "encoding");
    if (encoding != nullptr && TextOf(*encoding) == "base64") {
      std::string bytes;
      if (!absl::Base64Unescape(text, &bytes) || !IsUtf8(bytes)) return text;  // A picture, a font.
      const std::string redacted = redactor_.Redact(bytes);
      return redacted == bytes ? text : absl::Base64Escape(redacted);
    }
    const JsonNode* const type = StringIn(body, "mimeType");
    const bool form =
        type != nullptr && TextOf(*type).find("x-www-form-urlencoded") != std::string::npos;
    if (!form) return redactor_.Redact(text);
    return Repeated(
        text, [this](const std::string& pairs) { return redactor_.Redact(RedactForm(pairs)); });
  }

  const std::string_view text_;
  const Redactor& redactor_;
  JsonEdit edit_;
};

absl::Status Missing(std::string_view path, std::string_view expected) {
  return absl::InvalidArgumentError(Cat(path, ": missing, expected ", expected));
}

absl::Status CheckHar(const JsonNode& root) {
  const auto is = [](const JsonNode* node, Kind kind) {
    return node != nullptr && node->kind == kind;
  };
  const JsonNode* const log = root.Find("log");
  if (!is(log, Kind::kObject)) return Missing("log", "an object");
  const JsonNode* const entries = log->Find("entries");
  if (!is(entries, Kind::kArray)) return Missing("log.entries", "an array");
  for (size_t i = 0; i < entries->children.size(); ++i) {
    for (const char* part : {"request", "response"}) {
      const JsonNode& entry = entries->children[i];
      if (!is(entry.Find(part), Kind::kObject)) {
        return Missing(Cat("log.entries[", i, "].", part), "an object");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> RedactHar(std::string_view text, const Redactor& redactor) {
  const absl::StatusOr<JsonNode> root = ParseJson(text);
  if (!root.ok()) return root.status();
  if (absl::Status status = CheckHar(*root); !status.ok()) return status;
  return HarRedaction(text, redactor).Run(*root);
}

}  // namespace escalation
