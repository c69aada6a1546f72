#include "daemon/api/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

absl::Status Unavailable(std::string_view address, std::string_view why) {
  return absl::UnavailableError(Cat("listen: ", address, ": ", why));
}

// Removes the file of a process that is gone.
absl::Status RemoveStale(const sockaddr_un& where, std::string_view address) {
  struct stat file {};
  if (lstat(where.sun_path, &file) != 0) return absl::OkStatus();
  if (!S_ISSOCK(file.st_mode)) return Unavailable(address, "there is a file that is no socket");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto* const name = reinterpret_cast<const sockaddr*>(&where);
  const bool gone = fd >= 0 && connect(fd, name, sizeof(where)) != 0 && errno == ECONNREFUSED;
  if (fd >= 0) close(fd);
  if (!gone) return Unavailable(address, "another process listens there");
  if (unlink(where.sun_path) == 0) return absl::OkStatus();
  return Unavailable(address, std::strerror(errno));
}

absl::StatusOr<ListenSocket> OpenUnixSocket(std::string_view address) {
  const std::string path(address.substr(std::strlen(kUnixSocketPrefix)));
  if (path.empty() || path.size() > kUnixSocketPathBytesMax) {
    return absl::InvalidArgumentError(
        Cat("listen: not a path of 1 to ", kUnixSocketPathBytesMax, " bytes: \"", path, "\""));
  }
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), path.size());
  if (absl::Status status = RemoveStale(where, address); !status.ok()) return status;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // The mode of the socket becomes that of the file: there is no moment at which others may call.
  if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0 ||
      listen(fd, kBacklog) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return Unavailable(address, std::strerror(error));
  }
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0 || (file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    close(fd);
    unlink(path.c_str());
    return Unavailable(address, "others may call there");
  }
  return ListenSocket{fd, 0, std::string(address), path};
}

}  // namespace

absl::StatusOr<ListenSocket> OpenListenSocket(std::string_view address) {
  if (address.starts_with(kUnixSocketPrefix)) return OpenUnixSocket(address);
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
    return Unavailable(address, std::strerror(error));
  }
  const uint16_t port = BoundPort(fd);
  return ListenSocket{fd, port, Cat(parsed.host, ":", port), ""};
}

}  // namespace escalation
