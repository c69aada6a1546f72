// tests/bench/page_receiver.h
//
// A pager that notes when each ticket's page arrived.
//
//   Input       requests of the webhook and VictorOps providers, on a free port of this machine
//   Output      by the number n of ticket "P-n": when its page was read whole; how many requests
//               came in all
//   Time        the system's clock, in microseconds: due moments are instants of that clock
//   Threads     one for each connection; Arrivals from any thread
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/daemon_process.h"

namespace escalation {

class PageReceiver {
 public:
  PageReceiver() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    const bool listens = ::bind(listening_, any, size) == 0 && ::listen(listening_, 64) == 0 &&
                         ::getsockname(listening_, any, &size) == 0;
    ESCALATION_CHECK(listens, "listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  PageReceiver(const PageReceiver&) = delete;
  PageReceiver& operator=(const PageReceiver&) = delete;
  ~PageReceiver() {
    ::shutdown(listening_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& reader : readers_) reader.join();
    for (const int fd : connections_) ::close(fd);
    ::close(listening_);
  }

  uint16_t port() const { return port_; }
  int64_t requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::map<int64_t, int64_t> Arrivals() const {
    const std::lock_guard lock(mutex_);
    return arrivals_;
  }

 private:
  void Accept() {
    for (;;) {
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      readers_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    static constexpr std::string_view kLength = "Content-Length: ";
    static constexpr std::string_view kReply =
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"result\":\"success\"}";
    std::string in;
    char buffer[16'384];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      in.append(buffer, static_cast<size_t>(got));
      const size_t head = in.find("\r\n\r\n");
      const size_t length = in.find(kLength);
      if (head == std::string::npos || length > head) continue;
      const size_t bytes = std::strtoul(in.c_str() + length + kLength.size(), nullptr, 10);
      if (in.size() < head + 4 + bytes) continue;
      Note(in);
      in.clear();
      if (::send(fd, kReply.data(), kReply.size(), MSG_NOSIGNAL) <= 0) return;
    }
  }

  // The number of a ticket whose page is requested; empty: of none, such as a digest.
  static std::optional<int64_t> TicketOf(const std::string& request) {
    static constexpr std::pair<std::string_view, std::string_view> kForms[] = {
        {"page_requested", "\"ticket_id\":\"P-"}, {"CRITICAL", "\"entity_id\":\"default/P-"}};
    for (const auto& [kind, place] : kForms) {
      const size_t ticket = request.find(place);
      if (ticket == std::string::npos || request.find(kind) == std::string::npos) continue;
      return std::strtoll(request.c_str() + ticket + place.size(), nullptr, 10);
    }
    return std::nullopt;
  }

  void Note(const std::string& request) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::optional<int64_t> number = TicketOf(request);
    const std::lock_guard lock(mutex_);
    ++requests_;
    if (!number) return;
    arrivals_.emplace(*number, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  }

  const int listening_;
  uint16_t port_ = 0;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  // Closed when all readers have ended, so that a number names one connection.
  std::vector<int> connections_;
  std::vector<std::thread> readers_;
  std::map<int64_t, int64_t> arrivals_;
  int64_t requests_ = 0;
};

}  // namespace escalation
