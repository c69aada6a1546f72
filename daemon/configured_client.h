// daemon/configured_client.h
//
// What speaks to providers, and how deliveries are tried, as the config says.
//
//   Input       routes and limits of the config
//   Output      the client; what programs of routes do not manage is said in the log
//   Time        the steady clock, for programs that take their time
//   Errors      kInvalidArgument: a program that does not compile, settings that cannot be used
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/deliver/dispatch_queue.h"
#include "daemon/deliver/page_client.h"

namespace escalation {

DispatchOptions OptionsOf(const DeliveryConfig& config);

absl::StatusOr<std::unique_ptr<PageClient>> StartConfiguredClient(const Config& config);

}  // namespace escalation
