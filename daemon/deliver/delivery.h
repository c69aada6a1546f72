// daemon/deliver/delivery.h
//
// What is to be delivered: one page operation that the fold decided.
//
//   Input       decisions page_requested, page_digest, page_acknowledged and page_closed
//   Output      values
//   Invariants  two operations are about the same page at the provider if key and destination agree
//   Threads     values
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/deliver/delivery_route.h"
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

// What the program of a webhook made.
struct PageBody {
  std::string bytes;
  // Else a text of any form.
  bool is_json = true;
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
  // A provider took an earlier request without having done it: what it can be asked about with;
  // empty: nothing to ask.
  std::string receipt;
  // Why it stays here, such as "superseded": only its outcome is reported. Empty: it leaves.
  std::string kept_back;
  // Its page was delivered by an earlier process: it is here to be renewed, or closed together with
  // others.
  bool delivered = false;
  // Key of the digest that it left in, or was about to; empty: none.
  std::string digest;
  // Of a digest that stands for pages that waited: the most urgent of them.
  std::vector<v1::Decision> listed;
  // Of a webhook with a program: the body that it made; empty optional: the standard one leaves,
  // and why, if there is a program.
  std::optional<PageBody> body;
  std::string body_trouble;

  DeliveryId id() const { return {partition, decision.seq()}; }
};

using PageOperation = v1::PageOutcome::Operation;

// Of page decisions (state/ticket/page.h).
PageOperation OperationOf(const v1::Decision& decision);
const std::string& PageKeyOf(const v1::Decision& decision);
// The configured route it goes to: where its page went, else the route that the policy names.
std::string DestinationOf(const v1::Decision& decision);
// Of a close: the key of the digest that its page went in; empty: it went alone.
std::string DigestOf(const v1::Decision& decision);

// A destination as outcomes name it: "ROUTE", or "ROUTE#KEY" of what went in a digest.
std::string DestinationText(const std::string& route, const std::string& digest);
std::string RouteOfDestination(const std::string& destination);
std::string DigestOfDestination(const std::string& destination);

}  // namespace escalation
