// What an event costs on its way in before the log: JSON to a message, and the checks of what it
// says. The traffic is that of http_load.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "state/base/check.h"
#include "tests/bench/ticket_traffic.h"

namespace escalation {
namespace {

// Every step of the traffic in turn.
constexpr int64_t kStride = 2'000;
constexpr int64_t kEvents = 200;

std::string Body() {
  std::string body;
  for (int64_t i = 0; i < kEvents; ++i) {
    body.push_back(i == 0 ? '[' : ',');
    AppendTraffic(i * kStride, "2026-03-10T12:00:00.123Z", &body);
  }
  return body + "]";
}

void BM_EventsFromBody(benchmark::State& state) {
  const std::string body = Body();
  for (auto _ : state) {
    const auto events = EventsFromBody(body, BodyForm::kJson);
    ESCALATION_CHECK(events.ok(), std::string(events.status().message()));
    benchmark::DoNotOptimize(events->data());
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}
BENCHMARK(BM_EventsFromBody);

void BM_ValidateEvent(benchmark::State& state) {
  const auto events = EventsFromBody(Body(), BodyForm::kJson);
  ESCALATION_CHECK(events.ok(), std::string(events.status().message()));
  for (auto _ : state) {
    for (const v1::Event& event : *events) {
      const absl::Status status = ValidateEvent(event, Trust::kSource);
      ESCALATION_CHECK(status.ok(), std::string(status.message()));
    }
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}
BENCHMARK(BM_ValidateEvent);

}  // namespace
}  // namespace escalation

BENCHMARK_MAIN();
