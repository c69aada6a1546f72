#include "daemon/deliver/page_client.h"

#include <utility>

namespace escalation {

absl::StatusOr<std::unique_ptr<PageClient>> PageClient::Start(
    HttpClientOptions options, const std::vector<DeliveryRoute>& routes) {
  auto http = CurlHttpClient::Start(std::move(options));
  if (!http.ok()) return http.status();
  std::unique_ptr<PageClient> client(new PageClient(*std::move(http)));
  if (absl::Status status = client->SetRoutes(routes); !status.ok()) return status;
  return client;
}

void PageClient::Send(HttpCall call, Done done) {
  if (call.record.has_value()) return records_.Send(std::move(call), std::move(done));
  http_->Send(std::move(call), std::move(done));
}

}  // namespace escalation
