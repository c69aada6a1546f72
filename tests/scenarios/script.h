// tests/scenarios/script.h
//
// A scenario file, taken apart and put together again with new expectations.
//
//   file    := block (empty line, block)*
//   block   := comment* [command+ "----" expected*]
//   comment := "#" ...
//
// A command is one line; `policy` and `calendars` without an argument take the lines up to "----"
// as YAML, empty ones too. All commands of a block run in order, and what they print together is
// compared.
//
//   Errors      a block without "----" says so, with its line
//   Threads     values
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace escalation::scenarios {

struct Command {
  int line = 0;  // From 1.
  std::string text;
  std::string input;  // Lines that belong to the command, each with its line feed.
};

struct Block {
  std::vector<std::string> comments;
  std::vector<Command> commands;
  int expected_line = 0;  // Of "----".
  std::string expected;   // Each line with its line feed.
};

absl::StatusOr<std::vector<Block>> ParseScript(const std::string& text);
std::string WriteScript(const std::vector<Block>& blocks);

}  // namespace escalation::scenarios
