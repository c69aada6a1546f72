// tests/daemon/api/raw_client.h
//
// A TCP client that says exactly what a test wants, and reads until the server closes or a text
// came. Blocking; every wait ends by the server's own limits.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace escalation {

class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  // False: the server closed.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Everything until the server closes.
  std::string ReadAll() { return ReadUntil(""); }

  // Everything until `end` has come, or the server closes. Empty: until it closes.
  std::string ReadUntil(std::string_view end) {
    std::string out = std::move(rest_);
    rest_.clear();
    char buffer[4096];
    while (true) {
      const size_t found = end.empty() ? std::string::npos : out.find(end);
      if (found != std::string::npos) {
        rest_ = out.substr(found + end.size());
        out.resize(found + end.size());
        return out;
      }
      const ssize_t got = recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) return out;
      out.append(buffer, static_cast<size_t>(got));
    }
  }

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string rest_;
};

}  // namespace escalation
