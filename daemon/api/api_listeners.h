// daemon/api/api_listeners.h
//
// Where the HTTP API is reached: an address, whose callers show tokens (api_gate.h), and perhaps a
// socket in the file system, whose permissions say who may call.
//
//   Input       who answers at either place; both outlive it
//   Output      requests, as HttpServer
//   Invariants  1. the socket's file has mode 0600: its owner's processes, and root's, need no
//   token
//               2. both end together
//   Errors      of Start: as HttpServer::Start
//   Threads     Start and Stop once; the rest from any thread
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/api/http.h"
#include "daemon/api/http_server.h"

namespace escalation {

struct ApiListenersOptions {
  // As HttpServerOptions has it.
  std::string listen;
  // A path; empty: none.
  std::string socket;
};

class ApiListeners {
 public:
  static absl::StatusOr<std::unique_ptr<ApiListeners>> Start(const ApiListenersOptions& options,
                                                             HttpHandler* network,
                                                             HttpHandler* local);

  // "127.0.0.1:8320"
  std::string address() const { return network_->address(); }
  // As HttpServer::Stop.
  void Stop(std::chrono::milliseconds drain);

 private:
  ApiListeners() = default;

  std::unique_ptr<HttpServer> network_;
  std::unique_ptr<HttpServer> local_;
};

}  // namespace escalation
