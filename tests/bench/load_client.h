// tests/bench/load_client.h
//
// Posts events over kept connections, from one thread, and notes what became of each request.
//
//   Input       how many events a request, how fast, for how long; who writes the bodies
//   Output      every reply's latency, and the offset of every acknowledged event
//   Time        with a rate, latency counts from the moment at which a request was to be sent,
//               also where it had to wait for a connection: a server that stalls cannot hide it
//   Errors      a connection that breaks under a request ends the benchmark with a message
//   Threads     one
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/quantiles.h"

namespace escalation {

struct LoadPlan {
  uint16_t port = 0;
  int connections = 16;
  int64_t events_per_request = 1;
  // 0: the next request leaves as soon as a connection is free.
  double events_per_second = 0;
  double seconds = 5;
  const char* content_type = "application/json";
  // Appends the body of events [first, first + count).
  std::function<void(int64_t first, int64_t count, std::string* body)> body;
  // Of the first event.
  int64_t first = 0;
};

struct LoadResult {
  double seconds = 0;  // From the first request to the last reply.
  int64_t acknowledged = 0;
  std::map<int, int64_t> replies;  // By status.
  std::string first_refusal;       // The first reply that is not 200, whole.
  Quantiles latency;
  // Of each event from plan.first on: its offset; -1: not acknowledged.
  std::vector<int64_t> offsets;
};

class LoadClient {
 public:
  explicit LoadClient(LoadPlan plan);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  LoadResult Run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection;

  bool MoreToSend(Clock::time_point now) const;
  Clock::time_point ScheduledFor(int64_t request) const;
  void Open(Connection* connection);
  void Begin(Connection* connection, Clock::time_point now);
  void Write(Connection* connection);
  void Read(Connection* connection);
  void TakeReply(Connection* connection, size_t head, size_t body);
  void Wait();

  const LoadPlan plan_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  Clock::time_point begin_;
  int64_t requests_ = 0;
  LoadResult result_;
};

}  // namespace escalation
