#include "daemon/deliver/page_client.h"

#include <utility>

namespace escalation {

absl::StatusOr<std::unique_ptr<PageClient>> PageClient::Start(
    HttpClientOptions options, PageComposer::World world,
    const std::vector<DeliveryRoute>& routes) {
  auto http = CurlHttpClient::Start(std::move(options));
  if (!http.ok()) return http.status();
  std::unique_ptr<PageClient> client(new PageClient(*std::move(http), std::move(world)));
  if (absl::Status status = client->SetRoutes(routes); !status.ok()) return status;
  return client;
}

absl::Status PageClient::SetRoutes(const std::vector<DeliveryRoute>& routes) {
  // Programs first: they are what a person gets wrong.
  if (absl::Status status = composer_.SetRoutes(routes); !status.ok()) return status;
  return records_.SetRoutes(routes);
}

void PageClient::Send(HttpCall call, Done done) {
  if (call.record.has_value()) return records_.Send(std::move(call), std::move(done));
  http_->Send(std::move(call), std::move(done));
}

}  // namespace escalation
