// daemon/api/hook.h
//
// One HTTP hook as a source: a request's body becomes events, or a dead letter.
//
//   Input       POST requests of a sender that is verified
//   Output      200 {"accepted":N} once all events are durable; 202 {"dead_letter":"17"} once the
//               letter is: the sender need not repeat what it cannot change. 0 events: the request
//               is about nothing of ours, and counted
//   Invariants  1. 2xx only after it is durable, in the log or as a letter
//               2. nothing is kept of a request whose sender is not verified
//               3. events bring their ids; what comes twice is dropped by the fold
//               4. an answer comes within kHookAnswerMax, also while the log does not take anything
//   Time        `now` dates messages
//   Errors      401; 405; 503 with Retry-After when nothing can be taken now: senders repeat it
//   Threads     Handle from any thread; decoding on one of its own
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/api/answer_deadline.h"
#include "daemon/api/hook_signature.h"
#include "daemon/api/http.h"
#include "daemon/api/ingest.h"
#include "daemon/api/queued_handler.h"
#include "daemon/log/dead_letters.h"
#include "daemon/source/event_intake.h"
#include "daemon/source/source_reader.h"
#include "daemon/source/source_status.h"

namespace escalation {

// Slack waits for 3 s, PagerDuty for 5 s.
inline constexpr std::chrono::milliseconds kHookAnswerMax{2'500};

class Hook : public HttpHandler {
 public:
  struct World {
    HookVerification verification;
    std::unique_ptr<EventIntake> intake;
    DeadLetters* letters = nullptr;
    AppendFunction append;
    std::function<Instant()> now;
    std::function<void(const SourceNotice&)> tell;
    // Of any hook.
    AnswerDeadline* deadline = nullptr;
    std::chrono::milliseconds answer_max = kHookAnswerMax;
  };
  explicit Hook(World world);

  void Handle(HttpRequest request, HttpRespond respond) override;
  SourceStatus Status() const;

 private:
  void Answer(const HttpRequest& request, const HttpRespond& respond);
  SourceMessage MessageOf(const HttpRequest& request) const;

  const World world_;
  mutable std::mutex mutex_;
  SourceStatus status_;
  // Last: its thread uses the others.
  QueuedHandler queue_;
};

}  // namespace escalation
