// daemon/deliver/body_program.h
//
// A webhook's own body: a jq program makes it of what the webhook would get otherwise.
//
//   Input       the program; a delivery. "." is the standard body (webhook.h), $key the page's key,
//               $stamped when it was decided; $headers and $topic are empty
//   Output      the program's only output: a text as it is, anything else as JSON
//   Invariants  the same delivery gives the same body, whenever it is sent
//   Time        at most kBodyProcessorTimeMax of the processor, kBodyWallTimeMax in all
//   Errors      of Start: as JqProcess::Start. Of Make: "PROGRAM: why": kAborted: it failed, gave
//               nothing, or more than one thing; kDeadlineExceeded: it had to be ended;
//               kUnavailable: no process now
//   Threads     one at a time
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/deliver/delivery.h"
#include "daemon/source/jq_runner.h"

namespace escalation {

inline constexpr size_t kBodyBytesMax = size_t{1} << 20;
inline constexpr std::chrono::milliseconds kBodyProcessorTimeMax{250};
inline constexpr std::chrono::milliseconds kBodyWallTimeMax{2'000};

class BodyProgram {
 public:
  // `mapper`: path of escalation-mapper; empty: found.
  static absl::StatusOr<std::unique_ptr<BodyProgram>> Start(const MappingProgram& program,
                                                            const std::string& mapper = "");

  absl::StatusOr<PageBody> Make(const Delivery& delivery);

 private:
  explicit BodyProgram(std::unique_ptr<JqRunner> program) : program_(std::move(program)) {}

  const std::unique_ptr<JqRunner> program_;
};

}  // namespace escalation
