// daemon/deliver/sample_pages.h
//
// One page of each kind, saying everything that a page can say: to try programs on.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <vector>

#include "daemon/deliver/delivery.h"

namespace escalation {

// A page, a digest, an acknowledgement and a close, all of one route.
std::vector<Delivery> SamplePages(const std::string& route);

}  // namespace escalation
