// What a message costs through a decoder: a mapping's process and the way there and back, beside
// the formats that need none. Messages are the samples of deploy/mappings. Count by time on the
// wall: a mapping works in another process.

#include <benchmark/benchmark.h>

#include <string>

#include "daemon/source/event_decoder.h"
#include "state/base/check.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

const std::string kMappings = ESCALATION_SOURCE_DIR "/deploy/mappings/";
constexpr char kMapper[] = ESCALATION_BINARY_DIR "/daemon/escalation-mapper";

void Run(benchmark::State& state, const DecoderOptions& options, const SourceMessage& message) {
  auto decoder = MakeDecoder(options);
  ESCALATION_CHECK(decoder.ok(), decoder.status().ToString());
  for (auto _ : state) {
    const auto events = (*decoder)->Decode(message);
    ESCALATION_CHECK(events.ok() && events->size() == 1, events.status().ToString());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(message.value.size()));
}

void BM_Mapping(benchmark::State& state, const char* program, const char* sample) {
  DecoderOptions options;
  options.format = SourceFormat::kJq;
  options.program = *ReadMappingProgram(kMappings + program);
  options.mapper = kMapper;
  SourceMessage message;
  message.value = *ReadBoundedFile(kMappings + "samples/" + sample, size_t{1} << 20);
  Run(state, options, message);
}
BENCHMARK_CAPTURE(BM_Mapping, zendesk_comment, "zendesk-webhook.jq",
                  "zendesk-webhook/04-agent-reply.json")
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Mapping, jira_status, "jira-service-management.jq",
                  "jira-service-management/07-waiting-for-customer.json")
    ->UseRealTime();

void BM_Format(benchmark::State& state, SourceFormat format) {
  v1::Event event;
  event.set_id("01JP004B3F2M6S8D1R7K9Y0ZCGH");
  event.set_ticket_id("35436");
  event.mutable_actor()->set_id("8001");
  event.mutable_actor()->set_kind(v1::Actor::AGENT);
  event.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
  DecoderOptions options;
  options.format = format;
  SourceMessage message;
  message.value = event.SerializeAsString();
  Run(state, options, message);
}
BENCHMARK_CAPTURE(BM_Format, native, SourceFormat::kNative)->UseRealTime();

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
