// ops/message_file.h
//
// Foreign messages in a file: one JSON text, or one a line.
//
//   Input       bytes
//   Output      the messages in order, with the lines where they begin
//   Invariants  a file that is one JSON text is one message, or, if it is an array, each of its
//               elements; else each line that is not blank is one, whatever it holds
//   Errors      none: what a message holds is for its reader to judge
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace escalation {

struct FileMessage {
  int line = 1;
  std::string text;
};

std::vector<FileMessage> MessagesOf(std::string_view text);

}  // namespace escalation
