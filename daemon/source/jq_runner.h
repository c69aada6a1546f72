// daemon/source/jq_runner.h
//
// A jq program that is always there to run: its process is started again when it ended.
//
//   Input       a program that compiles; documents
//   Output      as JqProcess
//   Invariants  1. a process that ended in mid-document had perhaps nothing to do with the
//                  document: it is tried once more, in a new process
//   Time        bounded by MappingLimits
//   Errors      of Start: as JqProcess::Start. Of Run: kUnavailable: no process could be started
//               now
//   Threads     one at a time
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/source/event_decoder.h"
#include "daemon/source/jq_process.h"

namespace escalation {

class JqRunner {
 public:
  // Compiles the program. `mapper`: path of escalation-mapper; empty: found as jq_process.h says.
  static absl::StatusOr<std::unique_ptr<JqRunner>> Start(MappingProgram program,
                                                         const MappingLimits& limits,
                                                         std::string mapper);

  absl::StatusOr<JqReply> Run(const std::string& document);

  const std::string& name() const { return program_.name; }

 private:
  JqRunner(MappingProgram program, const MappingLimits& limits, std::string mapper,
           std::unique_ptr<JqProcess> process);

  const MappingProgram program_;
  const MappingLimits limits_;
  const std::string mapper_;
  std::unique_ptr<JqProcess> process_;
};

}  // namespace escalation
