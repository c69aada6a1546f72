// Bytes as a text, as JSON and as an HTTP archive: redacted once and twice they are the same, and
// JSON stays JSON of the same shape.

#include "daemon/source/har_redaction.h"
#include "daemon/source/json_document.h"
#include "daemon/source/redactor.h"
#include "state/base/check.h"

using namespace escalation;

namespace {

Redactor Make() {
  v1::Redaction redaction;
  redaction.set_emails(true);
  redaction.set_phones(true);
  redaction.set_secrets(true);
  redaction.add_urls("https://intern.example/");
  redaction.add_patterns("C-[0-9]+");
  redaction.add_paths("user.name");
  return *Redactor::Create(redaction);
}

// What is replaced whole may have had parts.
bool SameShape(const JsonNode& before, const JsonNode& after) {
  if (after.kind == JsonNode::Kind::kString) return true;
  if (before.kind != after.kind || before.children.size() != after.children.size()) return false;
  for (size_t i = 0; i < before.children.size(); ++i) {
    if (before.children[i].key != after.children[i].key) return false;
    if (!SameShape(before.children[i], after.children[i])) return false;
  }
  return true;
}

void CheckShape(const std::string& text, const std::string& redacted) {
  const absl::StatusOr<JsonNode> before = ParseJson(text);
  if (!before.ok() || before->children.empty()) return;
  const absl::StatusOr<JsonNode> after = ParseJson(redacted);
  ESCALATION_CHECK(after.ok(), text + "\n" + redacted);
  ESCALATION_CHECK(SameShape(*before, *after), text + "\n" + redacted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Redactor& redactor = *new Redactor(Make());
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string once = redactor.Redact(text);
  const std::string twice = redactor.Redact(once);
  ESCALATION_CHECK(once == twice, text + "\n" + once + "\n" + twice);
  CheckShape(text, once);
  const absl::StatusOr<std::string> har = RedactHar(text, redactor);
  if (!har.ok()) return 0;
  CheckShape(text, *har);
  const absl::StatusOr<std::string> again = RedactHar(*har, redactor);
  ESCALATION_CHECK(again.ok() && *again == *har, text + "\n" + *har);
  return 0;
}
