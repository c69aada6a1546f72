#include "tests/bench/load_client.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "state/base/check.h"
#include "state/base/text.h"
#include "tests/bench/daemon_process.h"

namespace escalation {

struct LoadClient::Connection {
  int fd = -1;
  bool busy = false;
  bool waits_to_write = false;
  std::string out;
  size_t sent = 0;
  std::string in;
  int64_t first = 0;  // Event of the request under way.
  Clock::time_point scheduled;
};

namespace {

template <typename Number>
Number NumberAt(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The value of a header; the reply's head is given whole.
std::optional<std::string_view> HeaderOf(std::string_view head, std::string_view name) {
  const size_t at = head.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  return head.substr(at + name.size());
}

}  // namespace

LoadClient::LoadClient(LoadPlan plan) : plan_(std::move(plan)), epoll_(::epoll_create1(0)) {
  for (int i = 0; i < plan_.connections; ++i) {
    auto connection = std::make_unique<Connection>();
    Open(connection.get());
    idle_.push_back(connection.get());
    connections_.push_back(std::move(connection));
  }
}

void LoadClient::Open(Connection* connection) {
  if (connection->fd >= 0) ::close(connection->fd);
  connection->fd = ConnectTo(plan_.port);
  ::fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = connection;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
}

LoadClient::~LoadClient() {
  for (const auto& connection : connections_) ::close(connection->fd);
  ::close(epoll_);
}

LoadClient::Clock::time_point LoadClient::ScheduledFor(int64_t request) const {
  const double seconds =
      static_cast<double>(request * plan_.events_per_request) / plan_.events_per_second;
  return begin_ +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// With a rate, the requests are counted: a server that falls behind is not spared any.
bool LoadClient::MoreToSend(Clock::time_point now) const {
  if (plan_.events_per_second > 0) {
    return static_cast<double>(requests_ * plan_.events_per_request) <
           plan_.events_per_second * plan_.seconds;
  }
  return now < begin_ + std::chrono::duration<double>(plan_.seconds);
}

LoadResult LoadClient::Run() {
  begin_ = Clock::now();
  for (;;) {
    Clock::time_point now = Clock::now();
    while (!idle_.empty() && MoreToSend(now)) {
      if (plan_.events_per_second > 0 && ScheduledFor(requests_) > now) break;
      Connection* const connection = idle_.back();
      idle_.pop_back();
      Begin(connection, now);
      now = Clock::now();
    }
    if (!MoreToSend(now) && idle_.size() == connections_.size()) break;
    Wait();
  }
  result_.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  result_.latency.Sort();
  return std::move(result_);
}

void LoadClient::Begin(Connection* connection, Clock::time_point now) {
  connection->scheduled = plan_.events_per_second > 0 ? ScheduledFor(requests_) : now;
  connection->first = plan_.first + requests_ * plan_.events_per_request;
  ++requests_;
  result_.offsets.resize(static_cast<size_t>(requests_ * plan_.events_per_request), -1);
  // The length is written once the body is known.
  static constexpr size_t kLengthDigits = 8;
  std::string& out = connection->out;
  out = Cat("POST /v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: ", plan_.content_type,
            "\r\nContent-Length: ");
  const size_t length_at = out.size();
  out.append(kLengthDigits, '0').append("\r\n\r\n");
  const size_t head = out.size();
  plan_.body(connection->first, plan_.events_per_request, &out);
  const std::string length = std::to_string(out.size() - head);
  out.replace(length_at + kLengthDigits - length.size(), length.size(), length);
  connection->sent = 0;
  connection->busy = true;
  Write(connection);
}

void LoadClient::Write(Connection* connection) {
  while (connection->sent < connection->out.size()) {
    const ssize_t sent = ::send(connection->fd, connection->out.data() + connection->sent,
                                connection->out.size() - connection->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    ESCALATION_CHECK(sent > 0, Cat("send: ", std::strerror(errno)));
    connection->sent += static_cast<size_t>(sent);
  }
  const bool waits = connection->sent < connection->out.size();
  if (waits == connection->waits_to_write) return;
  connection->waits_to_write = waits;
  epoll_event event{};
  event.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = connection;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &event);
}

void LoadClient::Read(Connection* connection) {
  char buffer[65'536];
  for (;;) {
    const ssize_t got = ::recv(connection->fd, buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EAGAIN) break;
    // The server closes what says nothing for a while.
    if (got == 0 && !connection->busy) return Open(connection);
    ESCALATION_CHECK(got > 0, Cat("the server closed a connection: ", connection->in));
    connection->in.append(buffer, static_cast<size_t>(got));
    if (static_cast<size_t>(got) < sizeof(buffer)) break;
  }
  const size_t head = connection->in.find("\r\n\r\n");
  if (head == std::string::npos) return;
  const auto length =
      HeaderOf(std::string_view(connection->in).substr(0, head), "\r\nContent-Length: ");
  ESCALATION_CHECK(length.has_value(), connection->in);
  const auto body = NumberAt<size_t>(*length);
  if (connection->in.size() < head + 4 + body) return;
  TakeReply(connection, head + 4, body);
}

void LoadClient::TakeReply(Connection* connection, size_t head, size_t body) {
  const auto waited = Clock::now() - connection->scheduled;
  result_.latency.Add(std::chrono::duration_cast<std::chrono::microseconds>(waited).count());
  const int status = NumberAt<int>(std::string_view(connection->in).substr(9, 3));
  ++result_.replies[status];
  if (status == 200) {
    // {"accepted":2,"offsets":["17","18"]}
    std::string_view rest = std::string_view(connection->in).substr(head, body);
    rest.remove_prefix(std::min(rest.find('['), rest.size()));
    auto event = static_cast<size_t>(connection->first - plan_.first);
    while (rest.size() > 2 && (rest[0] == '[' || rest[0] == ',')) {
      rest.remove_prefix(2);
      result_.offsets[event++] = NumberAt<int64_t>(rest);
      ++result_.acknowledged;
      rest.remove_prefix(std::min(rest.find('"') + 1, rest.size()));
    }
  } else if (result_.first_refusal.empty()) {
    result_.first_refusal = connection->in;
  }
  connection->in.clear();
  connection->busy = false;
  idle_.push_back(connection);
}

void LoadClient::Wait() {
  timespec wait{0, 200'000'000};
  const Clock::time_point now = Clock::now();
  if (!idle_.empty() && plan_.events_per_second > 0 && MoreToSend(now)) {
    const auto until = std::max(ScheduledFor(requests_) - now, Clock::duration::zero());
    wait.tv_nsec = std::min<long>(std::chrono::nanoseconds(until).count(), wait.tv_nsec);
  }
  epoll_event events[64];
  const int ready = ::epoll_pwait2(epoll_, events, 64, &wait, nullptr);
  for (int i = 0; i < ready; ++i) {
    auto* const connection = static_cast<Connection*>(events[i].data.ptr);
    if ((events[i].events & EPOLLOUT) != 0) Write(connection);
    if ((events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) Read(connection);
  }
}

}  // namespace escalation
