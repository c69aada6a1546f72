#include "daemon/source/jq_decoder.h"

#include <iterator>
#include <utility>

#include "daemon/source/event_json.h"
#include "daemon/source/jq_process.h"
#include "daemon/source/jq_request.h"
#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Events = std::vector<v1::Event>;

class JqDecoder : public EventDecoder {
 public:
  JqDecoder(MappingProgram program, const MappingLimits& limits, std::string mapper,
            std::unique_ptr<JqProcess> process)
      : program_(std::move(program)),
        limits_(limits),
        mapper_(std::move(mapper)),
        process_(std::move(process)) {}

  absl::StatusOr<Events> Decode(const SourceMessage& message) override {
    const absl::StatusOr<std::string> request = JqRequest(message);
    if (!request.ok()) return request.status();
    absl::StatusOr<JqReply> reply = Run(*request);
    if (!reply.ok()) return reply.status();
    if (reply->outcome != JqReply::Outcome::kDone) return Failed(reply->error);
    return ReadOutputs(reply->outputs);
  }

 private:
  absl::Status Failed(std::string_view what) const {
    return absl::AbortedError(Cat(program_.name, ": ", what));
  }

  absl::StatusOr<JqReply> Run(const std::string& request) {
    for (;;) {
      if (process_ == nullptr || !process_->running()) {
        absl::StatusOr<std::unique_ptr<JqProcess>> started =
            JqProcess::Start(program_, limits_, mapper_);
        // It compiled before, so this is the machine's doing.
        if (!started.ok()) {
          return absl::UnavailableError(Cat(std::string(started.status().message())));
        }
        process_ = *std::move(started);
      }
      const bool fresh = process_->runs() == 0;
      JqReply reply = process_->Run(request);
      if (reply.outcome != JqReply::Outcome::kEnded || fresh) return reply;
    }
  }

  absl::StatusOr<Events> ReadOutputs(const std::vector<std::string>& outputs) const {
    Events events;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string& output = outputs[i];
      if (output == "null" || output == "[]") continue;
      const std::string place = outputs.size() == 1 ? "" : Cat("output ", i + 1, ": ");
      if (output.front() != '{' && output.front() != '[') {
        return Failed(Cat(place, "expected an event, an array of events or null, got ",
                          JsonScanner(output).Excerpt()));
      }
      absl::StatusOr<Events> read = EventsFromBody(output, BodyForm::kJson);
      if (!read.ok()) return Failed(Cat(place, std::string(read.status().message())));
      if (events.size() + read->size() > kEventsPerBodyMax) {
        return Failed(Cat("gave more than ", kEventsPerBodyMax, " events for one message"));
      }
      std::move(read->begin(), read->end(), std::back_inserter(events));
    }
    return events;
  }

  const MappingProgram program_;
  const MappingLimits limits_;
  const std::string mapper_;
  std::unique_ptr<JqProcess> process_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventDecoder>> MakeJqDecoder(const DecoderOptions& options) {
  std::string mapper = options.mapper;
  if (mapper.empty()) {
    absl::StatusOr<std::string> found = FindMapper();
    if (!found.ok()) return found.status();
    mapper = *std::move(found);
  }
  if (options.program.text.size() > kMappingProgramBytesMax) {
    return absl::InvalidArgumentError(Cat(options.program.name, ": a program of ",
                                          options.program.text.size(), " bytes, expected at most ",
                                          kMappingProgramBytesMax));
  }
  absl::StatusOr<std::unique_ptr<JqProcess>> process =
      JqProcess::Start(options.program, options.limits, mapper);
  if (!process.ok()) return process.status();
  return std::make_unique<JqDecoder>(options.program, options.limits, std::move(mapper),
                                     *std::move(process));
}

}  // namespace escalation
