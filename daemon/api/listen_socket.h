// daemon/api/listen_socket.h
//
// Opens a listening socket on a numeric address, or on a path of the file system.
//
//   Invariants  1. the file of a path has mode 0600 from its first moment on
//               2. a file that a process left behind which is gone is replaced; anything else stays
//   Errors      kInvalidArgument: not of the form; kUnavailable: taken, or not ours
//   Threads     stateless; safe everywhere
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace escalation {

inline constexpr char kUnixSocketPrefix[] = "unix:";
// What the system takes.
inline constexpr size_t kUnixSocketPathBytesMax = 107;

struct ListenSocket {
  int fd = -1;  // Owned by the caller; non-blocking.
  // 0: a path.
  uint16_t port = 0;
  std::string address;  // With the bound port, such as "127.0.0.1:8320", or "unix:/run/api.sock".
  // The file, which the caller removes when it listens no more; empty: an address.
  std::string path;
};

// "127.0.0.1:8320", "[::1]:0", "localhost:0" (which is 127.0.0.1), "unix:/run/api.sock".
absl::StatusOr<ListenSocket> OpenListenSocket(std::string_view address);

}  // namespace escalation
