// tests/daemon/deliver/scripted_server.h
//
// A server on a free port of this machine that behaves exactly as badly as a test wants: each
// connection is given to a script, and closed when it returns.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace escalation {

class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}

  // The head and body of one request, as far as it came.
  std::string ReadRequest() {
    std::string out;
    size_t wanted = std::string::npos;
    char buffer[4096];
    while (out.size() < wanted) {
      const ssize_t got = recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      out.append(buffer, static_cast<size_t>(got));
      const size_t head = out.find("\r\n\r\n");
      if (head == std::string::npos || wanted != std::string::npos) continue;
      const size_t length = out.find("Content-Length: ");
      wanted = head + 4 + (length < head ? std::stoul(out.substr(length + 16)) : 0);
    }
    return out;
  }
  // One line without its end. False: the client is gone.
  bool ReadLine(std::string* line) {
    while (true) {
      const size_t end = read_.find("\r\n");
      if (end != std::string::npos) {
        *line = read_.substr(0, end);
        read_.erase(0, end + 2);
        return true;
      }
      char buffer[4096];
      const ssize_t got = recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) return false;
      read_.append(buffer, static_cast<size_t>(got));
    }
  }
  // False: the client is gone.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Closing sends a reset.
  void ResetOnClose() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  // Until the client closes.
  void WaitForClose() {
    char buffer[4096];
    while (recv(fd_, buffer, sizeof(buffer), 0) > 0) {
    }
  }

 private:
  const int fd_;
  std::string read_;  // By ReadLine, beyond the line.
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(fd_, 16);
    thread_ = std::thread([this] { Run(); });
  }
  ~ScriptedServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }

  std::string Url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }

 private:
  void Run() {
    while (true) {
      const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      ++connections_;
      Peer peer(client);
      script_(peer);
      close(client);
    }
  }

  const Script script_;
  const int fd_;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace escalation
