// daemon/deliver/page_client.h
//
// Makes the calls of every route: what speaks for it is chosen by the call.
//
//   Input       calls; the routes that may make them; pages whose route has a body program
//   Output      replies, as http_client.h and record_client.h; pages with their bodies, as
//               page_composer.h
//   Threads     as those
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/deliver/http_client.h"
#include "daemon/deliver/page_composer.h"
#include "daemon/deliver/record_client.h"

namespace escalation {

class PageClient : public HttpClient {
 public:
  static absl::StatusOr<std::unique_ptr<PageClient>> Start(
      HttpClientOptions options, PageComposer::World world,
      const std::vector<DeliveryRoute>& routes);

  // MUST come before calls of new routes. Not OK: every route works as before.
  absl::Status SetRoutes(const std::vector<DeliveryRoute>& routes);
  void AllowPrivateAddresses(bool allow) { http_->AllowPrivateAddresses(allow); }

  void Send(HttpCall call, Done done) override;
  void Compose(const DeliveryRoute& route, Delivery delivery, PageComposer::Done done) {
    composer_.Compose(route, std::move(delivery), std::move(done));
  }
  // Pages that left with the standard body although their route has a program, by route.
  std::map<std::string, uint64_t> BodyFailures() const { return composer_.Failures(); }

 private:
  PageClient(std::unique_ptr<CurlHttpClient> http, PageComposer::World world)
      : http_(std::move(http)), composer_(std::move(world)) {}

  const std::unique_ptr<CurlHttpClient> http_;
  RecordClient records_;
  // Last: what it still has leaves through the others.
  PageComposer composer_;
};

}  // namespace escalation
