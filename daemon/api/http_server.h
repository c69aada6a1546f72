// daemon/api/http_server.h
//
// A thin HTTP/1.1 server over libmicrohttpd: a few polling threads, bounded memory, answers that
// may come later.
//
//   Input       connections on one address; a handler that outlives the server
//   Output      HttpRequest to the handler, its HttpResponse to the client
//   Invariants  1. memory is at most connections_max * (body_bytes_max + connection_bytes_max) and
//               what responses hold
//               2. a request whose answer is not known yet holds no thread
//               3. a client that is slow or silent is cut off at its deadline, whatever it trickles
//   Errors      Start: kUnavailable, the address cannot be bound; kInvalidArgument, it is none
//   Threads     own threads call the handler; Stop once, from any other thread
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/api/http.h"

namespace escalation {

struct HttpServerOptions {
  // A numeric address and a port: "127.0.0.1:8320", "[::1]:0". Port 0: any free one. Or
  // "unix:PATH": a socket in the file system, its owner's alone.
  std::string listen = "127.0.0.1:8320";
  size_t body_bytes_max = 256 * 1024;
  // Request line and headers, and the reply's headers.
  size_t connection_bytes_max = 32 * 1024;
  unsigned connections_max = 512;
  unsigned threads = 2;
  // A connection without any traffic; whole seconds.
  std::chrono::seconds idle_timeout{10};
  // From the connection's beginning, or the end of the reply before, to the end of the request.
  std::chrono::milliseconds request_timeout{30'000};
};

class HttpServer {
 public:
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           HttpHandler* handler);
  // Stop(0).
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The bound port, and the address as "127.0.0.1:8320".
  uint16_t port() const;
  std::string address() const;

  // Accepts nothing more, lets requests under way finish for at most `drain`, answers the rest with
  // 503 and closes. The handler is not called after it returns.
  void Stop(std::chrono::milliseconds drain);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace escalation
