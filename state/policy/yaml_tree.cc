#include "state/policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

constexpr const char* kNoAliases = "aliases (*name) are not supported";
constexpr const char* kWriteItOut = "write the value out";

// Length of the UTF-8 sequence at the front, 0: none.
size_t SequenceBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t bytes = 0;
  uint32_t point = 0;
  if (first >= 0xC2 && first < 0xE0) {
    bytes = 2;
    point = first & 0x1F;
  } else if (first >= 0xE0 && first < 0xF0) {
    bytes = 3;
    point = first & 0x0F;
  } else if (first >= 0xF0 && first < 0xF5) {
    bytes = 4;
    point = first & 0x07;
  }
  if (bytes == 0 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (bytes == 3 && point < 0x800) || (bytes == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return overlong || surrogate || point > 0x10FFFF ? 0 : bytes;
}

// Refuses what is not text. yaml-cpp takes byte 4 for the end of its input, so control characters
// MUST be refused before it sees them.
bool IsPlainText(std::string_view text, Problems* problems) {
  Place place{1, 1};
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t bytes = SequenceBytes(text.substr(at));
    if (bytes == 0) {
      problems->Add(place, "not UTF-8", "save the file as UTF-8");
      return false;
    }
    const bool control =
        (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7F;
    if (control) {
      problems->Add(place,
                    Cat("control character ", static_cast<int>(byte), ", expected a text file"));
      return false;
    }
    at += bytes;
    ++place.column;
    if (byte == '\n') place = {place.line + 1, 1};
  }
  return true;
}

// Ends the parse of a document whose problem is already recorded.
struct Refused {};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems* problems) : text_(text), problems_(problems) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  // yaml-cpp counts columns in bytes, people in characters.
  Place PlaceOf(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<size_t>(mark.line) >= line_starts_.size()) return {1, 1};
    const std::string_view line = text_.substr(line_starts_[mark.line], std::max(mark.column, 0));
    const auto characters = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    return {mark.line + 1, static_cast<int>(characters) + 1};
  }

  std::optional<YamlNode> Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    problems_->Add(PlaceOf(mark), "a second YAML document begins here, expected one document",
                   "put it into a file of its own");
    throw Refused{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = PlaceOf(mark);
    RefuseAnchor(anchor, &node);
    Emit(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    YamlNode node;
    node.place = PlaceOf(mark);
    node.kind = YamlNode::Kind::kBroken;
    problems_->Add(node.place, kNoAliases, kWriteItOut);
    Emit(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.place = PlaceOf(mark);
    node.kind = YamlNode::Kind::kText;
    node.text = value;
    // "~" and "null" are YAML's other spellings of nothing; quoted they are text (tag "!").
    if (tag == "?" && (value == "~" || value == "null" || value.empty())) {
      node.kind = YamlNode::Kind::kNothing;
    }
    RefuseAnchor(anchor, &node);
    RefuseTag(tag, &node);
    if (tag == "!") RequireClosingQuote(mark, node.place);
    if (tag == "?" && value == "<<") merge_key_ = true;
    Emit(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override {
    RefuseDuplicates(&stack_.back().node);
    Close();
  }

 private:
  // A list or map that is still being read.
  struct Frame {
    YamlNode node;
    // Of a map: its key was read, its value comes next; `key` empty: the pair is dropped.
    bool has_key = false;
    std::optional<std::string> key;
    Place key_place;
  };

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    Frame frame;
    frame.node.place = PlaceOf(mark);
    frame.node.kind = kind;
    RefuseAnchor(anchor, &frame.node);
    RefuseTag(tag, &frame.node);
    if (frame.node.kind != kind) frame.node.kind = kind;  // What is inside is still looked at.
    if (stack_.size() >= static_cast<size_t>(kYamlDepthMax)) {
      problems_->Add(frame.node.place,
                     Cat("nested too deeply, at most ", kYamlDepthMax, " levels"));
      throw Refused{};
    }
    stack_.push_back(std::move(frame));
  }

  void Close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    Emit(std::move(node));
  }

  void Emit(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::kList) {
      top.node.items.push_back(std::move(node));
    } else if (!top.has_key) {
      TakeKey(std::move(node), &top);
    } else {
      if (top.key) {
        top.node.entries.push_back({std::move(*top.key), top.key_place, std::move(node)});
      }
      top.has_key = false;
    }
    merge_key_ = false;
  }

  void TakeKey(YamlNode node, Frame* frame) {
    frame->has_key = true;
    frame->key_place = node.place;
    frame->key.reset();
    if (merge_key_) {
      problems_->Add(node.place, "merge keys (<<) are not supported", "write the keys out");
    } else if (node.kind == YamlNode::Kind::kText) {
      frame->key = std::move(node.text);
    } else if (node.kind != YamlNode::Kind::kBroken) {
      problems_->Add(node.place, Cat("a key must be text, got ", KindText(node)));
    }
  }

  void RefuseAnchor(YAML::anchor_t anchor, YamlNode* node) {
    if (anchor == YAML::NullAnchor) return;
    problems_->Add(node->place, "anchors (&name) are not supported",
                   "write the value out where it is used");
    node->kind = YamlNode::Kind::kBroken;
  }

  // yaml-cpp takes the end of the file for a closing quote.
  void RequireClosingQuote(const YAML::Mark& mark, Place place) {
    size_t at = OffsetOf(mark);
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
    const char quote = text_[at];
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"') {
        ++at;
      } else if (text_[at] == quote) {
        // '' is a quote inside single quotes.
        if (quote == '"' || at + 1 >= text_.size() || text_[at + 1] != quote) return;
        ++at;
      }
    }
    problems_->Add(place, "the quote that begins here is never closed");
    throw Refused{};
  }

  size_t OffsetOf(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<size_t>(mark.line) >= line_starts_.size()) return text_.size();
    return line_starts_[mark.line] + static_cast<size_t>(std::max(mark.column, 0));
  }

  // "?" is a value without tag, "!" a quoted text.
  void RefuseTag(const std::string& tag, YamlNode* node) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_->Add(node->place, Cat("tags are not supported, got ", Quoted(tag)), "remove it");
    node->kind = YamlNode::Kind::kBroken;
  }

  // Keeps the first of each.
  void RefuseDuplicates(YamlNode* map) {
    std::vector<YamlEntry>& entries = map->entries;
    std::vector<size_t> order(entries.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return entries[a].key < entries[b].key; });
    std::vector<bool> repeated(entries.size());
    bool any = false;
    for (size_t i = 1, first = 0; i < order.size(); ++i) {
      if (entries[order[i]].key != entries[order[first]].key) {
        first = i;
        continue;
      }
      const YamlEntry& again = entries[order[i]];
      problems_->Add(again.place, Cat("duplicate key ", Quoted(again.key)),
                     Cat("first given in line ", entries[order[first]].place.line));
      repeated[order[i]] = any = true;
    }
    if (!any) return;
    std::vector<YamlEntry> kept;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!repeated[i]) kept.push_back(std::move(entries[i]));
    }
    entries = std::move(kept);
  }

  std::string_view text_;
  Problems* problems_;
  std::vector<size_t> line_starts_;
  std::vector<Frame> stack_;
  std::optional<YamlNode> root_;
  int documents_ = 0;
  bool merge_key_ = false;
};

}  // namespace

std::optional<YamlNode> ReadYamlText(std::string_view text, Problems* problems) {
  if (text.size() > kYamlBytesMax) {
    problems->Add(
        {}, Cat("too large: ", text.size(), " bytes, at most ", kYamlBytesMax / 1024, " KiB"));
    return std::nullopt;
  }
  // A byte order mark is no character of the first line.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (!IsPlainText(text, problems)) return std::nullopt;
  TreeBuilder builder(text, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused&) {
    return std::nullopt;
  } catch (const YAML::ParserException& error) {
    if (error.msg == YAML::ErrorMsg::UNKNOWN_ANCHOR) {
      problems->Add(builder.PlaceOf(error.mark), kNoAliases, kWriteItOut);
    } else {
      problems->Add(builder.PlaceOf(error.mark), Cat("not YAML: ", error.msg),
                    "look for a missing quote, bracket, colon or indentation here or just above");
    }
    return std::nullopt;
  } catch (const std::exception& error) {
    problems->Add({}, Cat("not YAML: ", error.what()));
    return std::nullopt;
  }
  std::optional<YamlNode> root = builder.Take();
  if (!root || root->kind == YamlNode::Kind::kNothing) {
    problems->Add({}, "the file is empty, expected a map");
    return std::nullopt;
  }
  return root;
}

std::optional<YamlNode> ReadYamlFile(const std::string& path, Problems* problems) {
  const absl::StatusOr<std::string> text = ReadBoundedFile(path, kYamlBytesMax);
  if (!text.ok()) {
    problems->Add({}, std::string(text.status().message()));
    return std::nullopt;
  }
  return ReadYamlText(*text, problems);
}

std::string KindText(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kNothing:
    case YamlNode::Kind::kBroken:
      break;
  }
  return "nothing";
}

std::string GotText(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kText ? Quoted(node.text) : KindText(node);
}

}  // namespace escalation
