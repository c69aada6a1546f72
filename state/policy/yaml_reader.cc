#include "state/policy/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "state/base/text.h"

namespace escalation {
namespace {

bool IsAllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> WordsOf(const std::vector<Choice>& choices) {
  std::vector<std::string> words;
  for (const Choice& choice : choices) words.emplace_back(choice.word);
  return words;
}

}  // namespace

std::optional<Duration> ReadLength(std::string_view text, std::string_view subject,
                                   LengthProblem* problem) {
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative) digits.remove_prefix(1);
  const absl::StatusOr<Duration> length = ParseDuration(digits);
  if (length.ok()) return negative ? Duration{-length->ms} : *length;
  problem->text = Cat(Quoted(subject), " must be a duration, got ", Quoted(text));
  problem->hint = "write it such as 15m, 2h, 1h30m or 1d";
  if (IsAllDigits(digits)) problem->hint = Cat("a unit is missing: ", text, "m is minutes");
  return std::nullopt;
}

YamlMap::YamlMap(const YamlNode& node, std::string where, std::string path, Walk walk)
    : node_(&node), where_(std::move(where)), path_(std::move(path)), walk_(walk) {
  if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kBroken) return;
  Problem(node.place, Cat("expected a map, got ", GotText(node)));
}

void YamlMap::Problem(Place place, std::string_view text, std::string hint) {
  walk_.problems->Add(place, where_.empty() ? std::string(text) : Cat(where_, ": ", text),
                      std::move(hint));
}

std::string YamlMap::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : Cat(path_, ".", key);
}

const YamlNode* YamlMap::Find(std::string_view key, Need need) {
  // Asked again, a key is not complained about again.
  const bool again = std::find(asked_.begin(), asked_.end(), key) != asked_.end();
  if (!again) asked_.emplace_back(key);
  for (const YamlEntry& entry : node_->entries) {
    if (entry.key != key) continue;
    walk_.positions->emplace(PathOf(key), entry.value.place);
    if (entry.value.kind == YamlNode::Kind::kBroken) return nullptr;
    if (entry.value.kind == YamlNode::Kind::kNothing) {
      if (!again)
        Problem(entry.place, Cat(Quoted(key), " has no value"), "give one or remove the key");
      return nullptr;
    }
    return &entry.value;
  }
  if (!again && need == Need::kRequired) missing_.emplace_back(key);
  return nullptr;
}

bool YamlMap::Has(std::string_view key) const {
  return std::any_of(node_->entries.begin(), node_->entries.end(),
                     [key](const YamlEntry& entry) { return entry.key == key; });
}

const YamlNode* YamlMap::FindKind(std::string_view key, Need need, YamlNode::Kind kind,
                                  std::string_view expected) {
  const YamlNode* node = Find(key, need);
  if (node == nullptr || node->kind == kind) return node;
  Problem(node->place, Cat(Quoted(key), " must be ", expected, ", got ", GotText(*node)));
  return nullptr;
}

std::string YamlMap::Text(std::string_view key, Need need) {
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kText, "text");
  if (node == nullptr) return "";
  if (node->text.empty()) Problem(node->place, Cat(Quoted(key), " must not be empty"));
  return node->text;
}

std::vector<std::string> YamlMap::Texts(std::string_view key, Need need) {
  std::vector<std::string> out;
  const YamlNode* node = Find(key, need);
  if (node == nullptr) return out;
  if (node->kind == YamlNode::Kind::kMap) {
    Problem(node->place, Cat(Quoted(key), " must be text or a list of texts, got a map"));
    return out;
  }
  const bool list = node->kind == YamlNode::Kind::kList;
  const size_t count = list ? node->items.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const YamlNode& item = list ? node->items[i] : *node;
    walk_.positions->emplace(Cat(PathOf(key), "[", i, "]"), item.place);
    if (item.kind == YamlNode::Kind::kBroken) continue;
    if (item.kind != YamlNode::Kind::kText) {
      Problem(item.place, Cat(Quoted(key), " must hold texts, got ", GotText(item)));
    } else if (item.text.empty()) {
      Problem(item.place, Cat(Quoted(key), " must not hold an empty text"));
    } else {
      out.push_back(item.text);
    }
  }
  return out;
}

std::optional<bool> YamlMap::Flag(std::string_view key) {
  const YamlNode* node = FindKind(key, Need::kOptional, YamlNode::Kind::kText, "true or false");
  if (node == nullptr) return std::nullopt;
  if (node->text == "true") return true;
  if (node->text == "false") return false;
  Problem(node->place, Cat(Quoted(key), " must be true or false, got ", Quoted(node->text)));
  return std::nullopt;
}

std::optional<int64_t> YamlMap::Integer(std::string_view key, int64_t min, int64_t max, Need need) {
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kText, "a number");
  if (node == nullptr) return std::nullopt;
  int64_t value = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [rest, error] = std::from_chars(node->text.data(), end, value);
  if (error != std::errc() || rest != end || value < min || value > max) {
    const std::string range = max == std::numeric_limits<int64_t>::max()
                                  ? Cat("of ", min, " or more")
                                  : Cat("from ", min, " to ", max);
    Problem(node->place,
            Cat(Quoted(key), " must be a whole number ", range, ", got ", Quoted(node->text)));
    return std::nullopt;
  }
  return value;
}

std::optional<Duration> YamlMap::Length(std::string_view key, Need need) {
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kText, "a duration");
  if (node == nullptr) return std::nullopt;
  LengthProblem problem;
  const std::optional<Duration> length = ReadLength(node->text, key, &problem);
  if (!length) {
    Problem(node->place, problem.text, problem.hint);
  } else if (length->ms < 0) {
    Problem(node->place, Cat(Quoted(key), " must not be negative, got ", node->text));
    return std::nullopt;
  }
  return length;
}

std::optional<int> YamlMap::WordOf(const YamlNode& node, std::string_view key,
                                   const std::vector<Choice>& choices) {
  if (node.kind == YamlNode::Kind::kBroken) return std::nullopt;
  if (node.kind != YamlNode::Kind::kText) {
    Problem(node.place, Cat(Quoted(key), " must be a word, got ", GotText(node)),
            HintOf("", WordsOf(choices), "one of"));
    return std::nullopt;
  }
  for (const Choice& choice : choices) {
    if (choice.word == node.text) return choice.value;
  }
  Problem(node.place, Cat(Quoted(key), " has no such word: ", Quoted(node.text)),
          HintOf(node.text, WordsOf(choices), "one of"));
  return std::nullopt;
}

std::optional<int> YamlMap::Word(std::string_view key, const std::vector<Choice>& choices,
                                 Need need) {
  const YamlNode* node = Find(key, need);
  return node == nullptr ? std::nullopt : WordOf(*node, key, choices);
}

std::vector<int> YamlMap::Words(std::string_view key, const std::vector<Choice>& choices) {
  std::vector<int> out;
  const YamlNode* node = Find(key);
  if (node == nullptr) return out;
  const bool list = node->kind == YamlNode::Kind::kList;
  const size_t count = list ? node->items.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const YamlNode& item = list ? node->items[i] : *node;
    walk_.positions->emplace(Cat(PathOf(key), "[", i, "]"), item.place);
    const std::optional<int> value = WordOf(item, key, choices);
    if (!value) continue;
    if (std::find(out.begin(), out.end(), *value) != out.end()) {
      Problem(item.place, Cat(Quoted(key), " names ", Quoted(item.text), " twice"));
    }
    out.push_back(*value);
  }
  return out;
}

std::optional<YamlMap> YamlMap::Map(std::string_view key, std::string where, Need need) {
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kMap, "a map");
  if (node == nullptr) return std::nullopt;
  return YamlMap(*node, std::move(where), PathOf(key), walk_);
}

std::vector<const YamlNode*> YamlMap::List(std::string_view key, Need need) {
  std::vector<const YamlNode*> out;
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kList, "a list");
  if (node == nullptr) return out;
  for (size_t i = 0; i < node->items.size(); ++i) {
    walk_.positions->emplace(Cat(PathOf(key), "[", i, "]"), node->items[i].place);
    out.push_back(&node->items[i]);
  }
  return out;
}

std::vector<const YamlEntry*> YamlMap::Named(std::string_view key, Need need) {
  std::vector<const YamlEntry*> out;
  const YamlNode* node = FindKind(key, need, YamlNode::Kind::kMap, "a map of names");
  if (node == nullptr) return out;
  for (const YamlEntry& entry : node->entries) {
    walk_.positions->emplace(Cat(PathOf(key), ".", entry.key), entry.place);
    if (entry.value.kind == YamlNode::Kind::kBroken) continue;
    out.push_back(&entry);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> YamlMap::Pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const YamlEntry* entry : Named(key)) {
    if (entry->value.kind == YamlNode::Kind::kText) {
      out.emplace_back(entry->key, entry->value.text);
    } else {
      Problem(
          entry->value.place,
          Cat(Quoted(key), ": ", Quoted(entry->key), " must be text, got ", GotText(entry->value)),
          entry->value.kind == YamlNode::Kind::kNothing ? "write \"\" for an empty text" : "");
    }
  }
  return out;
}

void YamlMap::Finish() {
  for (const YamlEntry& entry : node_->entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    Problem(entry.place, Cat("unknown key ", Quoted(entry.key)),
            HintOf(entry.key, asked_, "known here:"));
    // What is misspelt is not missing too.
    if (!missing_.empty()) std::erase(missing_, Nearest(entry.key, asked_));
  }
  ReportMissing();
}

void YamlMap::ReportMissing() {
  if (node_->kind != YamlNode::Kind::kMap) return;
  for (const std::string& key : missing_) {
    Problem(node_->place, Cat(Quoted(key), " is missing"));
  }
  missing_.clear();
}

}  // namespace escalation
