// daemon/deliver/dispatch_digest.h
//
// A digest: pages of one tenant and route that would wait too long for the route's budget, told
// together by one request.
//
//   Input       the pages, most urgent first
//   Output      the digest's key and what it says; its close
//   Invariants  1. a page is put into a digest only if it surely did not leave by itself, and the
//                  log knows of it before the digest leaves (outcome `digested`, destination
//                  ROUTE#KEY). So a successor sends the same digest of the same pages again, under
//                  the same key, and the provider counts it as one
//               2. nobody joins a digest that has left
//               3. each page has its own outcome, that of its digest, and its escalation goes on
//               by itself
//               4. the digest is closed when the last of its pages is; until then the log keeps
//                  their deliveries (an outcome without decision_seq), so a successor knows them
//               5. a digest of the fold (policy, storms) is one page, and is put into none
//   Time        none
//   Errors      none
//   Threads     values
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daemon/deliver/dispatch_item.h"

namespace escalation {

struct DispatchDigest {
  std::string key;
  Partition partition;
  std::string tenant;
  std::string route;
  // Under which its request and its close stand among the deliveries; seq 0: there is none.
  DeliveryId request;
  DeliveryId closing;
  // Pages that are in it and not closed; of these, and of closes, who shares a request's fate.
  std::set<DeliveryId> members;
  std::set<DeliveryId> riders;
  std::set<DeliveryId> closers;
  bool maybe_open = false;  // At the provider.
};

// "tenant//waited/ROUTE/SEQ" of its first page: the same for the same pages.
std::string DigestKey(const Delivery& first, const std::string& route);

// What is sent for it. `members`: at least one, most urgent first.
Delivery DigestDelivery(const DispatchDigest& digest,
                        const std::vector<const DispatchItem*>& members);

// `last`: the close of its last page.
Delivery DigestClose(const DispatchDigest& digest, const Delivery& last);

}  // namespace escalation
