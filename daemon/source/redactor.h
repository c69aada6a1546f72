// daemon/source/redactor.h
//
// Replaces by placeholders what a policy says must not be kept: [email], [phone], [secret], [url]
// and [redacted].
//
//   Input       a policy's redaction; text that people or programs wrote, any bytes
//   Output      the text with placeholders
//   Invariants  1. a text that is JSON stays JSON with the same names and shape: its strings are
//                  redacted one by one, also those that hold JSON again
//               2. redacting twice changes nothing more
//               3. what is matched by policies and sources stays: ids, people, tags, channels
//   Errors      Create: kInvalidArgument, a pattern is not RE2
//   Threads     immutable; safe everywhere
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/source/json_document.h"
#include "daemon/source/text_patterns.h"
#include "escalation/v1/event.pb.h"
#include "escalation/v1/policy.pb.h"

namespace escalation {

class Redactor {
 public:
  static absl::StatusOr<Redactor> Create(const v1::Redaction& redaction);

  // Nothing is ever replaced.
  bool empty() const;
  bool secrets() const { return secrets_; }

  std::string Redact(std::string_view text) const;
  // The value of something that has a name, which may say what the value is: a ticket's field, a
  // member of JSON.
  std::string RedactValue(std::string_view name, std::string_view value) const;
  // Subject, product, topic, reasons and field values. What grows beyond what the gate lets through
  // (event_check.h) is cut there.
  void RedactEvent(v1::Event* event) const;

 private:
  enum class Secret { kNo, kYes };
  Redactor() = default;

  // `path` begins with the name of the field, if it has one; `nested`: within so many texts.
  std::string RedactText(std::string_view text, PhoneContext context, const std::string& path,
                         int nested) const;
  std::string RedactPlain(std::string text, PhoneContext context) const;
  void RedactNode(const JsonNode& node, std::string_view text, const std::string& path,
                  Secret secret, int nested, JsonEdit* edit) const;
  void RedactScalar(const JsonNode& node, std::string_view text, const std::string& path,
                    Secret secret, int nested, JsonEdit* edit) const;
  bool IsReplacedWhole(const std::string& path) const;
  void RedactOpened(v1::Opened* opened) const;
  void RedactShort(std::string* text) const;
  void RedactField(v1::Field* field) const;

  bool emails_ = false;
  bool phones_ = false;
  bool secrets_ = false;
  // Addresses and own patterns, in this order.
  std::vector<TextPattern> own_;
  std::set<std::string, std::less<>> paths_;
};

}  // namespace escalation
