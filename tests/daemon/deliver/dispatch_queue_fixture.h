// tests/daemon/deliver/dispatch_queue_fixture.h
//
// A DispatchQueue with a clock and a source of chance that the test holds, and its actions as text.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/deliver/dispatch_queue.h"
#include "state/base/text.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {

inline constexpr Instant kNoon{1'773'230'400'000};

inline Verdict Delivered() { return {Verdict::Kind::kDelivered, std::nullopt, false, ""}; }
inline Verdict Failed() { return {Verdict::Kind::kFailed, std::nullopt, false, "status 404"}; }
inline Verdict Refused() { return {Verdict::Kind::kRetry, std::nullopt, false, "refused"}; }
inline Verdict TimedOut() { return {Verdict::Kind::kRetry, std::nullopt, true, "no answer"}; }
inline Verdict Busy(Duration after) { return {Verdict::Kind::kRetry, after, false, "status 429"}; }

class DispatchQueueFixture : public testing::Test {
 protected:
  DispatchQueueFixture() : queue_(Options(), [this](uint64_t bound) { return chance_(bound); }) {
    queue_.SetRoutes({RouteNamed("pager"), RouteNamed("other")});
  }

  static DispatchOptions Options() {
    DispatchOptions options;
    options.give_up_after = Duration::Minutes(10);
    return options;
  }

  void Add(Delivery delivery) { ASSERT_TRUE(queue_.Enqueue(std::move(delivery), now_).ok()); }

  // What Step says, such as "send 1, send digest 2, suppressed 3 (shadow)".
  std::string Step() {
    const DispatchActions actions = queue_.Step(now_);
    std::string out;
    for (const DispatchAttempt& attempt : actions.attempts) {
      attempts_[attempt.id.seq] = attempt.attempt;
      const bool digest = (attempt.id.seq & kDigestSeq) != 0;
      const bool closes = attempt.delivery.decision.has_page_closed();
      CatTo(&out, out.empty() ? "" : ", ", closes && digest ? "close " : "send ",
            digest ? "digest " : "", attempt.id.seq & ~kDigestSeq);
    }
    for (const DispatchOutcome& o : actions.outcomes) {
      static constexpr const char* kNames[] = {"", "delivered", "failed", "suppressed", "digested"};
      CatTo(&out, out.empty() ? "" : ", ", kNames[o.outcome.outcome()], " ", o.id.seq);
      if (!o.outcome.reason().empty()) CatTo(&out, " (", o.outcome.reason(), ")");
    }
    next_ = actions.next;
    return out;
  }
  void Reply(uint64_t seq, const Verdict& verdict) {
    queue_.Reply({Partition{0}, seq}, attempts_[seq], verdict, now_);
  }
  void ReplyToDigest(uint64_t seq, const Verdict& verdict) { Reply(seq | kDigestSeq, verdict); }
  void Keep(std::vector<uint64_t> seqs) {
    for (const uint64_t seq : seqs) queue_.OutcomeKept({Partition{0}, seq}, true, now_);
  }

  std::function<uint64_t(uint64_t)> chance_ = [](uint64_t bound) { return bound - 1; };
  Instant now_ = kNoon;
  Instant next_;
  std::map<uint64_t, uint64_t> attempts_;
  DispatchQueue queue_;
};

}  // namespace escalation
