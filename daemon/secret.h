// daemon/secret.h
//
// A text that must never be printed: keys, signing secrets, URLs that hold a key.
//
//   Input       the text
//   Output      the text to Reveal's caller only; "[redacted]" wherever it is printed
//   Invariants  1. nothing but Reveal gives the text away
//   Time        none
//   Errors      none
//   Threads     a value
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace escalation {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  // For the call that needs it. MUST NOT end in a log line, a message or a metric.
  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret) {
    return out << ToText(secret);
  }
  friend std::string ToText(const Secret& secret) {
    return secret.text_.empty() ? "[none]" : "[redacted]";
  }

 private:
  std::string text_;
};

}  // namespace escalation
