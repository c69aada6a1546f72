#include "daemon/source/jq_decoder.h"

#include <iterator>
#include <utility>

#include "daemon/source/event_json.h"
#include "daemon/source/jq_request.h"
#include "daemon/source/jq_runner.h"
#include "daemon/source/json_scanner.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Events = std::vector<v1::Event>;

class JqDecoder : public EventDecoder {
 public:
  explicit JqDecoder(std::unique_ptr<JqRunner> program) : program_(std::move(program)) {}

  absl::StatusOr<Events> Decode(const SourceMessage& message) override {
    const absl::StatusOr<std::string> request = JqRequest(message);
    if (!request.ok()) return request.status();
    absl::StatusOr<JqReply> reply = program_->Run(*request);
    if (!reply.ok()) return reply.status();
    if (reply->outcome != JqReply::Outcome::kDone) return Failed(reply->error);
    return ReadOutputs(reply->outputs);
  }

 private:
  absl::Status Failed(std::string_view what) const {
    return absl::AbortedError(Cat(program_->name(), ": ", what));
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

  const std::unique_ptr<JqRunner> program_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventDecoder>> MakeJqDecoder(const DecoderOptions& options) {
  absl::StatusOr<std::unique_ptr<JqRunner>> program =
      JqRunner::Start(options.program, options.limits, options.mapper);
  if (!program.ok()) return program.status();
  return std::make_unique<JqDecoder>(*std::move(program));
}

}  // namespace escalation
