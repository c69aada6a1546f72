// daemon/source/jq_process.h
//
// A process that runs one mapping program (daemon/mapper), and the end of it when it takes too
// much.
//
//   Input       the program; documents
//   Output      its outputs as JSON texts
//   Invariants  1. it inherits no file but its socket, no environment, no signal mask
//               2. it never outlives its owner, however that ends
//               3. once it ended every call says so; nothing waits longer than wall_time_max
//   Time        the monotonic clock, for wall_time_max only
//   Errors      Start: kInvalidArgument: the program does not compile, as lines
//               "PROGRAM:LINE:COLUMN: text"; kFailedPrecondition: there is no escalation-mapper, or
//               it cannot be confined here; kUnavailable: no process can be started now
//   Threads     one at a time
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/source/event_decoder.h"

namespace escalation {

struct JqReply {
  enum class Outcome {
    kDone,
    kRefused,  // The program's own error.
    kTooLong,  // Killed: processor or wall time.
    kEnded,    // The process is gone: memory, a crash, or somebody killed it.
  };
  Outcome outcome = Outcome::kDone;
  std::vector<std::string> outputs;  // kDone.
  std::string error;                 // Else; for people.
};

class JqProcess {
 public:
  // `mapper`: path of escalation-mapper.
  static absl::StatusOr<std::unique_ptr<JqProcess>> Start(const MappingProgram& program,
                                                          const MappingLimits& limits,
                                                          const std::string& mapper);
  ~JqProcess();
  JqProcess(const JqProcess&) = delete;
  JqProcess& operator=(const JqProcess&) = delete;

  JqReply Run(std::string_view document);

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // Documents it was given.
  int64_t runs() const { return runs_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  JqProcess(pid_t pid, int socket, const MappingLimits& limits);
  absl::Status Compile(const MappingProgram& program);
  JqReply Exchange(std::string_view request, size_t reply_bytes_max,
                   std::chrono::milliseconds wall_time_max);
  // Each false: the socket is closed, or time is over.
  bool Wait(short events, Deadline deadline);
  bool Send(std::string_view bytes, Deadline deadline);
  bool Receive(size_t size, Deadline deadline, std::string* out);
  bool ReceiveReply(size_t reply_bytes_max, Deadline deadline, JqReply* reply);
  // Ends the process and says how it ended; `wall_time_max`: what it had, if that is over.
  JqReply Bury(std::chrono::milliseconds wall_time_max);

  pid_t pid_;
  int socket_;
  const MappingLimits limits_;
  bool overdue_ = false;
  int64_t runs_ = 0;
  // Received and not read yet.
  std::string buffer_;
};

// The mapper to start: the environment's ESCALATION_MAPPER; else escalation-mapper beside the
// running program, in ../daemon or in ../libexec/escalationd. kFailedPrecondition: nowhere.
absl::StatusOr<std::string> FindMapper();

}  // namespace escalation
