// daemon/api/dead_letter_handler.h
//
// What sources could not turn into events, for the people who look after it.
//
//   Input       GET /v1/dead-letters?from=&limit=&source=&tenant=; GET /v1/dead-letters/17;
//               POST /v1/dead-letters/17/retry
//   Output      JSON: {"letters":[...],"next":"18"}; one letter with its bytes; {"accepted":N}
//   Invariants  1. a letter that is tried again counts once, however often that is done
//   Time        none
//   Errors      400, 404, 405; 409 with the reason when a letter still gives no events; 503
//   Threads     Handle from any thread; answers on one of its own
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/api/http.h"
#include "daemon/api/queued_handler.h"
#include "daemon/log/dead_letters.h"
#include "escalation/v1/event.pb.h"

namespace escalation {

// Origin of the events of a letter that is tried again: each letter is a stream of its own.
v1::Origin OriginOfRetry(const DeadLetters& letters, const StoredLetter& letter);

class DeadLetterHandler : public HttpHandler {
 public:
  struct World {
    const DeadLetters* letters = nullptr;
    // How many events became durable. kFailedPrecondition: why it is still a dead letter.
    std::function<absl::StatusOr<size_t>(const StoredLetter& letter)> retry;
    // Its events are in the log.
    std::function<bool(const StoredLetter& letter)> is_retried;
  };
  explicit DeadLetterHandler(World world);

  void Handle(HttpRequest request, HttpRespond respond) override;
  // On the calling thread.
  HttpResponse Answer(const HttpRequest& request) const;

 private:
  HttpResponse List(const HttpRequest& request) const;
  HttpResponse Show(int64_t position) const;
  HttpResponse Retry(int64_t position) const;

  const World world_;
  // Last: its thread uses the others.
  QueuedHandler queue_;
};

}  // namespace escalation
