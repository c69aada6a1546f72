// daemon/deliver/dispatcher.h
//
// Delivers pages: the thread around DispatchQueue.
//
//   Input       deliveries that are durable already (the fold's pending ones), in order of seq per
//               page
//   Output      one PageOutcome for each, handed to the owner to append to the log
//   Invariants  those of DispatchQueue; nothing is sent before Resume, and without Start only
//               by DispatchOnce
//   Time        the given clock decides; real time only wakes the thread
//   Errors      as outcomes; texts of providers are redacted before they leave here
//   Threads     all methods from any thread. `report` and its `kept` may run on any thread and MUST
//               NOT block. The HTTP client must outlive the dispatcher's Stop
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/deliver/dispatch_queue.h"
#include "daemon/deliver/http_call.h"

namespace escalation {

class Dispatcher {
 public:
  // Appends the outcome to the log and says whether it was kept; not OK: it is reported again.
  using Kept = std::function<void(const absl::Status&)>;
  using Report = std::function<void(DispatchOutcome, Kept)>;

  struct World {
    HttpClient* client = nullptr;
    // Gives the delivery of a route with a body program its body, and hands it on exactly once, on
    // any thread. MUST NOT block. Empty: standard bodies.
    std::function<void(const DeliveryRoute&, Delivery, std::function<void(Delivery)>)> compose;
    std::function<Instant()> now;
    DispatchQueue::Chance chance;
    Report report;
    // Something of this partition would leave if its lease held (SetLease); may be empty. Runs on
    // the dispatcher's thread; MUST NOT block or call back.
    std::function<void(Partition)> lease_wanted;
  };

  Dispatcher(const DispatchOptions& options, World world);
  // Stop(0).
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Begins the thread. Once.
  void Start();
  // Sends and reports once what is due, and returns when to look again; Never: when something
  // comes. For Start's thread and for tests.
  Instant DispatchOnce();

  void SetRoutes(std::vector<DeliveryRoute> routes);
  void SetOptions(const DispatchOptions& options);

  // kResourceExhausted: full; the caller offers it again later. A known seq is ignored.
  absl::Status Enqueue(Delivery delivery);
  // Several as one: the close of a page keeps its trigger from leaving if both come together.
  // Returns how many were taken, from the first on; the caller offers the rest again later.
  absl::StatusOr<size_t> Enqueue(std::vector<Delivery> deliveries);

  // Begins, or goes on, to send and report.
  void Resume();
  void Pause();
  // Another instance owns the partition's pages from here on: everything that waits is forgotten,
  // and replies under way are ignored.
  void Forget(Partition partition);
  // How long this instance surely owns the partition; nothing of it leaves at other times.
  void SetLease(Partition partition, Lease lease);
  // Sends nothing more, but takes replies and reports outcomes until Stop.
  void Drain();
  // Looks at the clock at once.
  void Wake();

  // Sends nothing more and waits at most `drain` of real time for replies and for outcomes to be
  // kept. What is left stays pending in the owner's state.
  void Stop(Duration drain);

  std::map<std::string, RouteStatistics> Statistics() const;
  // Deliveries without a kept outcome.
  bool empty() const;

 private:
  struct Shared;
  void Run();
  static void Compose(const std::shared_ptr<Shared>& shared, DispatchAttempt attempt);
  static void Send(const std::shared_ptr<Shared>& shared, DispatchAttempt attempt);
  static void ReportOutcome(const std::shared_ptr<Shared>& shared, DispatchOutcome outcome);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace escalation
