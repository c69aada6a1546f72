#include "ops/message_file.h"

#include <algorithm>

#include "daemon/source/json_document.h"

namespace escalation {

std::vector<FileMessage> MessagesOf(std::string_view text) {
  std::vector<FileMessage> messages;
  if (const absl::StatusOr<JsonNode> root = ParseJson(text); root.ok()) {
    const auto add = [&](const JsonNode& node) {
      const auto line =
          std::count(text.begin(), text.begin() + static_cast<long>(node.begin), '\n');
      messages.push_back({static_cast<int>(line) + 1,
                          std::string(text.substr(node.begin, node.end - node.begin))});
    };
    if (root->kind == JsonNode::Kind::kArray) {
      for (const JsonNode& element : root->children) add(element);
    } else {
      add(*root);
    }
    return messages;
  }
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") != std::string_view::npos) {
      messages.push_back({line, std::string(one)});
    }
  }
  return messages;
}

}  // namespace escalation
