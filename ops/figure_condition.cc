#include "ops/figure_condition.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "state/base/text.h"

namespace escalation {
namespace {

// Deep enough for people, and no stack runs out.
constexpr int kDepthMax = 32;
// Names that a message lists.
constexpr size_t kNamesMax = 40;

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == ':' ||
         c == '-';
}

class Reader {
 public:
  Reader(std::string_view text, const Figures& figures) : text_(text), figures_(figures) {}

  absl::StatusOr<bool> Read() {
    const absl::StatusOr<bool> value = Any(0);
    if (value.ok() && !Token().empty()) return Wrong("expected and, or, or the end");
    return value;
  }

 private:
  absl::StatusOr<bool> Any(int depth) {
    absl::StatusOr<bool> value = All(depth);
    while (value.ok() && Take("or")) {
      const absl::StatusOr<bool> next = All(depth);
      if (!next.ok()) return next;
      *value = *value || *next;
    }
    return value;
  }

  absl::StatusOr<bool> All(int depth) {
    absl::StatusOr<bool> value = One(depth);
    while (value.ok() && Take("and")) {
      const absl::StatusOr<bool> next = One(depth);
      if (!next.ok()) return next;
      *value = *value && *next;
    }
    return value;
  }

  absl::StatusOr<bool> One(int depth) {
    if (depth > kDepthMax) return Wrong("too many parentheses");
    if (Take("(")) {
      const absl::StatusOr<bool> value = Any(depth + 1);
      if (value.ok() && !Take(")")) return Wrong("expected )");
      return value;
    }
    const std::string_view name = Token();
    if (name.empty() || !IsNameByte(name.front())) return Wrong("expected the name of a figure");
    const auto figure = figures_.find(name);
    if (figure == figures_.end()) return Unknown(name);
    Skip(name);
    const std::string_view comparison = Token();
    for (const std::string_view known : {">", ">=", "<", "<=", "==", "!="}) {
      if (comparison != known) continue;
      Skip(comparison);
      return Compare(figure->second, comparison);
    }
    return Wrong("expected one of > >= < <= == !=");
  }

  absl::StatusOr<bool> Compare(int64_t figure, std::string_view comparison) {
    const std::string_view number = Token();
    int64_t value = 0;
    const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || rest != number.data() + number.size()) {
      return Wrong("expected a whole number");
    }
    Skip(number);
    if (comparison == ">") return figure > value;
    if (comparison == ">=") return figure >= value;
    if (comparison == "<") return figure < value;
    if (comparison == "<=") return figure <= value;
    return (comparison == "==") == (figure == value);
  }

  // The next word, number, comparison or parenthesis; empty: the end.
  std::string_view Token() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::string_view rest = text_.substr(at_);
    if (rest.empty() || rest[0] == '(' || rest[0] == ')') return rest.substr(0, 1);
    const bool name = IsNameByte(rest[0]);
    const auto end = std::find_if(rest.begin(), rest.end(), [&](char c) {
      return c == ' ' || c == '(' || c == ')' || IsNameByte(c) != name;
    });
    return rest.substr(0, static_cast<size_t>(end - rest.begin()));
  }

  void Skip(std::string_view token) { at_ += token.size(); }

  bool Take(std::string_view word) {
    if (Token() != word) return false;
    Skip(word);
    return true;
  }

  absl::Status Wrong(std::string_view expected) {
    const std::string_view token = Token();
    return absl::InvalidArgumentError(
        Cat("\"", text_, "\": ", expected, ", got ",
            token.empty() ? std::string("the end") : Cat("\"", token, "\""), " at ", at_ + 1));
  }

  absl::Status Unknown(std::string_view name) const {
    std::string names;
    size_t listed = 0;
    for (const auto& [known, value] : figures_) {
      if (listed++ < kNamesMax) CatTo(&names, names.empty() ? "" : ", ", known);
    }
    if (listed > kNamesMax) CatTo(&names, " and ", listed - kNamesMax, " more: -o json shows all");
    return absl::InvalidArgumentError(
        Cat("\"", text_, "\": there is no figure \"", name, "\"\n  hint: there are ", names));
  }

  const std::string_view text_;
  const Figures& figures_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<bool> Holds(std::string_view condition, const Figures& figures) {
  return Reader(condition, figures).Read();
}

}  // namespace escalation
