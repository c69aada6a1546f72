// daemon/deliver/http_client.h
//
// Outgoing HTTP and SMTP over libcurl: all requests on one thread, all mail on another, since a
// mail server that takes its time to say goodbye holds its thread.
//
//   Input       HttpCall from any thread
//   Output      HttpReply, exactly once, on a thread of the client
//   Invariants  1. a call ends within its time-out, whatever the server does
//               2. at most 64 KiB of a response are kept
//               3. redirects are not followed, certificates are verified, schemes other than http
//               and https (for mail smtp and smtps) are refused, proxies of the environment are not
//               used
//               4. private addresses are checked on the address that is connected to, so no name
//               can change its mind in between
//   Errors      as kinds of reply
//   Threads     Send from any thread. The destructor ends calls under way with kStopped
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/deliver/http_call.h"

namespace escalation {

struct HttpClientOptions {
  // Loopback, link-local and private networks may be reached.
  bool allow_private_addresses = false;
  // PEM file of certificate authorities; empty: the system's.
  std::string ca_file;
};

class CurlHttpClient : public HttpClient {
 public:
  static absl::StatusOr<std::unique_ptr<CurlHttpClient>> Start(HttpClientOptions options);
  ~CurlHttpClient() override;

  void Send(HttpCall call, Done done) override;
  // For calls that begin from here on.
  void AllowPrivateAddresses(bool allow);

 private:
  class Impl;
  CurlHttpClient(std::unique_ptr<Impl> impl, std::unique_ptr<Impl> mail);
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Impl> mail_;
};

}  // namespace escalation
