// daemon/api/ingest.h
//
// POST /v1/events: one or many events in, acknowledged once they are durable.
//
//   Input       application/json (one event, an array, {"events": [...]}) or application/x-ndjson
//   Output      200 {"accepted":N,"offsets":["17", ...]} after the append; nothing is written
//               otherwise
//   Invariants  1. all or nothing: one bad event refuses the whole request
//               2. `origin` and `written_at` are ours, whatever the client says
//               3. texts are redacted before anything is appended
//   Time        from the given clock, once for each request
//   Errors      400 with the field and the expectation; 415; 503 with Retry-After when the log
//               cannot take the events now; 500 else
//   Threads     Handle from any thread; never blocks
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/api/http.h"
#include "daemon/source/redactor.h"
#include "escalation/v1/event.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

// Appends all events of one request, in order. `done` runs exactly once, from any thread: offsets
// in the order of the events, once all are durable; else an error, and the client may try again.
using AppendDone = std::function<void(absl::StatusOr<std::vector<Offset>>)>;
using AppendFunction = std::function<void(std::vector<v1::Event>, AppendDone)>;

class Ingest : public HttpHandler {
 public:
  struct Options {
    // For events that name no tenant.
    std::string default_tenant;
    // Tenants that are served here; others are refused.
    std::vector<std::string> tenants;
    // Origin.source of every event.
    std::string source = "http";
    // The redactor in force for a tenant; null, or empty: nothing is redacted.
    std::function<std::shared_ptr<const Redactor>(const std::string& tenant)> redactor = {};
  };
  // `now` is the writer's clock.
  Ingest(Options options, std::function<Instant()> now, AppendFunction append);

  void Handle(HttpRequest request, HttpRespond respond) override;

 private:
  absl::StatusOr<std::vector<v1::Event>> Read(const HttpRequest& request, bool lines) const;
  absl::Status Complete(v1::Event* event, Instant now) const;
  void Redact(std::vector<v1::Event>* events) const;

  const Options options_;
  const std::function<Instant()> now_;
  const AppendFunction append_;
};

}  // namespace escalation
