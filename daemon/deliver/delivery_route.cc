#include "daemon/deliver/delivery_route.h"

#include <string_view>

#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {

std::string BudgetGroupOf(const DeliveryRoute& route) {
  if (route.provider != DeliveryRoute::Provider::kVictorOps) return Cat("route:", route.name);
  // ".../alert/KEY/ROUTING_KEY": the key names the organisation.
  const std::string& url = route.url.Reveal();
  const size_t slash = url.rfind('/');
  const std::string digest = ToHex(Sha256({std::string_view(url).substr(0, slash)}));
  return Cat("victorops:", digest.substr(0, 16));
}

}  // namespace escalation
