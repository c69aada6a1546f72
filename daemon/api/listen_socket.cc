#include "daemon/api/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr int kBacklog = 512;

struct Parsed {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string host;
};

bool Parse(std::string_view text, Parsed* out) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return false;
  out->host = std::string(text.substr(0, colon));
  std::string host = out->host == "localhost" ? "127.0.0.1" : out->host;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out->storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out->size = sizeof(*v4);
    return true;
  }
  if (host.size() < 3 || host.front() != '[' || host.back() != ']') return false;
  host = host.substr(1, host.size() - 2);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out->storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  out->size = sizeof(*v6);
  return true;
}

uint16_t BoundPort(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

absl::StatusOr<ListenSocket> OpenListenSocket(std::string_view address) {
  Parsed parsed;
  if (!Parse(address, &parsed)) {
    return absl::InvalidArgumentError(
        Cat("listen: not an address: \"", address, "\", expected such as 127.0.0.1:8320"));
  }
  const int fd =
      socket(parsed.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  const int yes = 1;
  const auto* where = reinterpret_cast<const sockaddr*>(&parsed.storage);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(fd, where, parsed.size) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return absl::UnavailableError(Cat("listen: ", address, ": ", std::strerror(error)));
  }
  const uint16_t port = BoundPort(fd);
  return ListenSocket{fd, port, Cat(parsed.host, ":", port)};
}

}  // namespace escalation
