// ops/command.h
//
// What every subcommand of escalationctl gets: where it reads, writes and leaves its exit code. A
// test passes string streams.
//
//   Input       `in`: standard input
//   Output      `out`: data and nothing else; `err`: progress, notices and errors
//   Errors      exit_code: 0 ok, 1 failed, 2 usage, 78 config (kExit...)
//   Threads     one command runs at a time
#pragma once

#include <istream>
#include <ostream>

namespace escalation {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;

struct CommandContext {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  int exit_code = 0;
};

}  // namespace escalation
