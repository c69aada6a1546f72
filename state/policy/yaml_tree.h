// state/policy/yaml_tree.h
//
// The plain part of YAML as a tree that knows where everything stands: text, lists and maps.
//
//   Input       the bytes of one file
//   Output      the tree; what is wrong goes to Problems
//   Invariants  1. refused, each with its place: anchors, aliases, merge keys, tags, several
//                  documents, duplicate keys, keys that are not text, nesting above kYamlDepthMax,
//                  control characters, text that is not UTF-8
//               2. a value that was refused is kBroken, so that one mistake gives one message
//   Time        none
//   Errors      in Problems; an empty optional means that there is no tree to walk
//   Threads     stateless; safe everywhere
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/policy/problems.h"

namespace escalation {

inline constexpr size_t kYamlBytesMax = 1024 * 1024;
inline constexpr int kYamlDepthMax = 32;

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNothing, kText, kList, kMap, kBroken };
  Kind kind = Kind::kNothing;
  Place place;
  // kText.
  std::string text;
  // kList.
  std::vector<YamlNode> items;
  // kMap, in file order, keys unique.
  std::vector<YamlEntry> entries;
};

struct YamlEntry {
  std::string key;
  // Of the key.
  Place place;
  YamlNode value;
};

// Reads the file (at most kYamlBytesMax) and its tree.
std::optional<YamlNode> ReadYamlFile(const std::string& path, Problems* problems);
std::optional<YamlNode> ReadYamlText(std::string_view text, Problems* problems);

// "text", "a list", "a map", "nothing": for messages.
std::string KindText(const YamlNode& node);
// The quoted value of a text, else KindText: for "got ...".
std::string GotText(const YamlNode& node);

}  // namespace escalation
