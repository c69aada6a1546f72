// escalation-mapper: maps messages by a jq program, in a process that can do nothing else. Started
// by escalationd and escalationctl (daemon/source/jq_process.h); what it is told and answers stands
// in frame.h.

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "daemon/mapper/frame.h"
#include "daemon/mapper/program.h"
#include "daemon/mapper/sandbox.h"

namespace escalation {
namespace {

// jq compiles its own library first.
constexpr long kCompileMilliseconds = 10'000;

[[noreturn]] void EndOutOfMemory() { _exit(kMapperOutOfMemory); }
[[noreturn]] void EndOutOfMemoryOfJq(void*) { EndOutOfMemory(); }

bool ReadAll(char* out, size_t size) {
  while (size > 0) {
    const ssize_t n = read(STDIN_FILENO, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool ReadRequest(std::string* out) {
  char head[4];
  if (!ReadAll(head, sizeof head)) return false;
  out->resize(ReadSize(head));
  return ReadAll(out->data(), out->size());
}

bool Answer(char kind, std::string_view bytes) {
  std::string reply;
  AppendReply(kind, bytes.substr(0, kMapperErrorBytesMax), &reply);
  return WriteAll(reply);
}

int Serve(size_t memory_bytes_max, long milliseconds_max, size_t output_bytes_max, pid_t parent) {
  std::string error = LimitProcess(memory_bytes_max, parent);
  if (!error.empty()) return Answer(kMapperError, "cannot be confined: " + error);
  std::string request;
  if (!ReadRequest(&request)) return 0;
  AllowProcessorTime(kCompileMilliseconds);
  MapperProgram program(EndOutOfMemoryOfJq);
  error = program.Compile(request);
  if (!error.empty()) return Answer(kMapperError, error);
  error = EnterSandbox();
  if (!error.empty()) return Answer(kMapperError, "cannot be confined: " + error);
  AllowProcessorTime(0);
  if (!Answer(kMapperDone, "")) return 1;
  std::string reply;
  while (ReadRequest(&request)) {
    AllowProcessorTime(milliseconds_max);
    reply.clear();
    program.Run(request, output_bytes_max, &reply);
    AllowProcessorTime(0);
    if (!WriteAll(reply)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace escalation

int main(int count, char** arguments) {
  if (count != 5) {
    std::fputs("escalation-mapper is started by escalationd and escalationctl\n", stderr);
    return 2;
  }
  std::set_new_handler(escalation::EndOutOfMemory);
  return escalation::Serve(std::strtoull(arguments[1], nullptr, 10), std::atol(arguments[2]),
                           std::strtoull(arguments[3], nullptr, 10), std::atoi(arguments[4]));
}
