// tests/daemon/deliver/dispatch_world.h
//
// A DispatchQueue between a log, providers and a clock that do whatever a random number says: a
// provider takes a request and does not say so, refuses, stalls, lies; the log keeps an outcome and
// does not say so; the process dies at any moment, and the next one knows what the log knows.
//
//   Input       a seed
//   Output      the promises of dispatch_queue.h that were broken, as lines
//   Invariants  1. the log decides as the fold does: what a page's outcome changes, when it is
//                  closed again
//   Time        its own; nothing waits
//   Threads     one owner
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/deliver/dispatch_queue.h"
#include "tests/simulation/random.h"

namespace escalation {

class DispatchWorld {
 public:
  static constexpr int kPerMinuteMax = 12;

  explicit DispatchWorld(uint64_t seed);

  // Pages, acknowledgements, closes, faults and deaths, then peace until nothing happens any more.
  void Run();

  const std::vector<std::string>& problems() const { return problems_; }
  // What happened, so that a test can tell that it was not nothing.
  struct Counts {
    int pages = 0;
    int deaths = 0;
    int digests = 0;
    int renewals = 0;
    int lost_outcomes = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // As PageState of the fold.
  struct Page {
    uint64_t seq = 0;
    std::string run;
    std::string route;
    int generation = 1;
    v1::PageOutcome::Outcome state = v1::PageOutcome::UNSPECIFIED;  // Requested.
    std::string destination;
    bool closed = false;
    bool wanted = true;    // Nobody has closed it or taken its run up.
    bool refused = false;  // A provider said no for good.
  };
  struct Request {
    Instant at;
    DispatchAttempt attempt;
    Verdict verdict;
  };
  struct Told {
    Instant at;
    DispatchOutcome outcome;
    bool kept = true;
  };
  using Place = std::pair<std::string, std::string>;  // Route and key.

  template <typename... Pieces>
  void Blame(const Pieces&... pieces);
  uint64_t Next() { return ++seq_; }
  void Start();
  void Die();
  void Decide(Delivery delivery);
  void OpenPages();
  void Acknowledge();
  void CloseOne();
  void Close(Page* page);
  void Step();
  void Take(const DispatchAttempt& attempt);
  Verdict Serve(const DispatchAttempt& attempt, bool* accepted);
  void Fold(const DispatchOutcome& outcome);
  void FoldTrigger(const v1::PageOutcome& outcome);
  void CheckBudget(const DispatchAttempt& attempt);
  void CheckAttempt(const DispatchAttempt& attempt, const Place& place);
  void CheckEnd();
  bool IsQuiet() const;

  simulation::Random random_;
  Instant now_{1'773'230'400'000};
  bool peace_ = false;
  uint64_t seq_ = 0;
  int runs_ = 0;
  std::unique_ptr<DispatchQueue> queue_;
  // The log: pages by key, deliveries without an outcome.
  std::map<std::string, Page> pages_;
  std::map<uint64_t, Delivery> pending_;
  std::deque<Told> told_;  // Under way to the log, in order.
  std::vector<Request> requests_;
  // At the providers.
  std::set<Place> open_;
  std::set<Place> accepted_;
  // Since the process began.
  std::map<std::string, std::deque<Instant>> left_;
  std::set<Place> in_flight_;
  std::set<Place> closing_;  // A close of the page has left.
  std::set<std::string> taken_up_;
  Counts counts_;
  std::vector<std::string> problems_;
};

}  // namespace escalation
