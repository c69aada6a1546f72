// daemon/pager_guard.h
//
// The thread around PagerWatch: sends the heartbeat, and pages the operators when the log does not
// work. It uses nothing that a dead log takes down: no record, no fold, a queue of its own.
//
//   Input       the health of the pager, asked for every second
//   Output      GET requests of the heartbeat; one page for each partition, and its close
//   Invariants  those of PagerWatch, and
//               1. the key of a page follows from log and partition alone, so that of several
//                  instances and of several starts one page is open
//               2. what was opened is written to the state directory, if that works, so the next
//                  process closes it
//   Time        the given clock decides; real time only wakes the thread
//   Errors      lines of the daemon's log
//   Threads     Start and Stop from one thread, Fatal and Metrics from any. The client outlives it
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/deliver/delivery_route.h"
#include "daemon/deliver/dispatch_queue.h"
#include "daemon/deliver/http_call.h"
#include "daemon/guard_config.h"
#include "daemon/pager_watch.h"

namespace escalation {

class PagerGuard {
 public:
  struct Options {
    HeartbeatConfig heartbeat;
    BreakGlassConfig break_glass;
    // The break-glass route is among them.
    std::vector<DeliveryRoute> routes;
    // Of the log among all that the route is paged for, such as its topic.
    std::string log_name;
    std::vector<Partition> partitions;
    std::string state_dir;
  };
  struct World {
    HttpClient* client = nullptr;
    std::function<Instant()> now;
    DispatchQueue::Chance chance;
    std::function<PagerHealth()> health;
  };

  PagerGuard(Options options, World world);
  // Stop.
  ~PagerGuard();
  PagerGuard(const PagerGuard&) = delete;
  PagerGuard& operator=(const PagerGuard&) = delete;

  void Start();
  void SetRoutes(std::vector<DeliveryRoute> routes);
  // Observes once; for Start's thread and for tests.
  void WatchOnce();
  // The process is about to end because of `why`: pages for every partition, and waits at most
  // `wait` of real time until that was delivered.
  void Fatal(const std::string& why, Duration wait);
  void Stop();

  // Prometheus text.
  std::string Metrics() const;

 private:
  struct Shared;
  void Beat();
  void Page(Partition partition, const std::string& why);
  void Close(Partition partition);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace escalation
