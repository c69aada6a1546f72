#include "tests/scenarios/script.h"

#include <sstream>

#include "state/base/text.h"

namespace escalation::scenarios {
namespace {

constexpr char kSeparator[] = "----";

bool TakesInput(const std::string& command) {
  return command == "policy" || command == "policy apply=running" || command == "calendars";
}

class Parser {
 public:
  explicit Parser(const std::string& text) : stream_(text) {}

  absl::StatusOr<std::vector<Block>> Parse() {
    std::vector<Block> blocks;
    while (Next()) {
      if (line_.empty()) continue;
      Block& block = blocks.emplace_back();
      if (absl::Status status = ParseBlock(&block); !status.ok()) return status;
    }
    return blocks;
  }

 private:
  bool Next() {
    if (!std::getline(stream_, line_)) return false;
    ++number_;
    return true;
  }

  absl::Status ParseBlock(Block* block) {
    bool more = true;
    for (; more && !line_.empty() && line_[0] == '#'; more = Next()) {
      block->comments.push_back(line_);
    }
    if (!more || line_.empty()) return absl::OkStatus();  // Comments only.
    while (line_ != kSeparator) {
      if (line_.empty()) {
        return absl::InvalidArgumentError(
            Cat("line ", number_, ": ---- is missing after \"", block->commands.back().text, "\""));
      }
      Command& command = block->commands.emplace_back(Command{number_, line_, ""});
      const bool input = TakesInput(command.text);
      do {
        if (!Next()) return absl::InvalidArgumentError(Cat("line ", number_, ": ---- is missing"));
        if (input && line_ != kSeparator) CatTo(&command.input, line_, "\n");
      } while (input && line_ != kSeparator);
    }
    block->expected_line = number_;
    while (Next() && !line_.empty()) CatTo(&block->expected, line_, "\n");
    return absl::OkStatus();
  }

  std::istringstream stream_;
  std::string line_;
  int number_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Block>> ParseScript(const std::string& text) {
  return Parser(text).Parse();
}

std::string WriteScript(const std::vector<Block>& blocks) {
  std::string text;
  for (const Block& block : blocks) {
    if (!text.empty()) text.push_back('\n');
    for (const std::string& comment : block.comments) CatTo(&text, comment, "\n");
    for (const Command& command : block.commands) CatTo(&text, command.text, "\n", command.input);
    if (!block.commands.empty()) CatTo(&text, kSeparator, "\n", block.expected);
  }
  return text;
}

}  // namespace escalation::scenarios
