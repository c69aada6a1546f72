// ops/receiver.h
//
// A stand-in for paging providers: takes what they would take, shows it to a person, and answers as
// they do.
//
//   Input       POST /integrations/generic/20131114/alert/KEY/ROUTE as VictorOps, /v2/enqueue as
//               PagerDuty, /services/... and /api/chat.postMessage as Slack, .../v2/alerts as JSM,
//               /api/v2/alerts as Alertmanager; POST anywhere else as a webhook; GET /pages
//   Output      each page on a stream, flushed at once; GET /pages: all of them as JSON
//   Invariants  1. a page is shown before it is answered
//               2. text from a page stays on its line and cannot steer a terminal
//               3. the last 10,000 pages are kept
//   Time        the given clock, for people
//   Errors      as the provider would answer: a body that is no JSON, or without what the provider
//               needs, is refused
//   Threads     Handle from any thread
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <ostream>
#include <string>

#include "daemon/api/http.h"
#include "state/base/instant.h"

namespace escalation {

class Receiver : public HttpHandler {
 public:
  struct Options {
    bool json = false;  // One JSON line a page instead of readable text.
    // The first so many requests are refused with 503, to see retries.
    int fail_first = 0;
    // Every request is answered with this status; 0: as the provider would.
    int status = 0;
  };
  // `out` outlives the receiver.
  Receiver(const Options& options, std::function<Instant()> now, std::ostream* out);

  void Handle(HttpRequest request, HttpRespond respond) override;

 private:
  HttpResponse Take(const HttpRequest& request);
  HttpResponse List() const;
  void Show(const std::string& line);

  const Options options_;
  const std::function<Instant()> now_;
  std::ostream& out_;
  mutable std::mutex mutex_;
  int refused_ = 0;
  // One JSON object each.
  std::deque<std::string> pages_;
};

}  // namespace escalation
