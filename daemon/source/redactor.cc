#include "daemon/source/redactor.h"

#include <re2/re2.h>

#include <utility>

#include "daemon/source/event_check.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/secret_names.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// What a replacement uncovers is replaced too; each round leaves less to find.
constexpr int kRoundsMax = 64;
constexpr int kNestedMax = 8;

absl::StatusOr<TextPattern> Compile(const std::string& expression, std::string_view placeholder) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(expression, options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(
        Cat("\"", expression, "\" is not a pattern: ", compiled->error()));
  }
  TextPattern pattern;
  pattern.pattern = std::move(compiled);
  pattern.placeholder = placeholder;
  return pattern;
}

// The whole address, but for the punctuation of the sentence that it stands in.
std::string AddressExpression(const std::string& prefix) {
  return Cat("(?i)", re2::RE2::QuoteMeta(prefix),
             R"re((?:[^\s"'<>`\\]*[^\s"'<>`\\.,;:!?)\]}])?)re");
}

bool MayBeJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  const char last = text[text.find_last_not_of(" \t\r\n")];
  return last == '}' || last == ']';
}

// The last part of a path.
std::string_view NameOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

void CutTo(size_t points_max, std::string* text) {
  if (text->size() <= points_max || CodePoints(*text) <= points_max) return;
  size_t end = 0;
  for (size_t points = 0; points < points_max; ++points) {
    end += Utf8SequenceBytes(std::string_view(*text).substr(end));
  }
  text->resize(end);
}

}  // namespace

absl::StatusOr<Redactor> Redactor::Create(const v1::Redaction& redaction) {
  Redactor redactor;
  redactor.emails_ = redaction.emails();
  redactor.phones_ = redaction.phones();
  redactor.secrets_ = redaction.secrets();
  for (const std::string& prefix : redaction.urls()) {
    if (prefix.empty()) continue;
    absl::StatusOr<TextPattern> pattern = Compile(AddressExpression(prefix), kUrlPlaceholder);
    if (!pattern.ok()) return pattern.status();
    redactor.own_.push_back(*std::move(pattern));
  }
  for (const std::string& expression : redaction.patterns()) {
    absl::StatusOr<TextPattern> pattern = Compile(expression, kOwnPlaceholder);
    if (!pattern.ok()) return pattern.status();
    redactor.own_.push_back(*std::move(pattern));
  }
  redactor.paths_.insert(redaction.paths().begin(), redaction.paths().end());
  return redactor;
}

bool Redactor::empty() const {
  return !emails_ && !phones_ && !secrets_ && own_.empty() && paths_.empty();
}

std::string Redactor::Redact(std::string_view text) const {
  return RedactText(text, PhoneContext::kText, "", 0);
}

std::string Redactor::RedactValue(std::string_view name, std::string_view value) const {
  const std::string path(name);
  if (value.empty()) return "";
  if (IsReplacedWhole(path)) return std::string(kOwnPlaceholder);
  if (secrets_ && IsSecretName(name)) return std::string(kSecretPlaceholder);
  return RedactText(value, IsPhoneName(name) ? PhoneContext::kPhone : PhoneContext::kText, path, 0);
}

std::string Redactor::RedactText(std::string_view text, PhoneContext context,
                                 const std::string& path, int nested) const {
  if (nested < kNestedMax && MayBeJson(text)) {
    if (const absl::StatusOr<JsonNode> root = ParseJson(text); root.ok()) {
      JsonEdit edit(text);
      RedactNode(*root, text, path, Secret::kNo, nested + 1, &edit);
      return edit.Finish();
    }
  }
  return RedactPlain(std::string(text), context);
}

std::string Redactor::RedactPlain(std::string text, PhoneContext context) const {
  bool changed = true;
  for (int round = 0; changed && round < kRoundsMax; ++round) {
    changed = false;
    for (const TextPattern& pattern : own_) changed |= ReplacePattern(pattern, &text);
    if (secrets_) {
      for (const TextPattern& pattern : SecretPatterns()) changed |= ReplacePattern(pattern, &text);
    }
    if (emails_) changed |= ReplacePattern(EmailPattern(), &text);
    if (phones_) changed |= ReplacePhones(context, &text);
  }
  return text;
}

bool Redactor::IsReplacedWhole(const std::string& path) const {
  if (paths_.empty() || path.empty()) return false;
  if (paths_.contains(path)) return true;
  // Without the name of the field that holds the JSON.
  const size_t dot = path.find('.');
  return dot != std::string::npos && paths_.contains(std::string_view(path).substr(dot + 1));
}

// Elements of a list have its path.
void Redactor::RedactNode(const JsonNode& node, std::string_view text, const std::string& path,
                          Secret secret, int nested, JsonEdit* edit) const {
  using Kind = JsonNode::Kind;
  if (node.kind != Kind::kObject && node.kind != Kind::kArray) {
    return RedactScalar(node, text, path, secret, nested, edit);
  }
  for (const JsonNode& child : node.children) {
    const bool member = node.kind == Kind::kObject;
    const std::string below = !member ? path : path.empty() ? child.key : path + "." + child.key;
    if (member && IsReplacedWhole(below)) {
      edit->Replace(child, JsonQuoted(kOwnPlaceholder));
      continue;
    }
    const bool named = member && secrets_ && IsSecretName(child.key);
    RedactNode(child, text, below, named ? Secret::kYes : secret, nested, edit);
  }
}

void Redactor::RedactScalar(const JsonNode& node, std::string_view text, const std::string& path,
                            Secret secret, int nested, JsonEdit* edit) const {
  const std::string_view raw = text.substr(node.begin, node.end - node.begin);
  const PhoneContext context =
      IsPhoneName(NameOf(path)) ? PhoneContext::kPhone : PhoneContext::kText;
  if (node.kind == JsonNode::Kind::kNumber) {
    const bool phone =
        phones_ && context == PhoneContext::kPhone && FindPhoneNumber(raw, 0, context).has_value();
    if (secret == Secret::kYes) {
      edit->Replace(node, JsonQuoted(kSecretPlaceholder));
    } else if (phone) {
      edit->Replace(node, JsonQuoted(kPhonePlaceholder));
    }
  }
  if (node.kind != JsonNode::Kind::kString || raw.size() == 2) return;
  const std::string value = JsonUnescaped(raw);
  const std::string redacted = secret == Secret::kYes ? std::string(kSecretPlaceholder)
                                                      : RedactText(value, context, path, nested);
  if (redacted != value) edit->Replace(node, JsonQuoted(redacted));
}

void Redactor::RedactShort(std::string* text) const {
  if (text->empty()) return;
  *text = Redact(*text);
  CutTo(kSubjectPointsMax, text);
}

void Redactor::RedactField(v1::Field* field) const {
  field->set_value(RedactValue(field->name(), field->value()));
  CutTo(kFieldValuePointsMax, field->mutable_value());
}

void Redactor::RedactOpened(v1::Opened* opened) const {
  RedactShort(opened->mutable_subject());
  RedactShort(opened->mutable_product());
  RedactShort(opened->mutable_reason());
  RedactShort(opened->mutable_topic());
  for (v1::Field& field : *opened->mutable_fields()) RedactField(&field);
}

void Redactor::RedactEvent(v1::Event* event) const {
  switch (event->body_case()) {
    case v1::Event::kOpened:
      return RedactOpened(event->mutable_opened());
    case v1::Event::kObserved:
      if (event->observed().has_opened()) {
        RedactOpened(event->mutable_observed()->mutable_opened());
      }
      return;
    case v1::Event::kStatusChanged:
      return RedactShort(event->mutable_status_changed()->mutable_reason());
    case v1::Event::kFieldsChanged: {
      v1::FieldsChanged* const changed = event->mutable_fields_changed();
      for (v1::Field& field : *changed->mutable_fields()) RedactField(&field);
      if (changed->has_subject()) RedactShort(changed->mutable_subject());
      if (changed->has_product()) RedactShort(changed->mutable_product());
      return;
    }
    case v1::Event::kEscalationRequested:
      return RedactShort(event->mutable_escalation_requested()->mutable_reason());
    case v1::Event::kMuteSet:
      return RedactShort(event->mutable_mute_set()->mutable_reason());
    case v1::Event::kMuteCleared:
      return RedactShort(event->mutable_mute_cleared()->mutable_reason());
    case v1::Event::kEscalationStopped:
      return RedactShort(event->mutable_escalation_stopped()->mutable_reason());
    case v1::Event::kPageRequestedManually:
      RedactShort(event->mutable_page_requested_manually()->mutable_subject());
      return RedactShort(event->mutable_page_requested_manually()->mutable_reason());
    default:
      return;
  }
}

}  // namespace escalation
