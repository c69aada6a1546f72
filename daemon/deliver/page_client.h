// daemon/deliver/page_client.h
//
// Makes the calls of every route: what speaks for it is chosen by the call.
//
//   Input       calls; the routes that may make them
//   Output      replies, as http_client.h and record_client.h
//   Threads     as those
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/deliver/http_client.h"
#include "daemon/deliver/record_client.h"

namespace escalation {

class PageClient : public HttpClient {
 public:
  static absl::StatusOr<std::unique_ptr<PageClient>> Start(
      HttpClientOptions options, const std::vector<DeliveryRoute>& routes);

  // MUST come before calls of new routes. Not OK: all is as it was.
  absl::Status SetRoutes(const std::vector<DeliveryRoute>& routes) {
    return records_.SetRoutes(routes);
  }
  void AllowPrivateAddresses(bool allow) { http_->AllowPrivateAddresses(allow); }

  void Send(HttpCall call, Done done) override;

 private:
  explicit PageClient(std::unique_ptr<CurlHttpClient> http) : http_(std::move(http)) {}

  const std::unique_ptr<CurlHttpClient> http_;
  RecordClient records_;
};

}  // namespace escalation
