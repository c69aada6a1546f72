#include "daemon/configured_client.h"

#include <chrono>
#include <utility>

#include "daemon/deliver/plain_text.h"
#include "daemon/logging.h"

namespace escalation {
namespace {

Instant SteadyNow() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

// A program's own words may repeat what a ticket says.
void TellBodyTrouble(const std::string& route, const std::string& why) {
  LogWarning("a page leaves with the standard body", {{"route", route}, {"why", OneLine(why)}});
}

}  // namespace

DispatchOptions OptionsOf(const DeliveryConfig& config) {
  DispatchOptions options;
  options.backoff_initial = config.backoff_initial;
  options.backoff_max = config.backoff_max;
  options.give_up_after = config.give_up_after;
  options.digest_after = config.digest_after;
  return options;
}

absl::StatusOr<std::unique_ptr<PageClient>> StartConfiguredClient(const Config& config) {
  HttpClientOptions options;
  options.allow_private_addresses = config.delivery.allow_private_addresses;
  PageComposer::World world;
  world.clock = SteadyNow;
  world.tell = TellBodyTrouble;
  return PageClient::Start(std::move(options), std::move(world), config.routes);
}

}  // namespace escalation
