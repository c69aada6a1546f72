// Bytes as a policy file: refused with a place, or a policy that passes every check, compiles, and
// can be folded under.

#include <cctype>

#include "state/base/check.h"
#include "state/base/text.h"
#include "state/calendar/check.h"
#include "state/policy/compiled_policy.h"
#include "state/policy/policy_check.h"
#include "state/policy/policy_loader.h"
#include "tests/fuzz/folding.h"

using namespace escalation;

namespace {

// Holiday files are looked for beside it.
constexpr char kName[] = ESCALATION_SOURCE_DIR "/tests/state/policy/valid/fuzz.yaml";
constexpr Instant kBegin{1'772'450'000'000};

// Only what is about no place in the file is told without one.
void CheckMessage(const std::string& message) {
  ESCALATION_CHECK(message.rfind(kName, 0) == 0, message);
  const std::string rest = message.substr(sizeof(kName) - 1);
  const bool has_place = rest[0] == ':' && std::isdigit(rest[1]) != 0;
  ESCALATION_CHECK(has_place || rest.rfind(": the file is ", 0) == 0, message);
}

v1::Event About(const std::string& tenant, const std::string& ticket) {
  v1::Event event;
  event.set_tenant(tenant);
  event.set_ticket_id(ticket);
  event.mutable_actor()->set_id("someone");
  event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
  return event;
}

void MustFold(Folding* folding, const v1::Event& event, Instant at) {
  const absl::Status status = folding->Append(event, at);
  ESCALATION_CHECK(status.ok(), status.ToString());
}

// A ticket of each severity and plan, a week of ticks, and the same policy once more.
void FoldUnder(const LoadedPolicy& loaded) {
  Folding folding;
  ESCALATION_CHECK(folding.Open().ok(), "an empty store opens");
  v1::Event publication;
  publication.set_tenant(loaded.policy.tenant());
  *publication.mutable_calendars_published()->mutable_calendars() = loaded.calendars;
  MustFold(&folding, publication, kBegin);
  *publication.mutable_policy_published()->mutable_policy() = loaded.policy;
  MustFold(&folding, publication, kBegin);
  const auto alarms = folding.decisions().size();
  int tickets = 0;
  for (const v1::Plan& plan : loaded.policy.plans()) {
    for (const std::string& severity : loaded.policy.severities()) {
      if (++tickets > 20) break;
      v1::Event event = About(loaded.policy.tenant(), Cat("T-", tickets));
      event.mutable_opened()->set_plan(plan.name());
      event.mutable_opened()->set_severity(severity);
      MustFold(&folding, event, kBegin + Duration::Seconds(tickets));
    }
  }
  for (int hours = 1; hours <= 24 * 7; hours = hours * 2 + 1) {
    v1::Event tick;
    ToProto(kBegin + Duration::Hours(hours), tick.mutable_tick()->mutable_until());
    MustFold(&folding, tick, kBegin + Duration::Hours(hours));
  }
  // A policy that passed the checks is in force without a word.
  ESCALATION_CHECK(alarms == 0, folding.decisions()[0].ShortDebugString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyText(kName, text);
  if (!loaded.ok()) {
    ESCALATION_CHECK(absl::IsInvalidArgument(loaded.status()), loaded.status().ToString());
    CheckMessage(std::string(loaded.status().message()));
    return 0;
  }
  const absl::Status checked = PolicyStatus(CheckPolicy(loaded->policy, &loaded->calendars));
  ESCALATION_CHECK(checked.ok(), checked.ToString());
  ESCALATION_CHECK(CheckCalendarSet(loaded->calendars).empty(), "calendars pass their checks");
  const CompiledPolicy compiled(loaded->policy);
  ESCALATION_CHECK(compiled.default_plan() != nullptr, "the default plan is there");
  FoldUnder(*loaded);
  return 0;
}
