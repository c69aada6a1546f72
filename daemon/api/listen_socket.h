// daemon/api/listen_socket.h
//
// Opens a listening TCP socket on a numeric address.
//
//   Errors      kInvalidArgument: not of the form; kUnavailable: taken, or not ours
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace escalation {

struct ListenSocket {
  int fd = -1;  // Owned by the caller; non-blocking.
  uint16_t port = 0;
  std::string address;  // With the bound port, such as "127.0.0.1:8320".
};

// "127.0.0.1:8320", "[::1]:0", "localhost:0" (which is 127.0.0.1).
absl::StatusOr<ListenSocket> OpenListenSocket(std::string_view address);

}  // namespace escalation
