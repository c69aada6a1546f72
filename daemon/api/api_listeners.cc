#include "daemon/api/api_listeners.h"

#include "daemon/api/listen_socket.h"
#include "state/base/text.h"

namespace escalation {

absl::StatusOr<std::unique_ptr<ApiListeners>> ApiListeners::Start(
    const ApiListenersOptions& options, HttpHandler* network, HttpHandler* local) {
  std::unique_ptr<ApiListeners> listeners(new ApiListeners());
  if (!options.socket.empty()) {
    HttpServerOptions there;
    there.listen = Cat(kUnixSocketPrefix, options.socket);
    there.threads = 1;
    auto server = HttpServer::Start(there, local);
    if (!server.ok()) return server.status();
    listeners->local_ = *std::move(server);
  }
  HttpServerOptions there;
  there.listen = options.listen;
  auto server = HttpServer::Start(there, network);
  if (!server.ok()) return server.status();
  listeners->network_ = *std::move(server);
  return listeners;
}

void ApiListeners::Stop(std::chrono::milliseconds drain) {
  network_->Stop(drain);
  if (local_ != nullptr) local_->Stop(drain);
}

}  // namespace escalation
