// tests/simulation/simulated_pager.h
//
// The providers that pages go to, slow and lying as the faults say, and one process's way to them.
//
//   Input       requests as VictorOps and webhooks get them
//   Output      replies; the pages that are open; every request, for the judge
//   Invariants  1. a page opens once for each key that is not open: a retry of an open one rolls up
//   Time        true time
//   Errors      as replies
//   Threads     one owner
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/deliver/delivery.h"
#include "daemon/deliver/http_call.h"
#include "state/base/ids.h"
#include "tests/simulation/life.h"

namespace escalation::simulation {

// A request that a process made.
struct PagerCall {
  std::string process;
  // Of the log, when it was made.
  Instant log_time;
  PageOperation operation = v1::PageOutcome::TRIGGER;
  std::string decision_id;
  std::string route;
  std::string key;
  bool accepted = false;
  // Of the process's store.
  uint64_t committed_seq = 0;
  // Everything before this was folded when the page was handed over.
  Offset handed_over;
};

class SimulatedPager {
 public:
  explicit SimulatedPager(Stage* stage) : stage_(*stage) {}

  // Told of each page that wakes somebody.
  void set_on_wake(std::function<void(const std::string& key)> on_wake) {
    on_wake_ = std::move(on_wake);
  }
  void set_down(bool down) { down_ = down; }
  // A person resolved it there.
  void Resolve(const std::string& key);

  // Two routes: "pager" is VictorOps, "lead" a webhook.
  static std::vector<DeliveryRoute> Routes();
  // Decides what becomes of the request. `call` is completed by what the request says.
  HttpReply Serve(const HttpCall& http, PagerCall* call, Duration* takes);
  void Keep(PagerCall call) { calls_.push_back(std::move(call)); }

  const std::vector<PagerCall>& calls() const { return calls_; }
  // Route and key.
  const std::map<std::pair<std::string, std::string>, Instant>& open() const { return open_; }

 private:
  void Accept(const PagerCall& call);

  Stage& stage_;
  std::function<void(const std::string&)> on_wake_;
  bool down_ = false;
  std::vector<PagerCall> calls_;
  std::map<std::pair<std::string, std::string>, Instant> open_;
};

class PagerConnection : public HttpClient {
 public:
  // `describe` adds what the process knows of the call; `replied` runs after each reply.
  PagerConnection(Stage* stage, SimulatedPager* pager, std::shared_ptr<Life> life,
                  std::function<void(PagerCall*)> describe, std::function<void()> replied)
      : stage_(*stage),
        pager_(*pager),
        life_(std::move(life)),
        describe_(std::move(describe)),
        replied_(std::move(replied)) {}

  void Send(HttpCall call, Done done) override;

 private:
  Stage& stage_;
  SimulatedPager& pager_;
  const std::shared_ptr<Life> life_;
  const std::function<void(PagerCall*)> describe_;
  const std::function<void()> replied_;
};

}  // namespace escalation::simulation
