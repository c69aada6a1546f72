// daemon/deliver/delivery.h
//
// What is to be delivered, and where to: one page operation that the fold decided, and the routes
// of the daemon's config.
//
//   Input       decisions page_requested, page_digest, page_acknowledged and page_closed
//   Output      values
//   Invariants  two operations are about the same page at the provider if key and destination agree
//   Threads     values
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/secret.h"
#include "escalation/v1/decision.pb.h"
#include "escalation/v1/event.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

// Decisions are numbered by partition.
struct DeliveryId {
  Partition partition;
  uint64_t seq = 0;
  friend constexpr auto operator<=>(const DeliveryId&, const DeliveryId&) = default;
};

struct Delivery {
  // That decided it.
  Partition partition;
  // One of the four page decisions; with the partition, its `seq` names the delivery.
  v1::Decision decision;
  // Position of the severity in the policy, higher is worse; 0 where there is none.
  int severity_rank = 0;
  // How late it was released; 0: in time.
  Duration late_by;
  // It may have reached the provider before (a restart, a takeover): it is not collapsed silently.
  bool maybe_sent = false;
  // Why it stays here, such as "superseded": only its outcome is reported. Empty: it leaves.
  std::string kept_back;

  DeliveryId id() const { return {partition, decision.seq()}; }
};

using PageOperation = v1::PageOutcome::Operation;

// Of page decisions (state/ticket/page.h).
PageOperation OperationOf(const v1::Decision& decision);
const std::string& PageKeyOf(const v1::Decision& decision);
// The configured route it goes to: where its page went, else the route that the policy names.
const std::string& DestinationOf(const v1::Decision& decision);

// A route of the daemon's config.
struct DeliveryRoute {
  enum class Provider { kVictorOps, kWebhook };
  // As policies name it; also the name of the destination in outcomes.
  std::string name;
  Provider provider = Provider::kWebhook;
  // Complete, with key and routing key.
  Secret url;
  // Signs webhooks (Standard Webhooks); empty: unsigned.
  Secret signing_secret;
  // Extra request headers. Values may be credentials.
  std::vector<std::pair<std::string, Secret>> headers;
  // Requests a minute; 0: unlimited. Routes of one VictorOps organisation share the lowest.
  int per_minute_max = 0;
  // Decided and published, not delivered.
  bool shadow = false;
  // Of one request, whole.
  Duration timeout = Duration::Seconds(10);
};

// Routes with the same text share a budget and a fate: an organisation at VictorOps, else the
// route. Holds no secret.
std::string BudgetGroupOf(const DeliveryRoute& route);

}  // namespace escalation
