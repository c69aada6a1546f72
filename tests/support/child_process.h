// tests/support/child_process.h
//
// A program that a test starts, reads from and kills.
//
//   Input       the program and its arguments
//   Output      its standard output, line by line
//   Threads     one thread
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "state/base/check.h"

extern char** environ;

namespace escalation {

class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> command) {
    int ends[2];
    ESCALATION_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (std::string& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    const int error =
        ::posix_spawn(&pid_, command[0].c_str(), &actions, nullptr, arguments.data(), environ);
    ESCALATION_CHECK(error == 0, command[0]);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ::fdopen(ends[0], "r");
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    Kill();
    std::fclose(output_);
  }

  // Empty optional: the program has ended. An incomplete last line is not given.
  std::optional<std::string> ReadLine() {
    std::string line;
    for (int c = std::fgetc(output_); c != EOF; c = std::fgetc(output_)) {
      if (c == '\n') return line;
      line.push_back(static_cast<char>(c));
    }
    return std::nullopt;
  }

  // Returns what waitpid says; repeated calls give the same.
  int Wait() {
    if (!ended_) ::waitpid(pid_, &status_, 0);
    ended_ = true;
    return status_;
  }
  // SIGKILL: no destructor and no handler runs.
  void Kill() {
    if (!ended_) ::kill(pid_, SIGKILL);
    Wait();
  }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace escalation
