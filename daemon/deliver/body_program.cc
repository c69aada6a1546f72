#include "daemon/deliver/body_program.h"

#include <utility>

#include "daemon/deliver/webhook.h"
#include "daemon/source/jq_request.h"
#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kMemoryBytesMax = size_t{64} << 20;

// The output as a body; empty: there is nothing in it.
PageBody BodyOf(const std::string& output) {
  if (output == "null" || output.front() != '"') {
    return {output == "null" ? "" : output, /*is_json=*/true};
  }
  PageBody body{"", /*is_json=*/false};
  // A character 0 has no place in a body.
  if (!JsonScanner(output).ReadString(&body.bytes)) body.bytes.clear();
  return body;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BodyProgram>> BodyProgram::Start(const MappingProgram& program,
                                                                const std::string& mapper) {
  MappingLimits limits;
  limits.memory_bytes_max = kMemoryBytesMax;
  limits.processor_time_max = kBodyProcessorTimeMax;
  limits.wall_time_max = kBodyWallTimeMax;
  limits.output_bytes_max = kBodyBytesMax;
  auto runner = JqRunner::Start(program, limits, mapper);
  if (!runner.ok()) return runner.status();
  return std::unique_ptr<BodyProgram>(new BodyProgram(*std::move(runner)));
}

absl::StatusOr<PageBody> BodyProgram::Make(const Delivery& delivery) {
  const auto failed = [this](std::string_view why) {
    return absl::AbortedError(Cat(program_->name(), ": ", why));
  };
  SourceMessage message;
  message.value = WebhookBody(delivery);
  message.key = PageKeyOf(delivery.decision);
  message.stamped = FromProto(delivery.decision.at());
  const absl::StatusOr<std::string> request = JqRequest(message);
  if (!request.ok()) return failed(std::string(request.status().message()));
  const absl::StatusOr<JqReply> reply = program_->Run(*request);
  if (!reply.ok()) return reply.status();
  if (reply->outcome == JqReply::Outcome::kRefused) return failed(reply->error);
  if (reply->outcome != JqReply::Outcome::kDone) {
    return absl::DeadlineExceededError(Cat(program_->name(), ": ", reply->error));
  }
  if (reply->outputs.size() > 1) return failed("gave more than one body");
  PageBody body = reply->outputs.empty() ? PageBody() : BodyOf(reply->outputs.front());
  if (body.bytes.empty()) return failed("gave no body");
  return body;
}

}  // namespace escalation
