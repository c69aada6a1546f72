#include "tests/simulation/faults.h"

namespace escalation::simulation {

Faults Faults::Draw(Random* random) {
  const auto some = [random](uint32_t percent, uint32_t max) -> uint32_t {
    return random->Percent(percent) ? 1 + static_cast<uint32_t>(random->Below(max)) : 0;
  };
  const auto at_most = [random](uint32_t percent, Duration max) {
    return random->Percent(percent) ? random->Between(Duration{0}, max) : Duration{0};
  };
  Faults faults;
  faults.marks = random->Percent(40);
  faults.event_late = some(60, 150'000);
  if (random->Percent(5)) return faults;  // Nothing else.
  faults.crash = some(60, 3'000);
  faults.append_refused = some(40, 50'000);
  faults.append_unacknowledged = some(40, 50'000);
  faults.append_delayed = some(40, 50'000);
  faults.append_doubled = some(40, 50'000);
  faults.read_fails = some(30, 20'000);
  faults.publish_fails = some(30, 50'000);
  faults.provider_fails = some(60, 600'000);
  faults.takeovers = some(40, 20);
  faults.freezes = some(40, 20);
  faults.clock_steps = some(40, 12);
  faults.full_disks = some(20, 8);
  faults.log_outages = some(30, 8);
  faults.provider_outages = some(40, 8);
  faults.source_outages = some(50, 8);
  faults.machine_skew =
      at_most(100, random->Percent(50) ? Duration::Hours(2) : Duration::Seconds(5));
  faults.broker_skew = at_most(50, Duration::Seconds(5));
  faults.source_skew = at_most(50, Duration::Seconds(90));
  return faults;
}

}  // namespace escalation::simulation
