// daemon/api/query_handler.h
//
// GET /v1/...: what is known of tickets, clocks, pages and policies, and why.
//
//   Input       requests; the committed state of every partition
//   Output      JSON, or text where a person asks for it
//   Invariants  1. nothing is ever written
//               2. queries run one after the other on a thread of their own: a long list never
//               keeps events waiting
//   Time        from the given clock, once for each request
//   Errors      400 for unknown parameters and tenants, 404 for what is not there, 503 while too
//               many queries wait
//   Threads     Handle from several threads; what it borrows outlives it
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/api/http.h"
#include "daemon/api/query_partition.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

class QueryHandler : public HttpHandler {
 public:
  // Queries that may wait; more are answered 503.
  static constexpr size_t kWaitingMax = 64;

  // `tenants`: where each tenant lives. `default_tenant`: for queries that name none.
  QueryHandler(std::vector<PartitionView> partitions, std::map<std::string, Partition> tenants,
               std::string default_tenant, std::function<Instant()> now);
  // Queries that wait are answered 503.
  ~QueryHandler() override;

  void Handle(HttpRequest request, HttpRespond respond) override;

  // The answer, on the calling thread.
  HttpResponse Answer(const HttpRequest& request) const;

 private:
  void Run();

  const std::vector<PartitionView> partitions_;
  const std::map<std::string, Partition> tenants_;
  const std::string default_tenant_;
  const std::function<Instant()> now_;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<std::pair<HttpRequest, HttpRespond>> waiting_;
  std::thread thread_;
};

}  // namespace escalation
