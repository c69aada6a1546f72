// state/policy/yaml_reader.h
//
// The typed walker over a YAML tree: one YamlMap for each map, asked key by key.
//
//   Input       a node, what to call it in messages, its path
//   Output      typed values; an absent or wrong value gives the fallback
//   Invariants  1. each wrong value adds exactly one problem; a value that the tree already refused
//                  adds none
//               2. after Finish, every key that was never asked for is a problem, and so is every
//                  required one that is absent
//               3. every value asked for is entered in Positions under its path
//   Time        none
//   Errors      in Problems
//   Threads     not safe; one owner
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "state/base/instant.h"
#include "state/policy/problems.h"
#include "state/policy/yaml_tree.h"

namespace escalation {

// Where a walk over one file leaves what it finds. Both outlive it.
struct Walk {
  Problems* problems;
  Positions* positions;
};

enum class Need { kOptional, kRequired };

// A word of the language and the number that it stands for.
struct Choice {
  std::string_view word;
  int value;
};

class YamlMap {
 public:
  // `where` empty: the file itself. A node that is no map is a problem and has no keys.
  YamlMap(const YamlNode& node, std::string where, std::string path, Walk walk);

  // The value; null if absent, refused or given without a value.
  const YamlNode* Find(std::string_view key, Need need = Need::kOptional);

  // Given in the file, well or badly.
  bool Has(std::string_view key) const;

  // Empty if absent. An empty text is a problem.
  std::string Text(std::string_view key, Need need = Need::kOptional);
  // A text or a list of texts.
  std::vector<std::string> Texts(std::string_view key, Need need = Need::kOptional);
  std::optional<bool> Flag(std::string_view key);
  std::optional<int64_t> Integer(std::string_view key, int64_t min, int64_t max,
                                 Need need = Need::kOptional);
  // "15m", "1h30m". Negative ones are a problem.
  std::optional<Duration> Length(std::string_view key, Need need = Need::kOptional);
  std::optional<int> Word(std::string_view key, const std::vector<Choice>& choices,
                          Need need = Need::kOptional);
  std::vector<int> Words(std::string_view key, const std::vector<Choice>& choices);

  // A map under `key`.
  std::optional<YamlMap> Map(std::string_view key, std::string where, Need need = Need::kOptional);
  // The items of a list, with positions as path.key[i].
  std::vector<const YamlNode*> List(std::string_view key, Need need = Need::kOptional);
  // The entries of a map whose keys are names that the file chooses, with positions as
  // path.key.NAME.
  std::vector<const YamlEntry*> Named(std::string_view key, Need need = Need::kOptional);

  // The same where every value is a text, which may be empty.
  std::vector<std::pair<std::string, std::string>> Pairs(std::string_view key);

  // A problem of this map: its `where` is put in front.
  void Problem(Place place, std::string_view text, std::string hint = "");
  void Finish();
  // Instead of Finish where the other keys cannot be judged.
  void ReportMissing();

  const std::string& where() const { return where_; }
  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view key) const;
  Place place() const { return node_->place; }
  const Walk& walk() const { return walk_; }

 private:
  const YamlNode* FindKind(std::string_view key, Need need, YamlNode::Kind kind,
                           std::string_view expected);
  std::optional<int> WordOf(const YamlNode& node, std::string_view key,
                            const std::vector<Choice>& choices);

  const YamlNode* node_;
  std::string where_;
  std::string path_;
  Walk walk_;
  std::vector<std::string> asked_;
  // Required and absent: reported by Finish, unless an unknown key is a slip of it.
  std::vector<std::string> missing_;
};

// What is wrong with a duration, as text and hint for a problem about `subject`.
struct LengthProblem {
  std::string text;
  std::string hint;
};
// A duration with an optional sign.
std::optional<Duration> ReadLength(std::string_view text, std::string_view subject,
                                   LengthProblem* problem);

}  // namespace escalation
