// daemon/mapper/program.h
//
// A jq program as a mapping: the message's body is ".", and what else is known of it has names.
//
//   $headers    object of lower-case names; the first of each name
//   $topic      the Kafka topic; null: an HTTP hook
//   $key        the record's key; null: none
//   $stamped    when the source took it, RFC 3339
//
//   Input       the program's text; documents {"body", "headers", "topic", "key", "stamped"}
//   Output      its outputs as JSON texts, in order
//   Invariants  the same document gives the same outputs: what asks for the time, the machine, the
//               environment or further input does not compile
//   Errors      texts for people. Of compiling: lines "LINE:COLUMN: what", or "LINE: what" where jq
//               does not tell
//   Threads     one at a time
#pragma once

#include <string>
#include <string_view>

struct jq_state;

namespace escalation {

class MapperProgram {
 public:
  // `out_of_memory` MUST not return, since jq has no way back, nor use its argument, which jq 1.6
  // leaves unset.
  explicit MapperProgram(void (*out_of_memory)(void*));
  ~MapperProgram();
  MapperProgram(const MapperProgram&) = delete;
  MapperProgram& operator=(const MapperProgram&) = delete;

  // Empty: it compiles.
  std::string Compile(const std::string& text);

  // Appends the reply to `out` (frame.h).
  void Run(std::string_view document, size_t output_bytes_max, std::string* out);

 private:
  // What the program uses though it must not, as an error; empty: nothing.
  std::string FindForbidden(const std::string& text);

  jq_state* const jq_;
};

}  // namespace escalation
