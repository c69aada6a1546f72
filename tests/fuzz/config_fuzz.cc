// Bytes as the daemon's config file: refused with a place, or a config in which everything fits
// together. No secret gets into a message.

#include <algorithm>

#include "daemon/config.h"
#include "state/base/check.h"
#include "tests/fuzz/scratch_folder.h"

using namespace escalation;

namespace {

constexpr char kPolicy[] = R"(policy: small
tenant: default
revision: 3
severities: [low, high]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
escalations: {night: {steps: [{page: [victorops]}]}}
routes: {victorops: {fallback: ops_webhook}, ops_webhook: {}}
)";
constexpr char kSecret[] = "s3cr3t-0f-the-f1le";

const ScratchFolder& Folder() {
  static const ScratchFolder* const folder = [] {
    static const ScratchFolder made;
    made.Write("small.yaml", kPolicy);
    made.Write("secret", kSecret);
    ::setenv("FUZZ_SECRET", kSecret, 1);
    return &made;
  }();
  return *folder;
}

void CheckConfig(const Config& config) {
  ESCALATION_CHECK(!config.tenants.empty(), "a tenant at least");
  for (const TenantConfig& tenant : config.tenants) {
    ESCALATION_CHECK(config.FindTenant(tenant.name) == &tenant, tenant.name);
    ESCALATION_CHECK(IsId(tenant.name, kTenantBytesMax), tenant.name);
    ESCALATION_CHECK(tenant.policy.policy.tenant() == tenant.name, tenant.name);
    for (const v1::Route& route : tenant.policy.policy.routes()) {
      ESCALATION_CHECK(config.FindRoute(route.name()) != nullptr, route.name());
    }
  }
  for (const DeliveryRoute& route : config.routes) {
    ESCALATION_CHECK(config.FindRoute(route.name) == &route, route.name);
    ESCALATION_CHECK(route.timeout.ms > 0 && route.per_minute_max >= 0, route.name);
  }
  ESCALATION_CHECK(config.settle.ms >= 0 && config.tickets_max > 0, "");
  ESCALATION_CHECK(config.delivery.backoff_initial <= config.delivery.backoff_max, "");
  ESCALATION_CHECK(RestartFields(config, config).empty(), "nothing differs from itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Folder().Write("escalationd.yaml", text);
  const absl::StatusOr<Config> config = LoadConfig(Folder() / "escalationd.yaml");
  if (config.ok()) {
    CheckConfig(*config);
    return 0;
  }
  const std::string message(config.status().message());
  ESCALATION_CHECK(absl::IsInvalidArgument(config.status()), config.status().ToString());
  ESCALATION_CHECK(message.rfind(Folder().path() + "/", 0) == 0, message);
  const bool is_in_the_text = text.find(kSecret) != std::string_view::npos;
  ESCALATION_CHECK(is_in_the_text || message.find(kSecret) == std::string::npos, message);
  return 0;
}
