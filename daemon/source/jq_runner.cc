#include "daemon/source/jq_runner.h"

#include <utility>

#include "state/base/text.h"

namespace escalation {

JqRunner::JqRunner(MappingProgram program, const MappingLimits& limits, std::string mapper,
                   std::unique_ptr<JqProcess> process)
    : program_(std::move(program)),
      limits_(limits),
      mapper_(std::move(mapper)),
      process_(std::move(process)) {}

absl::StatusOr<std::unique_ptr<JqRunner>> JqRunner::Start(MappingProgram program,
                                                          const MappingLimits& limits,
                                                          std::string mapper) {
  if (mapper.empty()) {
    absl::StatusOr<std::string> found = FindMapper();
    if (!found.ok()) return found.status();
    mapper = *std::move(found);
  }
  if (program.text.size() > kMappingProgramBytesMax) {
    return absl::InvalidArgumentError(Cat(program.name, ": a program of ", program.text.size(),
                                          " bytes, expected at most ", kMappingProgramBytesMax));
  }
  absl::StatusOr<std::unique_ptr<JqProcess>> process = JqProcess::Start(program, limits, mapper);
  if (!process.ok()) return process.status();
  return std::unique_ptr<JqRunner>(
      new JqRunner(std::move(program), limits, std::move(mapper), *std::move(process)));
}

absl::StatusOr<JqReply> JqRunner::Run(const std::string& document) {
  for (;;) {
    if (process_ == nullptr || !process_->running()) {
      absl::StatusOr<std::unique_ptr<JqProcess>> started =
          JqProcess::Start(program_, limits_, mapper_);
      // It compiled before, so this is the machine's doing.
      if (!started.ok()) return absl::UnavailableError(std::string(started.status().message()));
      process_ = *std::move(started);
    }
    const bool fresh = process_->runs() == 0;
    JqReply reply = process_->Run(document);
    if (reply.outcome != JqReply::Outcome::kEnded || fresh) return reply;
  }
}

}  // namespace escalation
